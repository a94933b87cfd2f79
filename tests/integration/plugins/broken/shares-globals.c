/*
 * shares-globals: counts in a global.
 */
#include <sluice/plugin.h>

#include <stdio.h>

static int count;

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    char text[32];
    (void)client;
    int len = snprintf(text, sizeof text, "%d", ++count);
    self->host->message_replace(message, SL_TEXT, text, (size_t)len);
    return SL_CONTINUE;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "shares-globals",
    .version = "1.0.0", .summary = "A plugin with a mistake",
    .license = "MIT",   .on_message = on_message,
};
