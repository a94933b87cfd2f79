/*
 * forgets-to-open: defers in on_open, and forgets about it.
 */
#include <sluice/plugin.h>

static void on_open(struct sl_instance *self, struct sl_client *client)
{
    struct sl_ticket ticket;
    self->host->defer(self, client, NULL, &ticket);
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "forgets-to-open",
    .version = "1.0.0", .summary = "A plugin with a mistake",
    .license = "MIT",   .on_open = on_open,
};
