/*
 * defers-and-decides: defers, and decides at once as well.
 */
#include <sluice/plugin.h>

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    struct sl_ticket ticket;
    self->host->defer(self, client, NULL, &ticket);
    return message->len > 0 ? SL_CONTINUE : SL_DROP;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "defers-and-decides",
    .version = "1.0.0", .summary = "A plugin with a mistake",
    .license = "MIT",   .on_message = on_message,
};
