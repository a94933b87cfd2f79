/*
 * Replacing instances of a chain that is not in force yet: one that has asked for it, and those
 * that have found a service of it.
 */
#include "pipeline/chain.h"
#include "pipeline/instance_change.h"

/* The new instance is in the old one's place: the same slot, the same size of blocks. One that has
 * never been in force has nothing to hand over. */
static int replace_instance(struct chain *chain, const struct service_scope *scope,
                            struct config *owner, struct diagnostics *diagnostics)
{
    struct stage *stage = &chain->stages[scope->index];
    struct instance *old = stage->instance;
    const struct instance_place place = {.pipeline = old->pipeline,
                                         .endpoint = old->endpoint,
                                         .path = old->seen.endpoint,
                                         .home = old->home,
                                         .owner = owner,
                                         .use = old->use,
                                         .slot = old->slot,
                                         .replaces = old->is_in_force ? old : old->replaces,
                                         .scope = *scope,
                                         .client_offset = old->client_offset};
    int error = instance_create(old->plugin, &scope->configs[scope->index], &place, diagnostics,
                                &stage->instance);
    if (error != OK)
        return error;
    creation_forget(old); /* It may be held by what it has begun. */
    instance_unref(old);
    return OK;
}

static size_t stage_index(const struct chain *chain, const struct instance *instance)
{
    size_t index = 0;
    while (index < chain->count && chain->stages[index].instance != instance)
        index++;
    return index;
}

int chain_replace(const struct instance_change *change, struct config *owner,
                  struct diagnostics *diagnostics)
{
    struct chain *chain = change->chain;
    size_t first = stage_index(chain, change->instance);
    if (first == chain->count)
        return OK; /* It had found a service of another that has been replaced. */
    struct service_scope scope = {
        .stages = chain->stages, .configs = change->stage - first, .index = first};
    int error = replace_instance(chain, &scope, owner, diagnostics);
    for (scope.index++; error == OK && scope.index < chain->count; scope.index++)
        if (!instance_services_hold(chain->stages[scope.index].instance, &scope))
            error = replace_instance(chain, &scope, owner, diagnostics);
    return error;
}
