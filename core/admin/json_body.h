/*
 * The JSON object in the body of a request of the admin API.
 *
 * On the CivetWeb worker that runs the request's callback.
 */
#ifndef SLUICE_ADMIN_JSON_BODY_H
#define SLUICE_ADMIN_JSON_BODY_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

struct mg_connection;

#define JSON_BODY_MAX ((size_t)1024 * 1024)

/* Whether there is a body, for requests that need none. */
bool json_has_body(const struct mg_connection *conn);

/* Reads the request's body, which must be announced as application/json. Returns the object, which
 * the caller frees, or NULL after it has answered why not, with *status. */
cJSON *json_read(struct mg_connection *conn, int *status);

/* Parses `len` bytes as one JSON object. Returns NULL if they are not one, or if a string has a
 * zero byte, which would cut the string. Pure. */
cJSON *json_parse_object(const char *text, size_t len);

/* Whether every member is one of `names` (`count`) and a string; *stranger is the first one that is
 * not. */
bool json_has_only_strings(const cJSON *object, const char *const *names, size_t count,
                           const char **stranger);

/* A member that is a string, or NULL. */
const char *json_string(const cJSON *object, const char *name);

#endif
