#include "pipeline/instance_change.h"

#include <stdlib.h>

static _Thread_local const struct instance_change *change_under_way;

const struct instance_change *instance_change_under_way(const struct instance *instance)
{
    const struct instance_change *change = change_under_way;
    return change != NULL && change->instance == instance ? change : NULL;
}

int instance_change_prepare(struct instance *instance, const struct stage_config *stage,
                            struct diagnostics *diagnostics, struct instance_change *out)
{
    *out =
        (struct instance_change){.instance = instance, .stage = stage, .timeout = stage->timeout};
    return instance_read_options(instance, stage, diagnostics, &out->options);
}

static void exchange_options(struct instance_change *change)
{
    struct instance *instance = change->instance;
    change->timeout =
        atomic_exchange_explicit(&instance->timeout, change->timeout, memory_order_relaxed);
    change->options = instance_options_exchange(&instance->options, change->options);
    change->is_applied = !change->is_applied;
}

static int call_on_reload(const struct instance_change *change)
{
    struct instance *instance = change->instance;
    return instance_set_up(instance, instance->plugin->table.on_reload, "on_reload");
}

int instance_change_apply(struct instance_change *change, struct diagnostics *diagnostics)
{
    exchange_options(change);
    change_under_way = change;
    int result = call_on_reload(change);
    change_under_way = NULL;
    if (result == 0)
        return OK;
    exchange_options(change);
    change->wants_new = result == SL_RELOAD_REPLACE;
    if (change->wants_new)
        return OK;
    diagnostics_add(diagnostics, change->stage->position,
                    "plugin '%s' does not take its new options: %s", change->stage->plugin,
                    instance_failure(change->instance));
    return ERR_PLUGIN;
}

void instance_change_revert(struct instance_change *change)
{
    if (!change->is_applied)
        return;
    exchange_options(change);
    int result = call_on_reload(change);
    (void)result; /* These are the options that it had. */
}
