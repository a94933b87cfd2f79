/*
 * Decodes and writes JSON strings.
 *
 * No state; any thread.
 */
#ifndef VALIDATE_JSON_STRING_H
#define VALIDATE_JSON_STRING_H

#include "arena.h"
#include "json_limits.h"
#include "json_value.h"

/* Decodes from *at, the opening quote, and leaves *at behind the closing one, or at the byte that
 * the fault is about. *text borrows `data` if it holds no escape, else is owned by the arena.
 * Returns as json_skip_string does, or JSON_NO_MEMORY. */
enum json_result json_string_decode(const char *data, size_t len, size_t *at, size_t max,
                                    struct arena *arena, struct json_text *text);

/* The most bytes that json_string_write makes of one byte. */
#define JSON_STRING_GROWTH 6

/* Writes bytes of UTF-8 as they stand inside the quotes of a JSON string. Returns how many, at most
 * JSON_STRING_GROWTH for each one. */
size_t json_string_write(const char *data, size_t len, char *out);

#endif
