/*
 * @NAME@: lets a client send a limited number of messages.
 *
 * Hooks of one client run one at a time; hooks of different clients may run at once. So what belongs
 * to a client lies in its state, and what belongs to the instance does not change after create.
 * No exception may leave a hook: the server is written in C.
 */
#include <sluice/plugin.h>

#include <cstdint>
#include <new>
#include <string>
#include <string_view>

namespace {

/* Of an instance: one use of the plugin in a pipeline. */
struct Instance {
    std::int64_t limit = 0;
    sl_metric *dropped = nullptr;
};

/* Of a client. The server's memory is zeroed, which is a fresh one of these. */
struct Client {
    std::int64_t sent;
};

Instance &state_of(sl_instance *self)
{
    return *static_cast<Instance *>(self->state);
}

Client &state_of(sl_instance *self, sl_client *client)
{
    return *static_cast<Client *>(self->host->client_state(self, client));
}

int create(sl_instance *self)
{
    auto *state = new (self->state) Instance;
    state->limit = sl_option_integer(self, "limit");
    state->dropped = self->host->metric(self, SL_COUNTER, "dropped_total",
                                        "Messages over the limit", nullptr, 0);
    return 0; /* Or: return sl_fail(self, "what the operator should read"); */
}

void destroy(sl_instance *self)
{
    state_of(self).~Instance();
}

sl_verdict answer(sl_instance *self, sl_client *client)
{
    std::string text = std::to_string(state_of(self, client).sent) + " of " +
                       std::to_string(state_of(self).limit);
    self->host->client_send(client, SL_TEXT, text.data(), text.size());
    return SL_HANDLED;
}

sl_verdict on_message(sl_instance *self, sl_client *client, const sl_message *message)
{
    try {
        Client &mine = state_of(self, client);
        /* Borrowed, and not zero-terminated. */
        if (std::string_view(message->data, message->len) == "count")
            return answer(self, client);
        if (mine.sent >= state_of(self).limit) {
            self->host->metric_add(state_of(self).dropped, 1);
            return SL_DROP;
        }
        mine.sent++;
        return SL_CONTINUE;
    } catch (...) {
        return SL_ERROR;
    }
}

sl_option limit_option()
{
    sl_option option{};
    option.name = "limit";
    option.type = SL_OPTION_INTEGER;
    option.default_value = "100";
    option.minimum = 1;
    option.maximum = 1000000;
    option.summary = "How many messages of a client pass";
    return option;
}

const sl_option options[] = {limit_option()};

sl_plugin plugin()
{
    sl_plugin table = sl_plugin_header();
    table.name = "@NAME@";
    table.version = "0.1.0";
    table.summary = "Lets a client send a limited number of messages";
    table.license = "MIT";
    table.options = options;
    table.options_count = sizeof options / sizeof options[0];
    table.option_size = sizeof(sl_option);
    table.instance_size = sizeof(Instance);
    table.client_size = sizeof(Client);
    table.create = create;
    table.destroy = destroy;
    table.on_message = on_message;
    return table;
}

} // namespace

SL_EXPORT const sl_plugin sluice_plugin = plugin();
