/*
 * The parameters in a request's query, and numbers in its path.
 *
 * Pure, any thread.
 */
#ifndef SLUICE_ADMIN_QUERY_H
#define SLUICE_ADMIN_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads a whole number of at most `most`. Returns false if the text is none. */
bool query_parse_number(const char *text, uint64_t most, uint64_t *out);

/* A parameter that is such a number; *out keeps its value if there is none. `query` may be NULL. */
bool query_number(const char *query, const char *name, uint64_t most, uint64_t *out);

/* A parameter that is a text, decoded into `text`. Returns it, or NULL if there is none. One that
 * does not fit, or has a zero byte, is an empty text. */
const char *query_text(const char *query, const char *name, char *text, size_t size);

#endif
