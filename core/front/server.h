/*
 * One CivetWeb server: a set of listeners that share workers and, if any, a TLS context.
 *
 * Started and stopped on the main thread; runs CivetWeb's own threads in between.
 */
#ifndef SLUICE_FRONT_SERVER_H
#define SLUICE_FRONT_SERVER_H

#include "base/error.h"
#include "config/config.h"
#include "front/listener.h"
#include "front/routes.h"

#include <openssl/types.h>
#include <pthread.h>
#include <stdatomic.h>

struct mg_context;

#define SERVER_FAILURE_MAX 256

struct server {
    struct routes routes;
    SSL_CTX *tls; /* owned; NULL: plain */
    struct mg_context *context;
    atomic_bool starting;
    pthread_t starter; /* whose messages tell why a start fails */
    char failure[SERVER_FAILURE_MAX];
};

/* Starts listening on `listeners` (at least one) with the configuration's workers and limits, and
 * stores the ports that the kernel chose in them. The server must not move afterwards.
 * Returns 0, or ERR_SYSTEM with the reason in `failure`, or ERR_NO_MEMORY. */
MUST_CHECK int server_start(struct server *server, const struct config *config,
                            struct listener *const *listeners, size_t count);

/* Stops listening, waits for the threads, frees the TLS context. Also after a failed start. */
void server_stop(struct server *server);

#endif
