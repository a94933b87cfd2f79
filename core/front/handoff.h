/*
 * Hands connections off: from the accepting thread to the worker that CivetWeb gives the socket to,
 * with the TLS state if there is any. CivetWeb does not close the sockets that wait for a worker
 * when it stops, so they stay here until a worker claims them.
 *
 * Any thread; one lock.
 */
#ifndef SLUICE_FRONT_HANDOFF_H
#define SLUICE_FRONT_HANDOFF_H

#include "base/error.h"
#include "front/pending.h"

#include <pthread.h>

#define HANDOFF_BUCKETS 256

struct handoff {
    pthread_mutex_t lock;
    struct pending_queue buckets[HANDOFF_BUCKETS]; /* by socket; accepted, not yet claimed */
};

void handoff_init(struct handoff *handoff);

/* Closes the sockets that were never claimed. */
void handoff_deinit(struct handoff *handoff);

/* Takes a connection whose socket CivetWeb has been given. Frees an unclaimed one with the same
 * socket number: CivetWeb has closed that socket. */
void handoff_put(struct handoff *handoff, struct pending *pending);

/* Gives the socket and its TLS state to the caller. Returns whether the socket was here, and not
 * claimed yet. */
MUST_CHECK bool handoff_claim(struct handoff *handoff, int socket, struct pending_tls *out);

#endif
