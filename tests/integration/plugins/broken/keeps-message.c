/*
 * keeps-message: keeps a pointer to a message and looks at it later.
 */
#include <sluice/plugin.h>

struct state {
    const char *last;
};

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    struct state *state = self->state;
    bool is_same = state->last != NULL && state->last[0] == 'h';
    (void)client;
    state->last = message->data;
    return is_same ? SL_DROP : SL_CONTINUE;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,         .name = "keeps-message",
    .version = "1.0.0",       .summary = "A plugin with a mistake",
    .license = "MIT",         .instance_size = sizeof(struct state),
    .on_message = on_message,
};
