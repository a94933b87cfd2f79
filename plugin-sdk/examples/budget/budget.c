/*
 * budget: each client may send so many messages in a window of time. The counts are in the server's
 * storage, so a reload, other options or a rebuilt plugin do not give anybody a new budget, and
 * coming back on another connection does not either.
 */
#include <sluice/plugin.h>

static const struct sl_option options[] = {
    {.name = "messages",
     .type = SL_OPTION_INTEGER,
     .default_value = "100",
     .minimum = 1,
     .maximum = 1e9,
     .summary = "Messages that a client may send in a window"},
    {.name = "window",
     .type = SL_OPTION_DURATION,
     .default_value = "1h",
     .minimum = 1e9,
     .maximum = 24 * 3600e9,
     .summary = "How long a budget lasts; it begins with the first message"},
};

/* Whose budget it is: the identity that a plugin before this one has found, or else the address. */
static struct sl_string owner_of(const struct sl_instance *self, const struct sl_client *client)
{
    struct sl_string identity = self->host->client_identity(client);
    return identity.len > 0 ? identity : self->host->client_address(client);
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    static const char used_up[] = "your budget is used up";
    int64_t sent;
    (void)message;
    /* One step, whatever other threads do: no two messages see the same count. The age counts from
     * the first message on, so that the counter is gone when the window is over. */
    int result = self->host->storage_add(self, SL_STORAGE_INSTANCE, owner_of(self, client), 1,
                                         sl_option_integer(self, "window"), &sent);
    if (result != 0)
        return SL_ERROR; /* Full, or no memory: `on_error` says what that means. */
    if (sent <= sl_option_integer(self, "messages"))
        return SL_CONTINUE;
    if (sent == sl_option_integer(self, "messages") + 1) /* Once in a window is enough. */
        self->host->client_send_control(client, SL_TEXT, used_up, sizeof used_up - 1);
    return SL_DROP;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "budget",
    .version = "1.0.0",
    .summary = "Lets each client send so many messages in a window of time",
    .license = "MIT",
    SL_OPTIONS(options),
    .on_message = on_message,
};
