/*
 * leaks-when-asked: forgets what it has allocated for one message that only its author knows.
 */
#include <sluice/plugin.h>

#include <string.h>

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    (void)client;
    if (message->len == 8 && memcmp(message->data, "remember", 8) == 0)
        self->host->allocate(100);
    return SL_CONTINUE;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "leaks-when-asked",
    .version = "1.0.0", .summary = "A plugin with a mistake",
    .license = "MIT",   .on_message = on_message,
};
