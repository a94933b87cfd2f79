/*
 * not-terminated: reads a message as if it were zero-terminated.
 */
#include <sluice/plugin.h>

#include <string.h>

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    (void)self;
    (void)client;
    return strlen(message->data) > 1000000 ? SL_DROP : SL_CONTINUE;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "not-terminated",
    .version = "1.0.0", .summary = "A plugin with a mistake",
    .license = "MIT",   .on_message = on_message,
};
