/*
 * An entrance: one listening address of the front with the server behind it.
 *
 * Main thread; the server's counts may be read by any thread.
 */
#ifndef SLUICE_FRONT_ENTRANCE_H
#define SLUICE_FRONT_ENTRANCE_H

#include "config/config.h"
#include "config/diagnostics.h"
#include "front/listener.h"
#include "front/server.h"

struct routes;

struct entrance {
    char *address; /* owned; as configured */
    struct listener listener;
    struct server server;
};

/* Makes one that does not listen yet. Takes `tls` (NULL: plain) in every case. Returns 0,
 * ERR_CONFIG (not an address) or ERR_NO_MEMORY. */
MUST_CHECK int entrance_create(const struct listen_config *config, SSL_CTX *tls, unsigned workers,
                               const struct routes *routes, struct diagnostics *diagnostics,
                               struct entrance **out);

/* Whether this machine lets us listen there; the caller closes *probe when all have been tried, so
 * that two of one configuration collide too. `is_ours`: a listener of this server that is about to
 * go has the port, which says why there is none. Returns 0 or ERR_CONFIG. */
MUST_CHECK int entrance_probe(const struct entrance *entrance, const struct listen_config *config,
                              bool is_ours, struct diagnostics *diagnostics, int *probe);

/* Starts listening. Returns 0, ERR_CONFIG or ERR_NO_MEMORY. */
MUST_CHECK int entrance_open(struct entrance *entrance, const struct config *config,
                             struct position position, struct diagnostics *diagnostics);

/* Stops listening, if it does, and frees. NULL is fine. */
void entrance_destroy(struct entrance *entrance);

#endif
