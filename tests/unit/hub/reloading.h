/*
 * Reloads of a hub that serves, see serving.h.
 */
#ifndef SLUICE_TESTS_HUB_RELOADING_H
#define SLUICE_TESTS_HUB_RELOADING_H

#include "hub/reload.h"
#include "hub/serving.h"
#include "pipeline/chain.h"

/* One round of what the loops and the main thread have to do. */
static inline void run_round(struct serving *serving)
{
    for (unsigned i = 0; i < serving->hub->set.count; i++)
        run_on(&serving->hub->set.shards[i], NULL);
    hub_run_control(serving->hub);
}

/* Prepares and commits a configuration, and waits until all loops have changed over and what is not
 * needed any more is gone. Returns what the reload does. */
static inline int reload_with(struct serving *serving, const char *yaml)
{
    struct diagnostics diagnostics;
    struct hub_reload *reload = NULL;
    struct config *config = load_config(yaml);
    diagnostics_init(&diagnostics);
    int error = hub_reload_prepare(serving->hub, config, &diagnostics, &reload);
    if (error == OK)
        error = hub_reload_commit(serving->hub, reload, &diagnostics);
    assert_int_equal(error != OK, diagnostics.count > 0);
    diagnostics_deinit(&diagnostics);
    config_destroy(config);
    for (unsigned round = 0; round < 3; round++) /* What ends an instance comes and goes. */
        run_round(serving);
    return error;
}

static inline const struct instance *only_instance(const struct endpoint *endpoint)
{
    assert_int_equal(endpoint->setup->chain->count, 1);
    return endpoint->setup->chain->stages[0].instance;
}

#endif
