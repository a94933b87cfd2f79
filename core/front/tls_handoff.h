/*
 * Hands TLS connections off: from the accepting thread, which has done the handshake, to the worker
 * that CivetWeb gives the socket to.
 *
 * Any thread; one lock.
 */
#ifndef SLUICE_FRONT_TLS_HANDOFF_H
#define SLUICE_FRONT_TLS_HANDOFF_H

#include "base/error.h"
#include "front/pending.h"

#include <pthread.h>

#define TLS_HANDOFF_BUCKETS 256

struct tls_handoff {
    pthread_mutex_t lock;
    struct pending_queue buckets[TLS_HANDOFF_BUCKETS]; /* by socket; accepted, not yet claimed */
};

void tls_handoff_init(struct tls_handoff *handoff);

/* Closes what was never claimed. */
void tls_handoff_deinit(struct tls_handoff *handoff);

/* Takes a connection whose socket CivetWeb has been given. Frees an unclaimed one with the same
 * socket number: CivetWeb has closed that socket. */
void tls_handoff_put(struct tls_handoff *handoff, struct pending *pending);

/* Gives the socket's TLS state to the caller. Returns whether there was any. */
MUST_CHECK bool tls_handoff_claim(struct tls_handoff *handoff, int socket, struct pending_tls *out);

#endif
