/*
 * Who sends a request to the admin listener, for the log.
 *
 * On the CivetWeb worker that runs the request's callback.
 */
#ifndef SLUICE_ADMIN_CALLER_H
#define SLUICE_ADMIN_CALLER_H

struct mg_connection;

#define CALLER_TEXT_MAX 128 /* bytes */

/* Writes "user 1000 through the Unix socket" or "127.0.0.1, port 50123". */
void caller_describe(const struct mg_connection *conn, char text[CALLER_TEXT_MAX]);

#endif
