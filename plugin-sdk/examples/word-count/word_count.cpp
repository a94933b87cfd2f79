/*
 * word-count: counts the words of each client. A client that sends "words" is told.
 *
 * Each client has an object of its own; the server says when it goes. What is thrown here, such as
 * std::bad_alloc, becomes the verdict SL_ERROR.
 */
#include <sluice/plugin.hpp>

#include <algorithm>
#include <map>
#include <sstream>
#include <string>

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

struct WordCount : sluice::Plugin<WordCount, Words> {
    static constexpr sluice::About about{
        .name = "word-count",
        .version = "1.1.0",
        .summary = "Counts the words of each client",
        .license = "MIT",
    };
    using Plugin::Plugin;

    sluice::Verdict on_message(sluice::Client client, sluice::Message message)
    {
        if (!message.is_text())
            return SL_CONTINUE;
        Words &words = state(client);
        if (message.text() == "words") {
            client.send(std::to_string(words.total) + " words, most of all '" + words.favourite() +
                        "'");
            return SL_HANDLED;
        }
        std::istringstream stream{std::string(message.text())};
        for (std::string word; stream >> word;)
            words.add(word);
        return SL_CONTINUE;
    }
};

} // namespace

SLUICE_PLUGIN(WordCount)
