/*
 * keeps-client: keeps a client.
 */
#include <sluice/plugin.h>

static struct sl_client *last;

static void on_open(struct sl_instance *self, struct sl_client *client)
{
    if (last != NULL)
        self->host->client_send(last, SL_TEXT, "hello", 5);
    last = client;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "keeps-client",
    .version = "1.0.0", .summary = "A plugin with a mistake",
    .license = "MIT",   .on_open = on_open,
};
