/*
 * New options for an instance that takes them live: they are offered to its on_reload, which takes
 * them, refuses them, or asks for a new instance in its place.
 *
 * Main thread, while hooks run.
 */
#ifndef SLUICE_PIPELINE_INSTANCE_CHANGE_H
#define SLUICE_PIPELINE_INSTANCE_CHANGE_H

#include "pipeline/instance.h"

struct chain;

/* Options that wait for an instance with on_reload to take them. */
struct instance_change {
    struct instance *instance; /* borrowed from its chain */
    struct chain *chain;       /* the new one, in which the instance stays, or is replaced */
    const struct stage_config *stage;
    struct options_version *options; /* one reference: the new ones; while they are applied, the
                                        old ones */
    int64_t timeout;                 /* likewise, ns */
    bool is_applied;
    bool wants_new; /* on_reload has asked for a new instance, which gets these options */
    bool has_new;   /* which has been made */
};

/* Reads a stage's options for an instance that takes them live. Returns 0, ERR_CONFIG (in
 * `diagnostics`) or ERR_NO_MEMORY. */
MUST_CHECK int instance_change_prepare(struct instance *instance, const struct stage_config *stage,
                                       struct diagnostics *diagnostics,
                                       struct instance_change *out);

/* Exchanges the options and calls on_reload. If that refuses them, or asks for a new instance, the
 * old options are there again. Returns 0 or ERR_PLUGIN (in `diagnostics`). */
MUST_CHECK int instance_change_apply(struct instance_change *change,
                                     struct diagnostics *diagnostics);

/* Makes a change undone if it was applied; the plugin is asked once more. */
void instance_change_revert(struct instance_change *change);

/* The change that on_reload of the instance is called about on this thread, or NULL. */
const struct instance_change *instance_change_under_way(const struct instance *instance);

#endif
