/* leaks-at-handover: takes the old state's list without giving back its own. */
#include <sluice/plugin.h>

struct state {
    void *list;
};

static int create(struct sl_instance *self)
{
    struct state *state = self->state;
    state->list = self->host->allocate(32);
    return state->list != NULL ? 0 : sl_fail(self, "no memory");
}

static void destroy(struct sl_instance *self)
{
    struct state *state = self->state;
    self->host->release(state->list);
}

static void on_handover(struct sl_instance *self, const struct sl_handover *from)
{
    struct state *state = self->state, *old = from->state;
    state->list = old->list;
    old->list = NULL;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,           .name = "leaks-at-handover",
    .version = "1.0.0",         .summary = "Forgets what it had when it takes over",
    .license = "MIT",           .instance_size = sizeof(struct state),
    .create = create,           .destroy = destroy,
    .on_handover = on_handover,
};
