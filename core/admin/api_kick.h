/*
 * The JSON API's kick: closes all clients that a request means.
 *
 * On a CivetWeb worker; returns the HTTP status. The loops close their clients in portions, so that
 * none is held however many there are.
 */
#ifndef SLUICE_ADMIN_API_KICK_H
#define SLUICE_ADMIN_API_KICK_H

struct admin;
struct mg_connection;

#define KICK_REASON "closed by the administrator" /* unless the request has another */

/* POST /api/v1/kick: {"id"} or one or more of {"identity", "address", "endpoint", "topic"}; and
 * "code" and "reason" of the close frames. */
int api_kick_many(struct admin *admin, struct mg_connection *conn);

#endif
