/*
 * A ring: writes to several sockets that go to the kernel in one system call (io_uring).
 *
 * One thread at a time. The writes are queued one after the other and made by ring_run, which
 * returns when the kernel has said what became of each: no write waits for its socket, so ring_run
 * does not wait either. Without liburing at build time there are no rings.
 */
#ifndef SLUICE_DELIVERY_RING_H
#define SLUICE_DELIVERY_RING_H

#include "base/error.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct ring;

/* Outcomes that are no number of bytes and no negated errno. */
enum {
    RING_UNKNOWN = INT_MIN, /* the kernel has taken the write and not said what became of it */
    RING_NOT_TAKEN          /* nothing was written */
};

/* Whether this build has rings at all. */
bool ring_is_built_in(void);

/* Makes a ring for `entries` writes at once and tries it out, so that what the kernel or a filter
 * of system calls refuses is found here. Returns 0, or ERR_NO_MEMORY or ERR_SYSTEM with a reason,
 * in static storage. */
MUST_CHECK int ring_create(unsigned entries, struct ring **out, const char **reason);

/* NULL is fine. */
void ring_destroy(struct ring *ring);

/* The memory that it takes, the kernel's share included; bytes. */
size_t ring_bytes(const struct ring *ring);

/* Queues a write; at most `entries` between two runs. The message and what it refers to must stay
 * until ring_run. */
void ring_queue(struct ring *ring, int socket, const struct msghdr *message);

/* Makes the queued writes. `outcomes` gets, in the order in which they were queued, how many bytes
 * each has written, or a negated errno. Returns 0, or ERR_SYSTEM: the ring is of no use any more,
 * and an outcome may be one of those above. */
MUST_CHECK int ring_run(struct ring *ring, int *outcomes);

#endif
