#include "front/front_listener.h"

#include "front/front_handler.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

static int parse_bind_address(struct front_listener *listener, const struct listen_config *config,
                              struct diagnostics *diagnostics)
{
    if (bind_address_parse(&listener->address, config->address, config->tls != NULL) == OK)
        return OK;
    diagnostics_add(diagnostics, config->position,
                    "'%s' is not an address to listen on; write it like 0.0.0.0:8080, "
                    "[::1]:8080 or *:8080",
                    config->address);
    return ERR_CONFIG;
}

int front_listener_create(const struct listen_config *config, SSL_CTX *tls, unsigned workers,
                          const struct front_handler *front_handler,
                          struct diagnostics *diagnostics, struct front_listener **out)
{
    struct front_listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL || (listener->configured = strdup(config->address)) == NULL) {
        free(listener);
        SSL_CTX_free(tls);
        return ERR_NO_MEMORY;
    }
    listener->civetweb.tls = tls;
    listener->civetweb.workers = workers;
    listener->civetweb.handler =
        (struct request_handler){.handle = front_handler_answer,
                                 .handle_unreadable = front_handler_answer_unreadable,
                                 .context = front_handler};
    int error = parse_bind_address(listener, config, diagnostics);
    if (error != OK) {
        front_listener_destroy(listener);
        return error;
    }
    *out = listener;
    return OK;
}

static const char *listen_advice(int error, bool is_ours)
{
    switch (error) {
    case EADDRINUSE:
        return is_ours ? "this server does so already, in another way: from plain to TLS, back, or "
                         "to an address that overlaps, a listener changes only with a restart"
                       : "another program, or another entry, listens there already";
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

int front_listener_probe(const struct front_listener *listener, const struct listen_config *config,
                         bool is_ours, struct diagnostics *diagnostics, int *probe)
{
    int error = bind_address_probe(&listener->address, probe);
    if (error == 0)
        return OK;
    diagnostics_add(diagnostics, config->position, "cannot listen on %s: %s", config->address,
                    listen_advice(error, is_ours));
    return ERR_CONFIG;
}

int front_listener_open(struct front_listener *listener, const struct config *config,
                        struct position position, struct diagnostics *diagnostics)
{
    int error = civetweb_context_start(&listener->civetweb, config, &listener->address);
    if (error != ERR_SYSTEM)
        return error;
    diagnostics_add(diagnostics, position, "cannot start listening: %s",
                    listener->civetweb.failure);
    return ERR_CONFIG;
}

void front_listener_destroy(struct front_listener *listener)
{
    if (listener == NULL)
        return;
    civetweb_context_stop(&listener->civetweb);
    free(listener->configured);
    free(listener);
}
