/*
 * echo: sends every message back to its sender and to nobody else.
 *
 * The smallest plugin that does something: one hook, no options, no state.
 */
#include <sluice/plugin.h>

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    self->host->client_send(client, message->type, message->data, message->len);
    return SL_HANDLED; /* Done: it is not broadcast. */
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "echo",
    .version = "1.0.0", .summary = "Sends every message back to its sender only",
    .license = "MIT",   .on_message = on_message,
};
