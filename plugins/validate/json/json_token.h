/*
 * The tokens of JSON text (RFC 8259): how far each one goes and whether it is one.
 *
 * Pure, any thread; nothing is allocated. `*at` is where a token begins and becomes the byte behind
 * it, or the one that a fault is about.
 */
#ifndef VALIDATE_JSON_TOKEN_H
#define VALIDATE_JSON_TOKEN_H

#include "json_limits.h"

#include <stdint.h>

/* What a string turned out to be. */
struct json_string {
    size_t decoded; /* bytes without escapes */
    bool escaped;   /* there are any */
    bool holds_nul; /* \u0000 is among them */
};

/* The byte at `at`, or NUL behind the end: no token contains NUL. */
static inline char json_peek(const char *data, size_t len, size_t at)
{
    return at < len ? data[at] : '\0';
}

static inline size_t json_skip_space(const char *data, size_t len, size_t at)
{
    while (at < len &&
           (data[at] == ' ' || data[at] == '\n' || data[at] == '\r' || data[at] == '\t'))
        at++;
    return at;
}

/* Section 7, from the opening quote to behind the closing one. Returns JSON_OK, JSON_MALFORMED,
 * JSON_BAD_TEXT or JSON_STRING_TOO_LONG. */
enum json_result json_skip_string(const char *data, size_t len, size_t *at, size_t max,
                                  struct json_string *string);

/* Behind a backslash: the code point that an escape stands for, with both halves of a surrogate
 * pair, and the bytes that it takes. Returns JSON_OK, JSON_MALFORMED or JSON_BAD_TEXT. */
enum json_result json_read_escape(const char *data, size_t len, size_t at, uint32_t *point,
                                  size_t *used);

/* Section 6. Returns JSON_OK, JSON_MALFORMED (whatever begins no number, too) or
 * JSON_NUMBER_TOO_LONG. */
enum json_result json_skip_number(const char *data, size_t len, size_t *at, size_t max);

/* Whether this is the literal; *at stays where it is if not. */
bool json_skip_literal(const char *data, size_t len, size_t *at, const char *literal);

/* Reads one code point of strict UTF-8 (no overlong forms, surrogates or beyond U+10FFFF).
 * Returns its bytes, or 0 if it is none. `len` is at least 1. */
size_t utf8_decode(const char *data, size_t len, uint32_t *point);

/* Writes a code point as UTF-8. Returns its bytes, at most 4. */
size_t utf8_encode(uint32_t point, char *out);

#endif
