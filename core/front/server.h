/*
 * One CivetWeb server: a listener with its workers, its waiting room and, if any, its TLS context.
 *
 * Started and stopped on the main thread; runs CivetWeb's own threads in between.
 */
#ifndef SLUICE_FRONT_SERVER_H
#define SLUICE_FRONT_SERVER_H

#include "base/address.h"
#include "base/error.h"
#include "config/config.h"
#include "front/listener.h"
#include "front/trusted_proxies.h"
#include "front/waiting_room.h"

#include <openssl/types.h>
#include <pthread.h>
#include <stdatomic.h>

struct mg_connection;
struct mg_context;

#define SERVER_FAILURE_MAX 256
#define SERVER_STATUS_CLASSES 6 /* responses are counted by the hundreds of their status */

/* Who answers a server's requests; called on its workers, many at once. Both functions return the
 * HTTP status that they answered with. `from`: where the request comes from, by the word of trusted
 * proxies if it came through some. */
struct handler {
    int (*handle)(const void *context, struct mg_connection *conn, const struct address *from);
    /* The request cannot be read; one sentence says why. */
    int (*handle_unreadable)(struct mg_connection *conn, int status, const char *sentence);
    const void *context; /* borrowed */
};

struct server {
    struct handler handler;
    unsigned workers;    /* threads */
    SSL_CTX *tls;        /* owned; NULL: plain; the first one, once started CivetWeb's own */
    struct trust *trust; /* borrowed; NULL: no proxy is trusted */
    struct descriptors *descriptors; /* borrowed; NULL: the reserve may be used */
    struct handshakes *handshakes;   /* borrowed; NULL: without TLS */
    struct mg_context *context;
    struct waiting_room *waiting_room; /* owned */
    struct waiting_stats waiting_stats;
    atomic_ullong responses[SERVER_STATUS_CLASSES];
    atomic_bool starting;
    pthread_t starter; /* whose messages tell why a start fails */
    char failure[SERVER_FAILURE_MAX];
};

/* Starts listening with the configuration's limits, and stores the port that the kernel chose in
 * `listener`. Neither the server may move afterwards nor is the configuration needed any more.
 * Returns 0, or ERR_SYSTEM with the reason in `failure`, or ERR_NO_MEMORY. */
MUST_CHECK int server_start(struct server *server, const struct config *config,
                            struct listener *listener);

/* Connections made from now on get this context; only for a server that has one. Any thread. */
void server_use_tls(struct server *server, SSL_CTX *tls);

/* Stops listening, waits for the threads, closes all that still wait, frees the TLS context. The
 * counts can still be read. Also after a failed start. */
void server_stop(struct server *server);

#endif
