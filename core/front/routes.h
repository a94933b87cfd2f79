/*
 * What a request is answered with: an upgrade of an endpoint, the demo page, or a refusal.
 *
 * On CivetWeb's workers, many at once.
 */
#ifndef SLUICE_FRONT_ROUTES_H
#define SLUICE_FRONT_ROUTES_H

#include "base/address.h"

#include <stdatomic.h>
#include <stdbool.h>

struct hub;
struct mg_connection;

struct routes {
    struct hub *hub;       /* borrowed */
    atomic_bool demo_page; /* at "/"; a reload may change it */
};

/* Answers the connection's request, or detaches it and hands it to the hub as a client of the
 * address `from`. `context` is the struct routes. Returns the HTTP status (101 for an upgrade). */
int routes_handle(const void *context, struct mg_connection *conn, const struct address *from);

/* Answers a request that cannot be read, for the reason in `sentence`. Returns the HTTP status. */
int routes_handle_unreadable(struct mg_connection *conn, int status, const char *sentence);

#endif
