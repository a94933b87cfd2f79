/*
 * @NAME@: lets a client send a limited number of messages.
 *
 * Hooks of one client run one at a time; hooks of different clients may run at once. So what
 * belongs to a client lies in its state, and what belongs to the instance does not change after
 * create.
 */
#include <sluice/plugin.h>

#include <stdio.h>
#include <string.h>

/* Of an instance: one use of the plugin in a pipeline. Zeroed before create. */
struct instance_state {
    int64_t limit;
    struct sl_metric *dropped;
};

/* Of a client. Zeroed before on_connect. */
struct client_state {
    int64_t sent;
};

static int create(struct sl_instance *self)
{
    struct instance_state *state = self->state;
    state->limit = sl_option_integer(self, "limit");
    state->dropped =
        self->host->metric(self, SL_COUNTER, "dropped_total", "Messages over the limit", NULL, 0);
    return 0; /* Or: return sl_fail(self, "what the operator should read"); */
}

/* The message is borrowed, and its data is not zero-terminated. */
static bool is_question(const struct sl_message *message)
{
    return message->len == 5 && memcmp(message->data, "count", 5) == 0;
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    struct instance_state *state = self->state;
    struct client_state *mine = self->host->client_state(self, client);
    if (is_question(message)) {
        char answer[64];
        int len = snprintf(answer, sizeof answer, "%lld of %lld", (long long)mine->sent,
                           (long long)state->limit);
        self->host->client_send(client, SL_TEXT, answer, (size_t)len);
        return SL_HANDLED;
    }
    if (mine->sent >= state->limit) {
        self->host->metric_add(state->dropped, 1);
        return SL_DROP;
    }
    mine->sent++;
    return SL_CONTINUE;
}

static const struct sl_option options[] = {
    {.name = "limit",
     .type = SL_OPTION_INTEGER,
     .default_value = "100",
     .minimum = 1,
     .maximum = 1000000,
     .summary = "How many messages of a client pass"},
};

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "@NAME@",
    .version = "0.1.0",
    .summary = "Lets a client send a limited number of messages",
    .license = "MIT",
    SL_OPTIONS(options),
    .instance_size = sizeof(struct instance_state),
    .client_size = sizeof(struct client_state),
    .create = create,
    .on_message = on_message,
};
