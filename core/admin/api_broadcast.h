/*
 * The JSON API's broadcast.
 *
 * On a CivetWeb worker; returns the HTTP status.
 */
#ifndef SLUICE_ADMIN_API_BROADCAST_H
#define SLUICE_ADMIN_API_BROADCAST_H

struct admin;
struct mg_connection;

/* POST /api/v1/broadcast: {"endpoint", "topic", "text" or "base64"} to the clients of an endpoint
 * or of all, or to the subscribers of a topic there. */
int api_broadcast(struct admin *admin, struct mg_connection *conn);

#endif
