/*
 * A drain closes the clients of the server, or of one endpoint, with 1012, spread evenly over a
 * time. New clients are refused from then on, until the drain is stopped.
 *
 * A scope (the server's, an endpoint's) says which drain is in force; any thread reads it, one at a
 * time changes it. Each loop closes its own clients, in portions (client/sweep.h). A loop whose
 * drain is not in force any more, since it was stopped or another has taken its place, ends it.
 */
#ifndef SLUICE_CLIENT_DRAIN_H
#define SLUICE_CLIENT_DRAIN_H

#include "base/error.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct endpoint;
struct shard;
struct shard_set;

#define DRAIN_TICK (50 * INT64_C(1000000)) /* ns between two portions */

/* Zeroed: nothing is drained. */
struct drain_scope {
    _Atomic uint64_t number; /* of the drain in force; 0: none */
    _Atomic int64_t from;    /* new clients are refused, and others closed; monotonic ns */
    _Atomic int64_t until;   /* all are to be closed by then; monotonic ns */
    _Atomic uint64_t closed; /* clients that it has closed */
};

/* What is to be drained, and how fast. */
struct drain_plan {
    struct drain_scope *scope;
    const struct endpoint *endpoint; /* NULL: all clients */
    int64_t from;                    /* monotonic ns */
    int64_t until;
    uint32_t at_least;  /* clients closed each tick by each loop: few clients take less time */
    const char *reason; /* of the closes; static */
    bool reports;       /* the log tells how far it is: once a second, or each tenth of the time */
};

static inline bool drain_is_on(const struct drain_scope *scope)
{
    return atomic_load_explicit(&scope->number, memory_order_acquire) != 0;
}

/* Whether new clients are refused now. */
bool drain_refuses(const struct drain_scope *scope);

/* Puts a drain in force, in the place of the scope's earlier one, and tells all loops. Returns 0 or
 * ERR_NO_MEMORY: nothing has changed. */
MUST_CHECK int drain_begin(struct shard_set *set, const struct drain_plan *plan);

/* Nothing is drained any more. Clients that have been told to go still go. */
void drain_stop(struct drain_scope *scope);

/* Ends the drains of a loop that ends. Its thread. */
void drain_end_all(struct shard *shard);

#endif
