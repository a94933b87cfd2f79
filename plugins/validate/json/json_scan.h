/*
 * Whether text is JSON (RFC 8259) within limits, before anything is allocated for it.
 *
 * The scan calls itself nowhere and takes a fixed amount of stack, so what a sender makes deep,
 * long or numerous is refused before it costs anything. What passes is what json_parse takes,
 * except for members that are there twice.
 *
 * Pure, any thread.
 */
#ifndef VALIDATE_JSON_SCAN_H
#define VALIDATE_JSON_SCAN_H

#include "json_limits.h"

/* Scans `len` bytes. *at (not NULL) becomes the offset of the byte that a refusal is about, or
 * `len`. `limits->max_depth` is at most JSON_DEPTH_MAX. Returns neither JSON_DUPLICATE nor
 * JSON_NO_MEMORY. */
enum json_result json_scan(const char *data, size_t len, const struct json_limits *limits,
                           size_t *at);

#endif
