/*
 * Draining: clients are closed at a pace, new ones are refused, and /readyz says so. As the server
 * stops, or because the administrator asks for it, of the server or of an endpoint.
 *
 * Any thread.
 */
#ifndef SLUICE_HUB_DRAIN_H
#define SLUICE_HUB_DRAIN_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct endpoint;
struct hub;

enum drain_state {
    DRAIN_NONE,
    DRAIN_WAITING, /* new clients come in still, until shutdown.delay is over */
    DRAIN_CLOSING,
    DRAIN_DONE /* all clients are gone; new ones are refused until it is stopped */
};

struct drain_status {
    enum drain_state state;
    int64_t left; /* ns until all clients are to be closed */
    uint64_t closed;
    uint32_t clients; /* that are there */
};

/* The server is about to stop: /readyz fails, and drains can be neither begun nor stopped. */
void hub_announce_stop(struct hub *hub);

/* The server stops: nobody is admitted any more, and all clients are closed, spread over half of
 * `grace` ns, or sooner if they are few. */
void hub_drain(struct hub *hub, int64_t grace);

/* Drains an endpoint (NULL: the server) over `over` ns (negative: shutdown.grace), at another pace
 * if it is drained already. The server's drain begins with shutdown.delay, in which new clients
 * come in still. `who` asks for it, for the log. Returns 0, ERR_NO_MEMORY, or ERR_CLOSED: the
 * server is stopping. */
MUST_CHECK int hub_drain_begin(struct hub *hub, struct endpoint *endpoint, int64_t over,
                               const char *who);

/* Stops the drain of an endpoint (NULL: all drains), which `who` asks for. *stopped (NULL is fine)
 * is how many were on. Returns 0 or ERR_CLOSED: the server is stopping. */
MUST_CHECK int hub_drain_stop(struct hub *hub, struct endpoint *endpoint, const char *who,
                              size_t *stopped);

/* How far the drain of an endpoint (NULL: the server's) is. */
void hub_drain_read(struct hub *hub, const struct endpoint *endpoint, struct drain_status *out);

/* Whether the whole server drains, or is about to stop. */
bool hub_is_draining(const struct hub *hub);

/* Whether new clients of an endpoint are refused for a drain. */
bool hub_drain_refuses(const struct hub *hub, const struct endpoint *endpoint);

/* A word for each state: "none", "waiting", "closing", "drained". */
const char *drain_state_text(enum drain_state state);

#endif
