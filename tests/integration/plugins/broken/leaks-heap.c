/*
 * leaks-heap: forgets what it got from malloc.
 */
#include <sluice/plugin.h>

#include <stdlib.h>

static void on_open(struct sl_instance *self, struct sl_client *client)
{
    void **state = self->host->client_state(self, client);
    *state = malloc(100);
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "leaks-heap",
    .version = "1.0.0", .summary = "A plugin with a mistake",
    .license = "MIT",   .client_size = sizeof(void *),
    .on_open = on_open,
};
