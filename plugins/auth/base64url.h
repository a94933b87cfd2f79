/*
 * base64 as URLs carry it (RFC 4648, section 5): with '-' and '_', and padding may be left out. If
 * the caller says so, '+' and '/' of the other alphabet are accepted too.
 */
#ifndef AUTH_BASE64URL_H
#define AUTH_BASE64URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum base64_alphabet { BASE64_URL, BASE64_STANDARD };

/* Decodes `len` characters into `out`, of `size` bytes; *out_len is set to the number of bytes.
 * False if a character is not of the alphabet, the length is impossible, bits that are left over
 * are not zero, or `out` is too small. */
bool base64_decode(enum base64_alphabet alphabet, const char *text, size_t len, uint8_t *out,
                   size_t size, size_t *out_len);

#endif
