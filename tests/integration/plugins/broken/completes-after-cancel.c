/*
 * completes-after-cancel: goes on completing a deferral that was cancelled.
 */
#include <sluice/plugin.h>

struct state {
    struct sl_ticket ticket;
};

static void on_timer(struct sl_instance *self, uint64_t timer, uint64_t tag)
{
    const struct state *state = self->state;
    (void)timer;
    (void)tag;
    self->host->complete(state->ticket, SL_CONTINUE, NULL);
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    struct state *state = self->state;
    (void)message;
    enum sl_verdict verdict = self->host->defer(self, client, NULL, &state->ticket);
    self->host->timer_start(self, INT64_C(2500000000), 1000000, 0);
    return verdict;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,         .name = "completes-after-cancel",
    .version = "1.0.0",       .summary = "A plugin with a mistake",
    .license = "MIT",         .instance_size = sizeof(struct state),
    .on_message = on_message, .on_timer = on_timer,
};
