/*
 * Handing connections with TLS over: from the thread that has shaken hands to the worker that
 * CivetWeb gives the socket to.
 *
 * Any thread; one lock.
 */
#ifndef SLUICE_FRONT_HANDOVER_H
#define SLUICE_FRONT_HANDOVER_H

#include "base/error.h"
#include "front/guest.h"

#include <pthread.h>

#define HANDOVER_BUCKETS 256

struct handover {
    pthread_mutex_t lock;
    struct guest_queue buckets[HANDOVER_BUCKETS]; /* by socket; accepted and not yet claimed */
};

void handover_init(struct handover *handover);

/* Closes what was never claimed. */
void handover_deinit(struct handover *handover);

/* Takes a guest whose socket CivetWeb has been given. One of the same socket that was never claimed
 * is freed: CivetWeb has closed its socket. */
void handover_put(struct handover *handover, struct guest *guest);

/* Gives the socket's TLS state to the caller. Returns whether there was any. */
MUST_CHECK bool handover_claim(struct handover *handover, int socket, struct guest_tls *out);

#endif
