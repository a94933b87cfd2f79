/*
 * writes-too-far: writes behind its client state.
 */
#include <sluice/plugin.h>

#include <string.h>

struct state {
    char name[64];
};

static void on_open(struct sl_instance *self, struct sl_client *client)
{
    struct state *state = self->host->client_state(self, client);
    memset(state->name, 'x', sizeof state->name);
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "writes-too-far",
    .version = "1.0.0", .summary = "A plugin with a mistake",
    .license = "MIT",   .client_size = 8,
    .on_open = on_open,
};
