/*
 * A look at JSON text before it is parsed: its tokens, its depth and its number of values.
 *
 * The parser (cJSON) takes more than JSON: control characters as white space and inside strings,
 * numbers such as 01, a byte order mark, bad \u escapes as NUL. And what it allocates is decided by
 * whoever sent the text. So this scan, which allocates nothing and calls itself nowhere, first
 * refuses what is not made of JSON's tokens (RFC 8259), and what is too deep or too much. Which
 * token may follow which is left to the parser.
 *
 * Pure, any thread.
 */
#ifndef VALIDATE_JSON_SCAN_H
#define VALIDATE_JSON_SCAN_H

#include <stddef.h>

struct json_limits {
    size_t max_depth;  /* arrays and objects inside each other; a lone number has depth 0 */
    size_t max_values; /* numbers, strings, literals, arrays and objects; names are not counted */
};

enum json_result {
    JSON_OK = 0,
    JSON_MALFORMED,
    JSON_TOO_DEEP,
    JSON_TOO_MANY_VALUES,
};

/* Scans `len` bytes. *at (not NULL) becomes the offset of the byte that a refusal is about, or
 * `len`. Text that passes holds at least one token. */
enum json_result json_scan(const char *data, size_t len, const struct json_limits *limits,
                           size_t *at);

#endif
