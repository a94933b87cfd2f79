/*
 * A listener of the front: one entry of `listen` with the CivetWeb context behind it.
 *
 * Main thread; any thread may read the context's counts.
 */
#ifndef SLUICE_FRONT_FRONT_LISTENER_H
#define SLUICE_FRONT_FRONT_LISTENER_H

#include "config/config.h"
#include "config/diagnostics.h"
#include "front/bind_address.h"
#include "front/civetweb_context.h"

struct front_handler;

struct front_listener {
    char *configured; /* owned; the address as the configuration has it */
    struct bind_address address;
    struct civetweb_context civetweb;
};

/* Makes a listener that does not listen yet. Takes `tls` (NULL: plain) in every case; borrows
 * `handler`. Returns 0, ERR_CONFIG (not an address) or ERR_NO_MEMORY. */
MUST_CHECK int front_listener_create(const struct listen_config *config, SSL_CTX *tls,
                                     unsigned workers, const struct front_handler *handler,
                                     struct diagnostics *diagnostics, struct front_listener **out);

/* Checks whether this machine lets us listen there. The caller closes *probe when all addresses
 * have been tried, so that two entries of one configuration collide too. `is_ours`: a listener of
 * this process that is about to stop has the port, which changes the message. Returns 0 or
 * ERR_CONFIG. */
MUST_CHECK int front_listener_probe(const struct front_listener *listener,
                                    const struct listen_config *config, bool is_ours,
                                    struct diagnostics *diagnostics, int *probe);

/* Starts listening. Returns 0, ERR_CONFIG or ERR_NO_MEMORY. */
MUST_CHECK int front_listener_open(struct front_listener *listener, const struct config *config,
                                   struct position position, struct diagnostics *diagnostics);

/* Stops listening, if it does, and frees. NULL is fine. */
void front_listener_destroy(struct front_listener *listener);

#endif
