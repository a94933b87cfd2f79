#include "front/entrance.h"

#include "front/routes.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

static int parse(struct entrance *entrance, const struct listen_config *config,
                 struct diagnostics *diagnostics)
{
    if (listener_parse(&entrance->listener, config->address, config->tls != NULL) == OK)
        return OK;
    diagnostics_add(diagnostics, config->position,
                    "'%s' is not an address to listen on; write it like 0.0.0.0:8080, "
                    "[::1]:8080 or *:8080",
                    config->address);
    return ERR_CONFIG;
}

int entrance_create(const struct listen_config *config, SSL_CTX *tls, unsigned workers,
                    const struct routes *routes, struct diagnostics *diagnostics,
                    struct entrance **out)
{
    struct entrance *entrance = calloc(1, sizeof *entrance);
    if (entrance == NULL || (entrance->address = strdup(config->address)) == NULL) {
        free(entrance);
        SSL_CTX_free(tls);
        return ERR_NO_MEMORY;
    }
    entrance->server.tls = tls;
    entrance->server.workers = workers;
    entrance->server.handler = (struct handler){
        .handle = routes_handle, .handle_unreadable = routes_handle_unreadable, .context = routes};
    int error = parse(entrance, config, diagnostics);
    if (error != OK) {
        entrance_destroy(entrance);
        return error;
    }
    *out = entrance;
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

int entrance_probe(const struct entrance *entrance, const struct listen_config *config,
                   bool is_ours, struct diagnostics *diagnostics, int *probe)
{
    int error = listener_probe(&entrance->listener, probe);
    if (error == 0)
        return OK;
    diagnostics_add(diagnostics, config->position, "cannot listen on %s: %s", config->address,
                    listen_advice(error, is_ours));
    return ERR_CONFIG;
}

int entrance_open(struct entrance *entrance, const struct config *config, struct position position,
                  struct diagnostics *diagnostics)
{
    int error = server_start(&entrance->server, config, &entrance->listener);
    if (error != ERR_SYSTEM)
        return error;
    diagnostics_add(diagnostics, position, "cannot start listening: %s", entrance->server.failure);
    return ERR_CONFIG;
}

void entrance_destroy(struct entrance *entrance)
{
    if (entrance == NULL)
        return;
    server_stop(&entrance->server);
    free(entrance->address);
    free(entrance);
}
