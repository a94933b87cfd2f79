/* leave-notice: tells the endpoint's other clients when one has left, even while the server ends.
 */
#include <sluice/plugin.h>

static void on_close(struct sl_instance *self, struct sl_client *client, const struct sl_close *how)
{
    static const char text[] = "somebody left";
    (void)client;
    (void)how;
    if (self->host->broadcast(self, NULL, SL_TEXT, text, sizeof text - 1) != 0)
        sl_log(self, SL_LOG_WARN, "nobody was told");
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "leave-notice",
    .version = "1.0.0", .summary = "Says that a client has left",
    .license = "MIT",   .on_close = on_close,
};
