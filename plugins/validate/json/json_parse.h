/*
 * Parses JSON text (RFC 8259) into values in an arena, within limits that are checked on the way.
 *
 * Stricter than the RFC allows: strings have to be UTF-8 and without lone surrogates. No state; any
 * thread, one arena each. An arena that is reset between messages soon allocates nothing more.
 */
#ifndef VALIDATE_JSON_PARSE_H
#define VALIDATE_JSON_PARSE_H

#include "arena.h"
#include "json_limits.h"
#include "json_value.h"

/* Parses `len` bytes, which the values borrow. On JSON_OK *root is owned by the arena. *at
 * (not NULL) becomes the offset of the byte that a refusal is about. Recurses max_depth deep. */
enum json_result json_parse(const char *data, size_t len, const struct json_limits *limits,
                            struct arena *arena, struct json_value **root, size_t *at);

#endif
