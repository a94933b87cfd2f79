/*
 * Who sends a request to the admin listener: what it may do, and how the log calls it.
 *
 * On the CivetWeb worker that runs the request's callback.
 */
#ifndef SLUICE_ADMIN_CALLER_H
#define SLUICE_ADMIN_CALLER_H

#include "admin/admin_token.h"
#include "admin/request_slots.h"

struct mg_connection;

#define CALLER_TEXT_MAX 192 /* bytes */

struct caller {
    struct admin_token_owner owner; /* of the request's token */
    struct request_slot slot;       /* that the request holds */
};

/* Notes the caller for as long as the request is handled; NULL: nothing more. Borrowed. */
void caller_set(struct mg_connection *conn, struct caller *caller);

/* What has been noted, or NULL. */
struct caller *caller_get(const struct mg_connection *conn);

/* Writes "user 1000 through the Unix socket" or "127.0.0.1, port 50123, token grafana". */
void caller_describe(const struct mg_connection *conn, char text[CALLER_TEXT_MAX]);

#endif
