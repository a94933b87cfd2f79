/*
 * JSON as other programs write it. Pure; any thread.
 *
 * jansson refuses a whole document for one number or character that it cannot represent, even if
 * nobody uses that member. This reader keeps the document: an integer past 64 bits and a number
 * past a double become texts as they are written, U+0000 becomes U+0001 (which no name may contain
 * either), and half of a surrogate pair becomes U+FFFD. Everything else is as strict as jansson;
 * two members of one name are refused.
 */
#ifndef AUTH_JSON_TEXT_H
#define AUTH_JSON_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Returns a reference for the caller, or NULL; `error` may be NULL. Positions in `error` are those
 * of the original text, except behind a number past 64 bits on the same line. */
json_t *json_read(const char *text, size_t len, json_error_t *error);

#define JSON_TEXT_SIZE 1024

enum json_text_result { JSON_TEXT_OK, JSON_TEXT_TOO_LONG, JSON_TEXT_OTHER_TYPE };

/* A value as a text, not zero-terminated: texts as they are, numbers and booleans as JSON writes
 * them, lists of texts with spaces between. */
enum json_text_result json_to_text(const json_t *value, char out[JSON_TEXT_SIZE], size_t *len);

#endif
