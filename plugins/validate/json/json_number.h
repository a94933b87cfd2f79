/*
 * Numbers in JSON's notation, compared and divided exactly: no double is involved.
 *
 * The texts have to be well-formed JSON numbers. Pure, any thread.
 */
#ifndef VALIDATE_JSON_NUMBER_H
#define VALIDATE_JSON_NUMBER_H

#include "json_value.h"

#include <stdint.h>

#define JSON_DIVISOR_DIGITS 18 /* significant digits of what json_number_is_multiple divides by */

/* Returns <0, 0 or >0 as a is less than, equal to or greater than b. */
int json_number_compare(struct json_text a, struct json_text b);

/* Whether the value has no fractional part: 1.0, 10e-1 and 1e400 are integers. */
bool json_number_is_integer(struct json_text text);

/* Whether the number can be the divisor: positive, of at most JSON_DIVISOR_DIGITS digits. */
bool json_number_is_divisor(struct json_text text);

/* Whether `text` divided by `divisor` (see json_number_is_divisor) is an integer. */
bool json_number_is_multiple(struct json_text text, struct json_text divisor);

/* Reads an integer of 0 and more; what is above SIZE_MAX becomes that. False if it is none. */
bool json_number_to_size(struct json_text text, size_t *size);

#endif
