/*
 * The hub: the endpoints, the loops that own their clients, and what is counted across loops.
 *
 * Created before any thread starts, destroyed after all have ended. A reload (hub/reload.h) adds
 * and changes endpoints while it runs. Functions say which thread may call them.
 */
#ifndef SLUICE_HUB_HUB_H
#define SLUICE_HUB_HUB_H

#include "base/descriptors.h"
#include "client/endpoint.h"
#include "client/shard.h"
#include "hub/address_counts.h"
#include "hub/admission.h"
#include "hub/bans.h"
#include "hub/drain.h"
#include "loop/mailbox.h"
#include "pipeline/plugin.h"

#include <pthread.h>
#include <stdatomic.h>

struct config;
struct diagnostics;
struct hub_reload;
struct sl_host;

#define HUB_LOOPS_MAX DELIVERY_LOOPS_MAX /* an id has 8 bits for its loop */
#define HUB_ENDPOINTS_MAX 1024           /* that a hub has ever had */

/* What became of the reloads that were asked for. */
struct hub_reloads {
    _Atomic uint64_t done;
    _Atomic uint64_t failed;
    _Atomic uint64_t replaced;   /* instances, by new ones of the same name */
    _Atomic bool last_failed;    /* what the configuration file says is not what is in force */
    _Atomic int64_t last_at;     /* when the last one ended: wall clock, ns; 0: there was none */
    _Atomic int64_t last_took;   /* ns */
    _Atomic int64_t in_force_at; /* since when the configuration is in force: wall clock, ns */
};

struct hub {
    struct shard_set set;
    /* Endpoints are only added, and never freed before the end: any thread may walk them. */
    struct endpoint *endpoints[HUB_ENDPOINTS_MAX];
    _Atomic size_t endpoint_count;
    const char *io_refusal;     /* why a loop has no submissions; NULL: it has, or is not to */
    pthread_mutex_t setup_lock; /* of the endpoints' set-ups, for threads that are no loop */
    pthread_cond_t setups_given_back;
    unsigned setups_held; /* by hub_hold_setup; under the lock */
    unsigned switching;   /* with switch_lock: reloads to which a loop has not changed over yet */
    struct hub_reload *starting; /* owned: the first configuration, while instances are awaited */
    struct plugin_set plugins;   /* of the configuration that runs; main thread */
    struct mailbox control;      /* for the main thread */
    _Atomic uint32_t limit_clients;
    _Atomic uint32_t limit_clients_per_address;
    _Atomic uint64_t generation; /* how many configurations have been in force */
    struct hub_reloads reloads;  /* written by the main thread */
    pthread_mutex_t switch_lock;
    pthread_cond_t has_switched;
    struct descriptors descriptors;
    struct address_counts addresses;
    struct bans bans;
    _Atomic uint32_t admitted;
    bool is_started;
    _Atomic bool is_starting;                     /* no configuration is in force yet */
    _Atomic bool is_ending;                       /* the server is about to stop */
    pthread_mutex_t drain_lock;                   /* of what changes drains, and of is_ending */
    _Atomic int64_t drain_delay;                  /* shutdown.delay, ns */
    _Atomic int64_t drain_over;                   /* shutdown.grace, ns */
    _Atomic uint64_t admissions[ADMISSION_COUNT]; /* by enum admission: granted and refused */
};

/* How many endpoints there are, inactive ones included. */
static inline size_t hub_endpoint_count(const struct hub *hub)
{
    return atomic_load_explicit(&hub->endpoint_count, memory_order_acquire);
}

/* Builds endpoints and pipelines, loading the plugins and creating their instances, which are
 * handed `host` and told `mode`; no thread is started. Keeps a reference to `config` as long as it
 * needs it. All errors go to `diagnostics`. Main thread. Returns 0, ERR_CONFIG, ERR_NO_MEMORY or
 * ERR_SYSTEM. Where instances finish their create later the configuration is not in force yet: see
 * hub_finish_start. */
MUST_CHECK int hub_create(struct config *config, const struct sl_host *host, enum sl_mode mode,
                          struct diagnostics *diagnostics, struct hub **out);

/* Starts the loops. Main thread. Returns 0 or ERR_SYSTEM. */
MUST_CHECK int hub_start(struct hub *hub);

/* Has the configuration come into force once no instance is awaited any more. Main thread. Returns
 * 0, HUB_RELOAD_AWAITED (there is a mail for the main thread when that may have changed, and the
 * deadline, ns, monotonic), or an error as hub_create. */
MUST_CHECK int hub_finish_start(struct hub *hub, struct diagnostics *diagnostics);
int64_t hub_start_deadline(const struct hub *hub);

/* Starts the loops if an instance is awaited, and waits for it. Main thread. Returns what
 * hub_finish_start does. */
MUST_CHECK int hub_await_start(struct hub *hub, struct diagnostics *diagnostics);

/* Whether there is no configuration in force yet. Any thread. */
static inline bool hub_is_starting(const struct hub *hub)
{
    return atomic_load_explicit(&hub->is_starting, memory_order_acquire);
}

/* Stops the loops, ends the clients that are left, and destroys the instances and everything else.
 * The front must be gone. Main thread. NULL is fine. */
void hub_destroy(struct hub *hub);

/* A descriptor that is readable while there is work for the main thread, and that work: instances
 * that nobody uses any more are destroyed. Main thread. */
int hub_control_fd(const struct hub *hub);
void hub_run_control(struct hub *hub);

/* Hands work to the main thread. Any thread. */
void hub_post_control(struct hub *hub, struct mail *mail);

/* The endpoint that serves exactly this path at the moment, or NULL. Any thread. */
struct endpoint *hub_find_endpoint(struct hub *hub, const char *path);

/* One reference to the endpoint's newest set-up, which a plugin's thread needs for a while; NULL:
 * it has none. The server does not end before it is given back. Any thread. */
struct endpoint_setup *hub_hold_setup(struct endpoint *endpoint);
void hub_give_setup_back(struct endpoint *endpoint, struct endpoint_setup *setup);

/* Whether plugins' offloaded work or HTTP requests are waiting or under way. Any thread. */
bool hub_has_plugin_work(struct hub *hub);

/* How many clients an endpoint has (NULL: all endpoints). Any thread. */
uint32_t hub_client_count(const struct hub *hub, const struct endpoint *endpoint);

#endif
