/*
 * Traces of clients over the admin API: beginning one, reading what it has seen, ending it.
 *
 * A reader asks again and again, so no worker waits for records; what waits to be read lies on the
 * loops, see client/trace.h. On the CivetWeb worker that runs the request's callback.
 */
#ifndef SLUICE_ADMIN_API_TRACE_H
#define SLUICE_ADMIN_API_TRACE_H

struct admin;
struct mg_connection;

/* POST /api/v1/traces, GET and DELETE /api/v1/traces/ID. Each returns the status. */
int api_trace_begin(struct admin *admin, struct mg_connection *conn);
int api_trace_read(struct admin *admin, struct mg_connection *conn);
int api_trace_end(struct admin *admin, struct mg_connection *conn);

#endif
