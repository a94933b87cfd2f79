/*
 * The JSON API: what is connected, and reload. docs/openapi.yaml describes it.
 *
 * Each function answers one request, on a CivetWeb worker, and returns the HTTP status.
 */
#ifndef SLUICE_ADMIN_API_H
#define SLUICE_ADMIN_API_H

struct admin;
struct mg_connection;

/* GET /api/v1/count */
int api_count(struct admin *admin, struct mg_connection *conn);

/* POST /api/v1/reload */
int api_reload(struct admin *admin, struct mg_connection *conn);

#endif
