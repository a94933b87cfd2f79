#include "front/front.h"

#include "base/log.h"
#include "front/listener.h"
#include "front/routes.h"
#include "front/server.h"
#include "front/tls.h"

#include <civetweb.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct front {
    struct listener *listeners; /* in the configuration's order */
    size_t listener_count;
    /* The first serves all plain listeners; each TLS listener has one of its own, because CivetWeb
     * has one TLS context for a server. */
    struct server *servers;
    size_t server_count;
    struct routes routes;
};

static int parse_listeners(struct front *front, const struct config *config,
                           struct diagnostics *diagnostics)
{
    int rc = OK;
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct listen_config *listen = &config->listeners[i];
        if (listener_parse(&front->listeners[i], listen->address, listen->tls != NULL) == OK)
            continue;
        diagnostics_add(diagnostics, listen->position,
                        "'%s' is not an address to listen on; write it like 0.0.0.0:8080, "
                        "[::1]:8080 or *:8080",
                        listen->address);
        rc = ERR_CONFIG;
    }
    return rc;
}

static const char *listen_advice(int error)
{
    switch (error) {
    case EADDRINUSE:
        return "another program, or another entry, listens there already";
    case EADDRNOTAVAIL:
        return "this machine has no such address";
    case EACCES:
        return "not permitted; ports below 1024 need root or CAP_NET_BIND_SERVICE";
    case EAFNOSUPPORT:
        return "this machine has no such address family; is IPv6 turned off?";
    default:
        return strerror(error);
    }
}

/* Finds every address that does not work, with its position; CivetWeb would only say that one of
 * them does not. All probes stay open until the last is made. */
static int probe_listeners(const struct front *front, const struct config *config,
                           struct diagnostics *diagnostics)
{
    int rc = OK;
    int *probes = calloc(front->listener_count, sizeof *probes);
    if (probes == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < front->listener_count; i++) {
        int error = listener_probe(&front->listeners[i], &probes[i]);
        if (error == 0)
            continue;
        diagnostics_add(diagnostics, config->listeners[i].position, "cannot listen on %s: %s",
                        config->listeners[i].address, listen_advice(error));
        rc = ERR_CONFIG;
    }
    for (size_t i = 0; i < front->listener_count; i++) {
        if (probes[i] >= 0)
            close(probes[i]);
    }
    free(probes);
    return rc;
}

static int start_server(struct front *front, const struct config *config,
                        struct listener *const *listeners, size_t count, struct position position,
                        struct diagnostics *diagnostics)
{
    struct server *server = &front->servers[front->server_count - 1];
    int rc = server_start(server, config, listeners, count);
    if (rc == ERR_SYSTEM) {
        diagnostics_add(diagnostics, position, "cannot start listening: %s", server->failure);
        return ERR_CONFIG;
    }
    return rc;
}

static struct server *add_server(struct front *front, const struct config *config)
{
    struct server *server = &front->servers[front->server_count++];
    server->workers = config->front_workers;
    server->handler = (struct handler){.handle = routes_handle,
                                       .handle_unreadable = routes_handle_unreadable,
                                       .context = &front->routes};
    return server;
}

static int start_plain(struct front *front, const struct config *config,
                       struct diagnostics *diagnostics)
{
    struct listener **plain = calloc(front->listener_count, sizeof *plain);
    struct position position = {0};
    size_t count = 0;
    if (plain == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < front->listener_count; i++) {
        if (front->listeners[i].tls)
            continue;
        if (count == 0)
            position = config->listeners[i].position;
        plain[count++] = &front->listeners[i];
    }
    int rc = OK;
    if (count > 0) {
        add_server(front, config);
        rc = start_server(front, config, plain, count, position, diagnostics);
    }
    free(plain);
    return rc;
}

static int start_tls(struct front *front, const struct config *config, SSL_CTX **contexts,
                     struct diagnostics *diagnostics)
{
    int rc = OK;
    for (size_t i = 0; i < front->listener_count && rc == OK; i++) {
        struct listener *listener = &front->listeners[i];
        if (!listener->tls)
            continue;
        add_server(front, config)->tls = contexts[i];
        contexts[i] = NULL; /* now the server's */
        rc = start_server(front, config, &listener, 1, config->listeners[i].position, diagnostics);
    }
    return rc;
}

static void free_contexts(SSL_CTX **contexts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        SSL_CTX_free(contexts[i]);
    free(contexts);
}

/* One TLS context for each listener, NULL for the plain ones; free_contexts. Tries all of them, so
 * that every mistake is reported. */
static int load_contexts(const struct config *config, struct diagnostics *diagnostics,
                         SSL_CTX ***out)
{
    SSL_CTX **contexts = calloc(config->listener_count + 1, sizeof(SSL_CTX *));
    int rc = OK;
    if (contexts == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct tls_config *tls = config->listeners[i].tls;
        if (tls == NULL)
            continue;
        int one = tls_context_create(tls, diagnostics, &contexts[i]);
        if (one == ERR_TLS)
            diagnostics_add(diagnostics, config->listeners[i].position,
                            "TLS could not be set up for %s", config->listeners[i].address);
        if (one != OK)
            rc = ERR_CONFIG;
    }
    if (rc != OK) {
        free_contexts(contexts, config->listener_count);
        return rc;
    }
    *out = contexts;
    return OK;
}

static struct front *front_allocate(size_t listener_count)
{
    struct front *front = calloc(1, sizeof *front);
    if (front == NULL)
        return NULL;
    front->listener_count = listener_count;
    front->listeners = calloc(listener_count + 1, sizeof *front->listeners);
    front->servers = calloc(listener_count + 1, sizeof *front->servers);
    if (front->listeners != NULL && front->servers != NULL)
        return front;
    free(front->listeners);
    free(front->servers);
    free(front);
    return NULL;
}

static int start_all(struct front *front, const struct config *config,
                     struct diagnostics *diagnostics)
{
    SSL_CTX **contexts = NULL;
    int addresses = parse_listeners(front, config, diagnostics);
    int rc = load_contexts(config, diagnostics, &contexts);
    if (addresses == OK)
        addresses = probe_listeners(front, config, diagnostics);
    if (rc != OK)
        return rc;
    rc = addresses;
    if (rc == OK)
        rc = start_plain(front, config, diagnostics);
    if (rc == OK)
        rc = start_tls(front, config, contexts, diagnostics);
    free_contexts(contexts, config->listener_count);
    return rc;
}

int front_create(const struct config *config, struct hub *hub, struct diagnostics *diagnostics,
                 struct front **out)
{
    struct front *front = front_allocate(config->listener_count);
    if (front == NULL)
        return ERR_NO_MEMORY;
    front->routes = (struct routes){.hub = hub, .demo_page = config->demo_page};
    mg_init_library(MG_FEATURES_TLS | MG_FEATURES_IPV6);
    int rc = start_all(front, config, diagnostics);
    if (rc != OK) {
        front_destroy(front);
        return rc;
    }
    *out = front;
    return OK;
}

int front_check(const struct config *config, struct diagnostics *diagnostics)
{
    SSL_CTX **contexts = NULL;
    int rc = load_contexts(config, diagnostics, &contexts);
    if (rc == OK)
        free_contexts(contexts, config->listener_count);
    return rc;
}

size_t front_listener_count(const struct front *front)
{
    return front->listener_count;
}

void front_listener_url(const struct front *front, size_t index, char *url, size_t size)
{
    listener_url(&front->listeners[index], url, size);
}

unsigned long long front_responses(const struct front *front, unsigned hundreds)
{
    unsigned long long sum = 0;
    for (size_t i = 0; i < front->server_count && hundreds < SERVER_STATUS_CLASSES; i++)
        sum += atomic_load_explicit(&front->servers[i].responses[hundreds], memory_order_relaxed);
    return sum;
}

size_t front_waiting(const struct front *front)
{
    size_t sum = 0;
    for (size_t i = 0; i < front->server_count; i++)
        sum += atomic_load_explicit(&front->servers[i].waiting_stats.waiting, memory_order_relaxed);
    return sum;
}

unsigned long long front_dropped(const struct front *front, enum waiting_drop reason)
{
    unsigned long long sum = 0;
    for (size_t i = 0; i < front->server_count; i++)
        sum += atomic_load_explicit(&front->servers[i].waiting_stats.dropped[reason],
                                    memory_order_relaxed);
    return sum;
}

void front_stop(struct front *front)
{
    for (size_t i = 0; i < front->server_count; i++)
        server_stop(&front->servers[i]);
}

void front_destroy(struct front *front)
{
    if (front == NULL)
        return;
    front_stop(front);
    mg_exit_library();
    free(front->listeners);
    free(front->servers);
    free(front);
}
