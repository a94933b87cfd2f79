/*
 * The JSON API of the log. docs/openapi.yaml describes it.
 *
 * On a CivetWeb worker; returns the HTTP status.
 */
#ifndef SLUICE_ADMIN_API_LOG_H
#define SLUICE_ADMIN_API_LOG_H

struct admin;
struct mg_connection;

/* POST /api/v1/log/reopen */
int api_log_reopen(struct admin *admin, struct mg_connection *conn);

#endif
