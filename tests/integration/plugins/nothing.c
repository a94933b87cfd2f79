/*
 * nothing: lets every message pass; for measuring what a plugin costs that does nothing.
 */
#include <sluice/plugin.h>

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    (void)self;
    (void)client;
    (void)message;
    return SL_CONTINUE;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,          .name = "nothing", .version = "1.0.0",
    .summary = "Does nothing", .license = "MIT",  .on_message = on_message,
};
