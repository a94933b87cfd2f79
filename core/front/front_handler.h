/*
 * Answers the requests of the front: with an upgrade of an endpoint, the demo page, or a refusal.
 *
 * On CivetWeb's workers, many at once.
 */
#ifndef SLUICE_FRONT_FRONT_HANDLER_H
#define SLUICE_FRONT_FRONT_HANDLER_H

#include "base/address.h"

#include <stdatomic.h>
#include <stdbool.h>

struct hub;
struct mg_connection;

struct front_handler {
    struct hub *hub;       /* borrowed */
    atomic_bool demo_page; /* at "/"; a reload may change it */
};

/* Answers the connection's request, or detaches it and hands it to the hub as a client of the
 * address `from`. `context` is the struct front_handler. Returns the HTTP status (101 for an
 * upgrade). */
int front_handler_answer(const void *context, struct mg_connection *conn,
                         const struct address *from);

/* Answers a request that cannot be read, for the reason in `sentence`. Returns the HTTP status. */
int front_handler_answer_unreadable(struct mg_connection *conn, int status, const char *sentence);

#endif
