/*
 * JSON answers of the admin API.
 *
 * On the CivetWeb worker that runs the request's callback.
 */
#ifndef SLUICE_ADMIN_JSON_H
#define SLUICE_ADMIN_JSON_H

#include <cjson/cJSON.h>

struct mg_connection;

/* Sends a value and frees it; NULL, or one that does not fit into memory, is answered with 500.
 * Returns the status. */
int json_send(struct mg_connection *conn, int status, cJSON *value);

/* Sends {"error", "detail"}. `headers` are complete lines with their line ends, or "". */
int json_send_error(struct mg_connection *conn, int status, const char *headers, const char *error,
                    const char *detail);

#endif
