/*
 * defers-nothing: says that it defers, and does not.
 */
#include <sluice/plugin.h>

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    (void)self;
    (void)client;
    (void)message;
    return SL_DEFER;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "defers-nothing",
    .version = "1.0.0", .summary = "A plugin with a mistake",
    .license = "MIT",   .on_message = on_message,
};
