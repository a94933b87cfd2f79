/*
 * What the files of the front share: its listeners and counts (front.c), and reloading
 * (front_reload.c).
 */
#ifndef SLUICE_FRONT_FRONT_INTERNAL_H
#define SLUICE_FRONT_FRONT_INTERNAL_H

#include "front/front.h"
#include "front/front_handler.h"
#include "front/front_listener.h"
#include "front/handshake_threads.h"
#include "front/handshakes.h"
#include "front/trusted_proxies.h"

#include <pthread.h>

/* The counts of closed listeners, so that no sum ever falls. */
struct closed_totals {
    unsigned long long responses[CIVETWEB_CONTEXT_STATUS_CLASSES];
    unsigned long long dropped[PENDING_DROP_COUNT];
};

struct front {
    pthread_mutex_t lock; /* of `listeners` and `closed`, for threads that read counts */
    struct front_listener **listeners; /* owned; in the configuration's order */
    size_t count;
    struct closed_totals closed;
    struct front_handler handler;
    struct trust trust;
    struct handshakes handshakes;
    struct handshake_threads *threads; /* owned; NULL: handshakes on the accepting threads */
};

#endif
