/*
 * An instance: one use of a plugin in one endpoint's pipeline, with its options and its state.
 *
 * Made and destroyed on the main thread while no loop runs; its hooks run on the loops. The verdict
 * counters are written by each loop for itself and read by anybody.
 */
#ifndef SLUICE_PIPELINE_INSTANCE_H
#define SLUICE_PIPELINE_INSTANCE_H

#include "base/counter.h"
#include "config/config.h"
#include "pipeline/plugin.h"

struct endpoint;

enum verdict_slot {
    VERDICT_SLOT_ERROR,
    VERDICT_SLOT_CONTINUE,
    VERDICT_SLOT_DROP,
    VERDICT_SLOT_HANDLED,
    VERDICT_SLOT_CLOSE,
    VERDICT_SLOT_DENY,
    VERDICT_SLOT_COUNT
};

/* One loop's counters, on cache lines of their own. */
struct verdict_counters {
    _Alignas(64) counter slots[VERDICT_SLOT_COUNT];
};

struct instance {
    struct sl_instance seen; /* first: what the plugin is handed */
    const struct plugin *plugin;
    struct endpoint *endpoint;
    struct option_set *options; /* owned */
    enum on_error on_error;
    unsigned position;                 /* in the pipeline, from 1 */
    size_t client_offset;              /* of its block in a client's plugin_state */
    char *name;                        /* owned: "auth#2" */
    char *failure;                     /* owned: what create said, or NULL */
    struct verdict_counters *verdicts; /* owned; one for each loop */
    unsigned loop_count;
};

/* Creates an instance from its stage, calling the plugin's create. Errors go to `diagnostics`.
 * Returns 0, ERR_CONFIG, ERR_PLUGIN or ERR_NO_MEMORY. */
MUST_CHECK int instance_create(const struct plugin *plugin, const struct stage_config *stage,
                               struct endpoint *endpoint, unsigned position, unsigned loop_count,
                               struct diagnostics *diagnostics, struct instance **out);

/* Calls the plugin's destroy and frees. NULL is fine. */
void instance_destroy(struct instance *instance);

/* How often the instance has given that verdict, over all loops. Any thread. */
uint64_t instance_verdicts(const struct instance *instance, enum verdict_slot slot);

/* The name of a verdict for metrics; static storage. */
const char *verdict_slot_name(enum verdict_slot slot);

#endif
