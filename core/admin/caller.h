/*
 * Who sends a request to the admin listener, for the log.
 *
 * On the CivetWeb worker that runs the request's callback.
 */
#ifndef SLUICE_ADMIN_CALLER_H
#define SLUICE_ADMIN_CALLER_H

struct admin_token_owner;
struct mg_connection;

#define CALLER_TEXT_MAX 192 /* bytes */

/* Notes what the request's token is, for as long as it is handled; NULL: nothing more. Borrowed. */
void caller_set(struct mg_connection *conn, const struct admin_token_owner *owner);

/* What has been noted, or NULL. */
const struct admin_token_owner *caller_get(const struct mg_connection *conn);

/* Writes "user 1000 through the Unix socket" or "127.0.0.1, port 50123, token grafana". */
void caller_describe(const struct mg_connection *conn, char text[CALLER_TEXT_MAX]);

#endif
