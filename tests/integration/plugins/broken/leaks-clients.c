/*
 * leaks-clients: forgets what it has allocated for a client.
 */
#include <sluice/plugin.h>

static void on_open(struct sl_instance *self, struct sl_client *client)
{
    void **state = self->host->client_state(self, client);
    *state = self->host->allocate(100);
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "leaks-clients",
    .version = "1.0.0", .summary = "A plugin with a mistake",
    .license = "MIT",   .client_size = sizeof(void *),
    .on_open = on_open,
};
