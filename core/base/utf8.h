/*
 * UTF-8 checked as it arrives (RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF).
 *
 * Pure. The state is one byte, so that a text may come in any pieces.
 */
#ifndef SLUICE_BASE_UTF8_H
#define SLUICE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_START 0u /* the state before the first byte, and after each whole character */

/* Checks the next `len` bytes. Returns the new state, or UTF8_INVALID as soon as the bytes cannot
 * be the beginning of any valid text (which may be before a character is complete). */
#define UTF8_INVALID 1u
uint8_t utf8_check(uint8_t state, const uint8_t *data, size_t len);

/* The length of the longest beginning of a valid text that has at most `max` bytes and does not cut
 * a character. */
size_t utf8_cut(const char *text, size_t len, size_t max);

/* Whether `len` bytes are a whole valid text. */
bool utf8_is_valid(const void *data, size_t len);

#define UTF8_CHARACTER_MAX 4 /* bytes of a character */

/* How many bytes the character has that a text of `len` bytes begins with; 0 if it is not UTF-8, or
 * cut off, or if there is none. */
size_t utf8_character(const char *text, size_t len);

/* Whether that character, of `len` bytes, is a control character: C0, DEL or C1 (U+0080 to U+009F),
 * which a terminal may follow. */
bool utf8_is_control(const char *text, size_t len);

#endif
