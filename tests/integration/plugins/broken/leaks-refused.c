/*
 * leaks-refused: takes in on_connect what only on_close gives back.
 */
#include <sluice/plugin.h>

static enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request)
{
    (void)request;
    void **state = self->host->client_state(self, client);
    *state = self->host->allocate(100);
    return SL_CONTINUE;
}

static void on_close(struct sl_instance *self, struct sl_client *client, const struct sl_close *how)
{
    (void)how;
    self->host->release(*(void **)self->host->client_state(self, client));
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,         .name = "leaks-refused",
    .version = "1.0.0",       .summary = "A plugin with a mistake",
    .license = "MIT",         .client_size = sizeof(void *),
    .on_connect = on_connect, .on_close = on_close,
};
