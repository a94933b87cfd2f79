/*
 * /api/v1/drain: closes the clients of the server, or of an endpoint, at a pace.
 *
 * On the CivetWeb worker that runs the request's callback. Each answers and returns the status.
 */
#ifndef SLUICE_ADMIN_API_DRAIN_H
#define SLUICE_ADMIN_API_DRAIN_H

struct admin;
struct mg_connection;

int api_drain_show(struct admin *admin, struct mg_connection *conn);
int api_drain_begin(struct admin *admin, struct mg_connection *conn);
int api_drain_stop(struct admin *admin, struct mg_connection *conn);

#endif
