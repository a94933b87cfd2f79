/*
 * One CivetWeb context: a bind address with its workers, its accept queue and, if any, its TLS
 * context.
 *
 * Started and stopped on the main thread; runs CivetWeb's own threads in between.
 */
#ifndef SLUICE_FRONT_CIVETWEB_CONTEXT_H
#define SLUICE_FRONT_CIVETWEB_CONTEXT_H

#include "base/address.h"
#include "base/error.h"
#include "config/config.h"
#include "front/accept_queue.h"
#include "front/bind_address.h"
#include "front/trusted_proxies.h"

#include <openssl/types.h>
#include <pthread.h>
#include <stdatomic.h>

struct mg_connection;
struct mg_context;

#define CIVETWEB_CONTEXT_FAILURE_MAX 256
/* Responses are counted by the hundreds of their status. */
#define CIVETWEB_CONTEXT_STATUS_CLASSES 6

/* Answers the requests of a context; called on its workers, many at once. Both functions return the
 * HTTP status that they answered with. `from`: where the request comes from, by the word of trusted
 * proxies if it came through some. */
struct request_handler {
    int (*handle)(const void *context, struct mg_connection *conn, const struct address *from);
    /* The request cannot be read; one sentence says why. */
    int (*handle_unreadable)(struct mg_connection *conn, int status, const char *sentence);
    const void *context; /* borrowed */
};

struct civetweb_context {
    struct request_handler handler;
    unsigned workers;    /* threads */
    SSL_CTX *tls;        /* owned; NULL: plain; the first one, once started CivetWeb's own */
    struct trust *trust; /* borrowed; NULL: no proxy is trusted */
    struct descriptors *descriptors;   /* borrowed; NULL: the reserve may be used */
    struct handshakes *handshakes;     /* borrowed; NULL: without TLS */
    struct handshake_threads *threads; /* borrowed; NULL: handshakes on the accepting thread */
    struct mg_context *mg;
    struct accept_queue *accept_queue; /* owned */
    struct accept_queue_stats accept_stats;
    atomic_ullong responses[CIVETWEB_CONTEXT_STATUS_CLASSES];
    _Atomic int64_t certificate_end; /* wall clock, ns; 0: plain */
    atomic_bool starting;
    pthread_t starter; /* whose messages tell why a start fails */
    char failure[CIVETWEB_CONTEXT_FAILURE_MAX];
};

/* Starts listening with the configuration's limits, and stores the port that the kernel chose in
 * `address`. The context must not move afterwards; the configuration is not needed any more.
 * Returns 0, or ERR_SYSTEM with the reason in `failure`, or ERR_NO_MEMORY. */
MUST_CHECK int civetweb_context_start(struct civetweb_context *civetweb,
                                      const struct config *config, struct bind_address *address);

/* Connections made from now on get this context; only for a context that has one. Any thread. */
void civetweb_context_use_tls(struct civetweb_context *civetweb, SSL_CTX *tls);

/* Stops listening, waits for the threads, closes all that still wait, frees the TLS context. The
 * counts can still be read. Also after a failed start. */
void civetweb_context_stop(struct civetweb_context *civetweb);

#endif
