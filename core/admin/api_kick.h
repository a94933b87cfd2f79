/*
 * The JSON API's kick: closes one client, or all that a request means.
 *
 * On a CivetWeb worker; returns the HTTP status.
 */
#ifndef SLUICE_ADMIN_API_KICK_H
#define SLUICE_ADMIN_API_KICK_H

struct admin;
struct mg_connection;

/* POST /api/v1/kick: {"id"} or one or more of {"identity", "address", "endpoint", "topic"}; and
 * "code" and "reason" of the close frames. */
int api_kick_many(struct admin *admin, struct mg_connection *conn);

/* DELETE /api/v1/clients/ID */
int api_kick(struct admin *admin, struct mg_connection *conn);

#endif
