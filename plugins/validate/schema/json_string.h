/*
 * Decodes the inside of a JSON string: escapes, surrogate pairs, and a check of its UTF-8.
 *
 * No state; any thread.
 */
#ifndef VALIDATE_JSON_STRING_H
#define VALIDATE_JSON_STRING_H

#include "json_document.h"

#include <stdint.h>

/* Reads one code point of strict UTF-8 (no overlong forms, surrogates or beyond U+10FFFF).
 * Returns its bytes, or 0 if it is none. `len` is at least 1. */
size_t utf8_decode(const char *data, size_t len, uint32_t *point);

/* Writes a code point as UTF-8. Returns its bytes, at most 4. */
size_t utf8_encode(uint32_t point, char *out);

/* Decodes from *at, the byte after the opening quote, and leaves *at behind the closing one, or at
 * the byte that the fault is about. *text borrows `data` if it holds no escape, else is owned by
 * the arena. Returns DOCUMENT_OK, DOCUMENT_MALFORMED, DOCUMENT_BAD_TEXT,
 * DOCUMENT_STRING_TOO_LONG or DOCUMENT_NO_MEMORY. */
enum document_result json_string_decode(const char *data, size_t len, size_t *at, size_t max,
                                        struct arena *arena, struct json_text *text);

#endif
