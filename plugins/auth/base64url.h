/*
 * base64 as URLs carry it (RFC 4648, section 5): '-' and '_', and padding is not asked for. The
 * letters '+' and '/' of the other alphabet are taken too if the caller says so.
 */
#ifndef AUTH_BASE64URL_H
#define AUTH_BASE64URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum base64_alphabet { BASE64_URL, BASE64_STANDARD };

/* Decodes `len` characters into `out`, which has room for `size` bytes. *out_len gets how many.
 * False if there is a character of no such alphabet, an impossible length, bits left over that are
 * not zero, or no room. */
bool base64_decode(enum base64_alphabet alphabet, const char *text, size_t len, uint8_t *out,
                   size_t size, size_t *out_len);

#endif
