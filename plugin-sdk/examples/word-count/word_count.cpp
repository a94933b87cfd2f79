/*
 * word-count: counts the words of each client. A client that sends "words" is told.
 *
 * The server keeps the memory of a client's state; the object in it is made when the client is
 * opened, and destroyed when it is closed, which come in pairs.
 */
#include <sluice/plugin.h>

#include <algorithm>
#include <map>
#include <new>
#include <sstream>
#include <string>
#include <string_view>

namespace
{

constexpr std::size_t most_words = 1000; /* that are remembered of a client */

struct Words {
    std::map<std::string, unsigned> counts;
    unsigned long total = 0;

    void add(const std::string &word)
    {
        total++;
        auto known = counts.find(word);
        if (known != counts.end())
            known->second++;
        else if (counts.size() < most_words)
            counts.emplace(word, 1);
    }

    std::string favourite() const
    {
        auto most =
            std::max_element(counts.begin(), counts.end(),
                             [](const auto &a, const auto &b) { return a.second < b.second; });
        return most != counts.end() ? most->first : std::string();
    }
};

/* Empty if there was no memory for it in on_open. */
struct Client {
    Words *words;
};

Client &state_of(sl_instance *self, sl_client *client)
{
    return *static_cast<Client *>(self->host->client_state(self, client));
}

void on_open(sl_instance *self, sl_client *client)
{
    state_of(self, client).words = new (std::nothrow) Words;
}

void on_close(sl_instance *self, sl_client *client, const sl_close *)
{
    delete state_of(self, client).words;
}

sl_verdict count(sl_instance *self, sl_client *client, const sl_message *message)
{
    Words &words = *state_of(self, client).words;
    std::string text(message->data, message->len);
    if (text == "words") {
        std::string answer =
            std::to_string(words.total) + " words, most of all '" + words.favourite() + "'";
        self->host->client_send(client, SL_TEXT, answer.data(), answer.size());
        return SL_HANDLED;
    }
    std::istringstream stream(text);
    for (std::string word; stream >> word;)
        words.add(word);
    return SL_CONTINUE;
}

sl_verdict on_message(sl_instance *self, sl_client *client, const sl_message *message)
{
    if (message->type != SL_TEXT || state_of(self, client).words == nullptr)
        return SL_CONTINUE;
    try {
        return count(self, client, message);
    } catch (...) {
        return SL_ERROR; /* The server is written in C: nothing may be thrown through it. */
    }
}

sl_plugin plugin()
{
    sl_plugin table = sl_plugin_header();
    table.name = "word-count";
    table.version = "1.0.0";
    table.summary = "Counts the words of each client";
    table.license = "MIT";
    table.client_size = sizeof(Client);
    table.on_open = on_open;
    table.on_message = on_message;
    table.on_close = on_close;
    return table;
}

} // namespace

SL_EXPORT const sl_plugin sluice_plugin = plugin();
