/*
 * frees-message: frees what it was lent.
 */
#include <sluice/plugin.h>

#include <stdlib.h>

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    (void)self;
    (void)client;
    free((void *)(uintptr_t)message->data);
    return SL_CONTINUE;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "frees-message",
    .version = "1.0.0", .summary = "A plugin with a mistake",
    .license = "MIT",   .on_message = on_message,
};
