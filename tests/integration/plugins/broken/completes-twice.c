/*
 * completes-twice: completes a deferral twice.
 */
#include <sluice/plugin.h>

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    struct sl_ticket ticket;
    (void)message;
    enum sl_verdict verdict = self->host->defer(self, client, NULL, &ticket);
    self->host->complete(ticket, SL_CONTINUE, NULL);
    self->host->complete(ticket, SL_CONTINUE, NULL);
    return verdict;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "completes-twice",
    .version = "1.0.0", .summary = "A plugin with a mistake",
    .license = "MIT",   .on_message = on_message,
};
