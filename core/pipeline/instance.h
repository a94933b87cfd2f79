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
#include "pipeline/creation.h"
#include "pipeline/instance_options.h"
#include "pipeline/instance_services.h"
#include "pipeline/plugin.h"
#include "pipeline/plugin_metric.h"
#include "pipeline/verdict.h"
#include "pipeline/worker_pool.h"

#include <pthread.h>
#include <stdatomic.h>

struct endpoint;
struct event_names;
struct http_owner;
struct loop;
struct named_table;
struct descriptor_watches;
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
    INSTANCE_LOG_REQUEST,    /* one that is not valid */
    INSTANCE_LOG_DESCRIPTOR, /* one that was closed while it was watched */
    INSTANCE_LOG_COUNT
};

/* One loop's statistics, on cache lines of their own. A deferred call is counted twice: as deferred
 * when it returns, and with its verdict when that is known. */
struct instance_stats {
    _Alignas(64) counter verdicts[VERDICT_SLOT_COUNT];
    counter over_budget;
    counter timeouts;         /* deferrals that missed their deadline */
    counter shadow_clients;   /* that it would have refused: see stage_note_shadowed */
    counter events;           /* that it has heard */
    struct histogram latency; /* of on_connect and on_message, ns */
};

/* The same, summed over the loops. */
struct instance_totals {
    uint64_t verdicts[VERDICT_SLOT_COUNT];
    uint64_t over_budget;
    uint64_t timeouts;
    uint64_t shadow_clients;
    struct histogram_snapshot latency;
};

struct instance {
    struct sl_instance seen; /* first: what the plugin is handed */
    _Atomic uint32_t references;
    _Atomic uint32_t ties; /* requests that end with it, and one until its own end */
    struct mail end_mail;  /* on its way once nobody refers to the instance any more */
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
    _Atomic(struct http_owner *) http;            /* owned; NULL: it has made no request */
    _Atomic(struct descriptor_watches *) watches; /* owned; NULL: it has watched no descriptor */
    struct instance *replaces;  /* borrowed: of the chain before; NULL: none, or it knows */
    struct instance *successor; /* one reference: whose on_handover is owed its state, or NULL */
    struct service_scope scope; /* while create runs */
    struct instance_services *services;  /* owned; NULL: none are provided or looked for */
    struct event_names *event_names;     /* owned; NULL: it listens to none */
    struct named_table *own_table;       /* one reference: of SL_STORAGE_INSTANCE */
    struct named_table *endpoint_table;  /* one reference: of SL_STORAGE_ENDPOINT */
    _Atomic int64_t timeout;             /* ns: the stage's; for the plugin to know */
    pthread_mutex_t unready_lock;        /* of `unready` */
    char unready[INSTANCE_UNREADY_SIZE]; /* why it cannot do its work; empty: it can */
    bool is_in_force;                    /* it is, or was, part of a configuration; main thread */
    bool is_announced;                   /* the log has told of it; main thread */
    bool is_awaited;                     /* the log has told that its create goes on; likewise */
    _Atomic bool is_created;             /* create has returned 0, destroy is owed */
    struct creation creation;            /* whether create has finished */
    _Atomic uint64_t last_timer;         /* the id given out last */
    _Atomic unsigned lists;              /* of clients, under way */
    struct instance_timers timers;
    struct worker_source offloaded; /* the pool's: its jobs */
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
    struct instance *replaces; /* of the chain before, or NULL */
    struct service_scope scope;
    struct storage_limits shared_limits; /* of the endpoint's table */
};

/* Creates an instance with one reference from its stage, calling the plugin's create, which may
 * finish later: see pipeline/creation.h. Errors go to `diagnostics`. Returns 0, ERR_CONFIG,
 * ERR_PLUGIN or ERR_NO_MEMORY. */
MUST_CHECK int instance_create(struct plugin *plugin, const struct stage_config *stage,
                               const struct instance_place *place, struct diagnostics *diagnostics,
                               struct instance **out);

/* Says that create has failed, with the reason. */
void instance_report_failure(const struct stage_config *stage, const char *reason,
                             struct diagnostics *diagnostics);

/* One reference more, one less. Any thread. NULL is fine for unref. */
struct instance *instance_ref(struct instance *instance);
void instance_unref(struct instance *instance);

/* One reference more unless there is none left. Any thread. For calls of the plugin's. */
MUST_CHECK bool instance_try_ref(struct instance *instance);

/* Whether an instance may stay as it is for this stage of a new configuration: the same plugin with
 * the same options. Main thread. */
bool instance_fits(const struct instance *instance, const struct plugin *plugin,
                   const struct stage_config *stage);

/* The chain of a new instance has come into force: the one that it replaces, which still is in its
 * chain, hands its state over when it ends, if the new one wants it. Main thread. */
void instance_inherit(struct instance *instance);

/* Logs an instance that has come into force, once. Main thread. */
void instance_announce(struct instance *instance);

/* The stage of the configuration that an instance now serves; keeps a reference to `owner`. Main
 * thread. */
void instance_settle(struct instance *instance, const struct stage_config *stage,
                     struct config *owner);

/* Whether the instance only watches when it acts outside of a stage's hooks: in timers, offloaded
 * work and threads of its own. Main thread, when all loops have changed over to the chain that says
 * so. */
void instance_set_mode(struct instance *instance, bool is_shadow);

/* What the instance is there for, as host->mode says it. Any thread. */
enum sl_mode instance_mode(const struct instance *instance);

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

/* -- for instance_change.c -- */

/* Calls create or on_reload, which both may say what is wrong. Returns what the hook returns. */
int instance_set_up(struct instance *instance, int (*hook)(struct sl_instance *), const char *name);

/* What it has said then. */
const char *instance_failure(const struct instance *instance);

/* Reads a stage's options. Returns 0, ERR_CONFIG (in `diagnostics`) or ERR_NO_MEMORY. */
MUST_CHECK int instance_read_options(const struct instance *instance,
                                     const struct stage_config *stage,
                                     struct diagnostics *diagnostics, struct options_version **out);

#endif
