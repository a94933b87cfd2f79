/*
 * The HTTP client's own: what its thread (http_thread.c) and its callers (http_client.c) share.
 */
#ifndef SLUICE_HTTP_HTTP_CLIENT_INTERNAL_H
#define SLUICE_HTTP_HTTP_CLIENT_INTERNAL_H

#include "http/http_client.h"
#include "http/http_transfers.h"

#include <pthread.h>
#include <stdatomic.h>

struct http_client {
    _Atomic uint32_t keyed;   /* exchanges that have a key and have not ended */
    pthread_mutex_t lock;     /* of what follows, and of all owners */
    struct hash_table by_key; /* those exchanges */
    struct http_queue queue;
    uint32_t tied; /* exchanges that end with their owners, and have not ended */
    uint32_t hanging_lookups;
    bool is_started;
    bool is_stopped;
    bool is_woken;      /* the thread is about to look */
    bool is_over;       /* the thread has ended, or is about to, and looks no more */
    bool has_cancelled; /* some that are under way are to be ended */
    bool waits;         /* it waits in `transfers` when it has nothing to do */
    pthread_t thread;
    struct http_transfers transfers; /* the thread's, and what follows */
    int64_t told_at;                 /* that requests fail; monotonic, ns; 0: never */
};

/* The thread, until the client is stopped. `argument`: the client. */
void *http_thread_run(void *argument);

/* An exchange has an outcome, or has been cancelled, and is nobody's any more. With the lock. */
void http_client_settle(struct http_client *client, struct http_exchange *exchange);

/* An exchange that is about to end is no more to be ended with its owner. With the lock. */
void http_client_untie(struct http_client *client, struct http_exchange *exchange);

/* Hands the exchanges of a list back to whom they came from. Without the lock. */
void http_client_hand_back(struct http_exchange *list);

#endif
