/*
 * How the file descriptors that the process may have are shared out: clients, connections that are
 * not clients (yet), and a reserve for the admin listener, plugins and reloads.
 *
 * The kernel gives the lowest free number, so the number of a new descriptor says how many are in
 * use. Any thread; descriptors_share before the threads start.
 */
#ifndef SLUICE_BASE_DESCRIPTORS_H
#define SLUICE_BASE_DESCRIPTORS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct descriptors {
    uint32_t most;          /* RLIMIT_NOFILE */
    uint32_t for_clients;   /* how many clients there may be for that reason */
    uint32_t for_strangers; /* connections from elsewhere have numbers below this one */
    _Atomic int64_t told;   /* monotonic, ns: when the shortage was logged last; 0: never */
    atomic_uint wanted;     /* by listeners that have nothing to give up, of those that have */
    _Atomic int64_t wanted_until; /* monotonic, ns: not later */
};

/* Shares out what there is beyond what is in use already. */
void descriptors_share(struct descriptors *descriptors);

/* A newcomer was refused although its listener had no connection to give up for it: other listeners
 * are to give up a few of theirs. `now` is monotonic, in ns. */
void descriptors_want(struct descriptors *descriptors, int64_t now);

/* Whether one is wanted now, which the caller then gives up. */
bool descriptors_are_wanted(struct descriptors *descriptors, int64_t now);

/* Says in the log that descriptors are used up, at most once a minute. */
void descriptors_tell(struct descriptors *descriptors);

#endif
