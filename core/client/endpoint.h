/*
 * An endpoint: a path, its clients on all loops, and the set-up that it has at the moment: what it
 * accepts and its pipeline.
 *
 * An endpoint is made on the main thread and lives as long as the hub, whether the configuration
 * still has it or not, so any thread may keep a pointer. A set-up is immutable and shared: each
 * loop, each client and the endpoint itself hold a reference, and a reload only makes new ones. So
 * what has begun with one set-up ends with it.
 */
#ifndef SLUICE_CLIENT_ENDPOINT_H
#define SLUICE_CLIENT_ENDPOINT_H

#include "base/error.h"
#include "client/close_counts.h"
#include "client/drain.h"
#include "config/config.h"
#include "delivery/fanout.h"
#include "delivery/receiver.h"
#include "ws/frame.h"

#include <stdatomic.h>

struct chain;
struct hub;

/* What became of the upgrades that the limits let through to the connect chain. */
#define UPGRADE_OUTCOMES(X)                                                                        \
    X(UPGRADE_OPENED, "opened")                                                                    \
    X(UPGRADE_DENIED, "denied")             /* by a plugin */                                      \
    X(UPGRADE_UNIDENTIFIED, "unidentified") /* identity: required, and no plugin has named it */   \
    X(UPGRADE_BANNED, "banned")             /* its identity is, or its address since it came */    \
    X(UPGRADE_UNAVAILABLE, "unavailable")   /* the server stops, or the endpoint comes or goes */  \
    X(UPGRADE_UNFINISHED, "unfinished")     /* the client left before, or memory ran out */

enum upgrade_outcome {
#define UPGRADE_OUTCOME_ENUM(name, text) name,
    UPGRADE_OUTCOMES(UPGRADE_OUTCOME_ENUM)
#undef UPGRADE_OUTCOME_ENUM
        UPGRADE_OUTCOME_COUNT
};

struct endpoint {
    char *path; /* owned */
    struct hub *hub;
    unsigned index; /* among the hub's endpoints */
    struct fanout fanout;
    struct endpoint_setup **loop_setups; /* owned; by loop, its thread's: what new clients get, one
                                            reference each. NULL: they are refused */
    struct endpoint_setup *setup;        /* the newest; guarded by the hub's setup_lock */
    _Atomic bool is_active;              /* the configuration has it */
    _Atomic bool has_on_publish;         /* its newest chain has: who publishes asks it */
    _Atomic bool has_listeners;          /* likewise: who emits an event has it heard */
    _Atomic uint32_t clients_max;
    _Atomic uint32_t clients_per_address; /* 0: no limit of its own */
    _Atomic uint32_t admitted;            /* clients that hold a place, connecting ones included */
    _Atomic uint32_t connected;           /* clients that are open or closing */
    _Atomic uint64_t upgrades[UPGRADE_OUTCOME_COUNT];
    struct close_counts closes;
    struct drain_scope drain; /* of this endpoint's clients */
    _Atomic uint64_t drained; /* clients that drains have closed */
};

struct endpoint_setup {
    _Atomic uint32_t references;
    struct endpoint *endpoint;
    struct config *owner; /* of `config`; one reference */
    const struct endpoint_config *config;
    struct chain *chain; /* owned */
    struct frame_limits limits;
    struct receiver_limits receiver_limits;
};

/* Makes an endpoint that is not active yet, with its audiences. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int endpoint_create(struct hub *hub, struct delivery *delivery, const char *path,
                               unsigned index, struct endpoint **out);

/* Counts an upgrade that has come to its end. Any thread. */
static inline void endpoint_count_upgrade(struct endpoint *endpoint, enum upgrade_outcome outcome)
{
    atomic_fetch_add_explicit(&endpoint->upgrades[outcome], 1, memory_order_relaxed);
}

/* Gives its set-ups up, when no loop runs any more. */
void endpoint_retire(struct endpoint *endpoint);

/* Frees; no client may be left. NULL is fine. */
void endpoint_destroy(struct endpoint *endpoint);

/* Messages are told apart from now on as the configuration says, for which a set-up was made. Main
 * thread. */
void endpoint_use_key(struct endpoint *endpoint, const struct endpoint_config *config);

/* What new clients of that loop get from now on; takes a reference, NULL: they are refused. Only
 * the loop's thread. */
void endpoint_switch_loop(struct endpoint *endpoint, unsigned loop, struct endpoint_setup *setup);

/* Makes a set-up with one reference; its chain is for the caller to make. Returns 0 or
 * ERR_NO_MEMORY. */
MUST_CHECK int endpoint_setup_create(struct endpoint *endpoint, struct config *owner,
                                     const struct endpoint_config *config,
                                     struct endpoint_setup **out);

/* One reference more. Any thread. */
struct endpoint_setup *endpoint_setup_ref(struct endpoint_setup *setup);

/* One reference less; the last one gives the chain's instances up. Any thread. NULL is fine. */
void endpoint_setup_unref(struct endpoint_setup *setup);

#endif
