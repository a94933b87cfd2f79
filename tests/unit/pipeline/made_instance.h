/*
 * A rig with one plugin, of which tests make instances as a pipeline does: the second of its name
 * at /ws, with a timeout of 5 ns and its home on the first loop.
 */
#ifndef SLUICE_TESTS_PIPELINE_MADE_INSTANCE_H
#define SLUICE_TESTS_PIPELINE_MADE_INSTANCE_H

#include "pipeline/instance.h"
#include "pipeline/rig.h"

static struct plugin *plugin;
static struct diagnostics diagnostics;

static int set_up_plugin(void **state, const struct sl_plugin *table)
{
    rig_set_up(state);
    plugin = rig_plugin(table);
    diagnostics_init(&diagnostics);
    return 0;
}

/* Fails if an instance is left. */
static int tear_down_plugin(void **state)
{
    rig_deliver();
    assert_int_equal(plugin->references, 1);
    plugin_unref(plugin);
    diagnostics_deinit(&diagnostics);
    return rig_tear_down(state);
}

static inline int make(struct instance **out)
{
    const struct stage_config stage = {.plugin = (char *)(uintptr_t)"test", .timeout = 5};
    const struct instance_place place = {.pipeline = &rig.pipeline,
                                         .path = "/ws",
                                         .home = &rig.loops[0],
                                         .owner = &rig_config,
                                         .use = 1};
    return instance_create(plugin, &stage, &place, &diagnostics, out);
}

static inline struct instance *made(void)
{
    struct instance *instance = NULL;
    assert_int_equal(make(&instance), OK);
    return instance;
}

#endif
