/*
 * bad-verdict: denies a message.
 */
#include <sluice/plugin.h>

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    (void)self;
    (void)client;
    return message->len > 3 ? SL_DENY : SL_CONTINUE;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "bad-verdict",
    .version = "1.0.0", .summary = "A plugin with a mistake",
    .license = "MIT",   .on_message = on_message,
};
