/*
 * The notations of configuration values, from text and back: durations, sizes, rates, numbers.
 *
 * Pure, any thread. The parsers take zero-terminated text, want all of it to fit the notation (no
 * spaces around it), and leave *out alone on error. They return 0, ERR_INVALID (another notation)
 * or ERR_LIMIT (the right notation, but the value does not fit).
 */
#ifndef SLUICE_CONFIG_VALUES_H
#define SLUICE_CONFIG_VALUES_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VALUE_TEXT_MAX 32 /* holds whatever the format functions write */

/* "250ms", "5s", "2m", "1h" or "0"; *out in nanoseconds. */
MUST_CHECK int duration_parse(const char *text, int64_t *out);

/* "512", "64KiB", "1MiB", "1GiB"; *out in bytes, at most INT64_MAX. */
MUST_CHECK int size_parse(const char *text, int64_t *out);

/* "50/s", "1000/m", "0.5/h"; *out per second. */
MUST_CHECK int rate_parse(const char *text, double *out);

/* An integer of YAML 1.2: decimal with an optional sign, 0x1f or 0o17. */
MUST_CHECK int integer_parse(const char *text, int64_t *out);

/* A finite number of YAML 1.2: "1", "-0.5", "1e3", ".5". */
MUST_CHECK int number_parse(const char *text, double *out);

/* "true" or "false", the booleans of YAML 1.2 (with a capital or all in capitals too). */
MUST_CHECK int bool_parse(const char *text, bool *out);

/* The boolean that YAML 1.1 would have seen in "yes", "no", "on", "off" (for a hint).
 * Returns "true", "false" or NULL. */
const char *bool_hint(const char *text);

/* Write the value as the parsers above take it, in the largest unit that keeps it whole. */
void duration_format(int64_t nanoseconds, char text[VALUE_TEXT_MAX]);
void size_format(int64_t bytes, char text[VALUE_TEXT_MAX]);
void rate_format(double per_second, char text[VALUE_TEXT_MAX]);
void number_format(double number, char text[VALUE_TEXT_MAX]);

#endif
