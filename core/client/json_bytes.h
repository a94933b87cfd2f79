/*
 * Bytes that clients have sent, as members of JSON objects: as text where they are text, else in
 * base64.
 *
 * Pure, any thread.
 */
#ifndef SLUICE_CLIENT_JSON_BYTES_H
#define SLUICE_CLIENT_JSON_BYTES_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/* Whether a string of cJSON's can hold them: UTF-8 without a zero byte. */
bool json_bytes_is_text(const void *data, size_t len);

/* A string in base64. NULL: no memory. */
cJSON *json_bytes_base64(const void *data, size_t len);

/* Adds them as `name`, or, where they are no text, as `binary_name` in base64. */
void json_bytes_add(cJSON *object, const char *name, const char *binary_name, const void *data,
                    size_t len);

#endif
