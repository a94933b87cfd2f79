/*
 * An instance: one use of a plugin in one endpoint's pipeline, with its options and its state.
 *
 * Made and destroyed on the main thread; its hooks run on the loops. It is shared by the chains of
 * successive configurations as long as nothing about it changes, and is counted: chains, offloaded
 * work and timers on their way hold references. When the last one is gone, on whatever thread, the
 * instance is posted to the loop of its timers, which ends them, and from there to the control
 * mailbox, where the main thread destroys it. The statistics are written by each loop for
 * itself and read by anybody.
 */
#ifndef SLUICE_PIPELINE_INSTANCE_H
#define SLUICE_PIPELINE_INSTANCE_H

#include "base/counter.h"
#include "base/crash.h"
#include "base/hash_table.h"
#include "base/histogram.h"
#include "config/config.h"
#include "loop/mailbox.h"
#include "pipeline/instance_options.h"
#include "pipeline/plugin.h"
#include "pipeline/plugin_metric.h"
#include "pipeline/verdict.h"

#include <pthread.h>
#include <stdatomic.h>

struct endpoint;
struct loop;
struct pipeline;

/* Of the loop that the instance's timers are on, see pipeline/instance_timer.h. */
struct instance_timers {
    struct hash_table table; /* of struct instance_timer, by id */
    bool have_ended;
};

#define INSTANCE_UNREADY_SIZE 128

/* What is logged of an instance at a bounded rate. */
enum instance_log {
    INSTANCE_LOG_BUDGET,
    INSTANCE_LOG_TIMEOUT,
    INSTANCE_LOG_VERDICT, /* one that it may not give */
    INSTANCE_LOG_SHADOW,
    INSTANCE_LOG_COUNT
};

/* One loop's statistics, on cache lines of their own. A deferred call is counted twice: as deferred
 * when it returns, and with its verdict when that is known. */
struct instance_stats {
    _Alignas(64) counter verdicts[VERDICT_SLOT_COUNT];
    counter over_budget;
    counter timeouts;         /* deferrals that missed their deadline */
    struct histogram latency; /* of on_connect and on_message, ns */
};

/* The same, summed over the loops. */
struct instance_totals {
    uint64_t verdicts[VERDICT_SLOT_COUNT];
    uint64_t over_budget;
    uint64_t timeouts;
    struct histogram_snapshot latency;
};

struct instance {
    struct sl_instance seen; /* first: what the plugin is handed */
    _Atomic uint32_t references;
    struct mail end_mail; /* on its way once nobody refers to the instance any more */
    struct plugin *plugin;
    struct pipeline *pipeline;
    struct endpoint *endpoint;      /* for the host's functions; not looked into here */
    struct loop *home;              /* of its timers */
    const struct yaml_node *config; /* the options as configured, or NULL */
    struct config *owner;           /* of `config`; one reference */
    struct instance_options options;
    unsigned use;                 /* the nth use of the plugin in the pipeline, from 1 */
    unsigned slot;                /* among the state blocks of a client */
    size_t client_offset;         /* of its block in a client's plugin_state */
    bool reads_files;             /* options name files, whose contents may change */
    _Atomic bool is_shadow;       /* for what it does outside its hooks */
    char *name;                   /* owned: "auth#1" */
    char *failure;                /* owned: what create or on_reload said, or NULL */
    struct crash_subject crash;   /* what a crash report says of it */
    struct instance_stats *stats; /* owned; one for each loop */
    _Atomic int64_t logged_until[INSTANCE_LOG_COUNT]; /* see instance_may_log */
    struct plugin_metrics metrics;
    _Atomic int64_t timeout;             /* ns: the stage's; for the plugin to know */
    pthread_mutex_t unready_lock;        /* of `unready` */
    char unready[INSTANCE_UNREADY_SIZE]; /* why it cannot do its work; empty: it can */
    bool is_created;                     /* create has succeeded, destroy is owed */
    _Atomic uint64_t last_timer;         /* the id given out last */
    struct instance_timers timers;
};

/* Where an instance lives; see the members of the same names. */
struct instance_place {
    struct pipeline *pipeline;
    struct endpoint *endpoint;
    const char *path; /* the endpoint's; outlives the instance */
    struct loop *home;
    struct config *owner;
    unsigned use;
    unsigned slot;
    size_t client_offset;
};

/* Creates an instance with one reference from its stage, calling the plugin's create. Errors go to
 * `diagnostics`. Returns 0, ERR_CONFIG, ERR_PLUGIN or ERR_NO_MEMORY. */
MUST_CHECK int instance_create(struct plugin *plugin, const struct stage_config *stage,
                               const struct instance_place *place, struct diagnostics *diagnostics,
                               struct instance **out);

/* One reference more, one less. Any thread. NULL is fine for unref. */
struct instance *instance_ref(struct instance *instance);
void instance_unref(struct instance *instance);

/* One reference more unless there is none left. Any thread. For calls of the plugin's. */
MUST_CHECK bool instance_try_ref(struct instance *instance);

/* Whether an instance may stay as it is for this stage of a new configuration: the same plugin with
 * the same options. Main thread. */
bool instance_fits(const struct instance *instance, const struct plugin *plugin,
                   const struct stage_config *stage);

/* Options that wait for an instance with on_reload to take them. */
struct instance_change {
    struct instance *instance; /* borrowed from its chain */
    const struct stage_config *stage;
    struct options_version *options; /* one reference: the new ones; after instance_change_apply
                                        the old ones */
    int64_t timeout;                 /* likewise, ns */
};

/* Reads a stage's options for an instance that takes them live. Main thread. Returns 0, ERR_CONFIG
 * (in `diagnostics`) or ERR_NO_MEMORY. */
MUST_CHECK int instance_change_prepare(struct instance *instance, const struct stage_config *stage,
                                       struct diagnostics *diagnostics,
                                       struct instance_change *out);

/* Exchanges the options and calls on_reload. If that fails the old options are there again. Main
 * thread, while hooks run. Returns 0 or ERR_PLUGIN (in `diagnostics`). */
MUST_CHECK int instance_change_apply(struct instance_change *change,
                                     struct diagnostics *diagnostics);

/* Makes a change that was applied undone; the plugin is asked once more. */
void instance_change_revert(struct instance_change *change);

/* The stage of the configuration that an instance now serves; keeps a reference to `owner`. Main
 * thread. */
void instance_settle(struct instance *instance, const struct stage_config *stage,
                     struct config *owner);

/* Whether the instance only watches when it acts outside of a stage's hooks: in timers, offloaded
 * work and threads of its own. Main thread, when all loops have changed over to the chain that says
 * so. */
void instance_set_mode(struct instance *instance, bool is_shadow);

/* Counts a verdict of a call or of a deferral's end. Only the loop with that index. */
static inline void instance_count(struct instance *instance, unsigned loop, enum verdict_slot slot)
{
    counter_add(&instance->stats[loop].verdicts[slot], 1);
}

/* The statistics, summed over all loops. Any thread. */
void instance_totals(const struct instance *instance, struct instance_totals *out);

/* Whether one more line of that kind may be logged about an instance: at most one a second for what
 * may happen with each message. Any thread. */
bool instance_may_log(struct instance *instance, enum instance_log kind, int64_t now);

/* Says why an instance cannot do its work (NULL: it can); the pipeline counts those that cannot.
 * Any thread. */
void instance_set_unready(struct instance *instance, const char *reason_cstr);

/* Whether it cannot; then `reason` says why. Any thread. */
bool instance_is_unready(struct instance *instance, char reason[INSTANCE_UNREADY_SIZE]);

#endif
