/*
 * Base64 as RFC 4648 has it: the standard alphabet, with padding, without line breaks.
 *
 * Pure, any thread.
 */
#ifndef SLUICE_BASE_BASE64_H
#define SLUICE_BASE_BASE64_H

#include "base/error.h"

#include <stddef.h>

/* Decodes a text. *out (owned by the caller) has *len bytes and a zero behind them. Returns 0,
 * ERR_INVALID (it is not base64) or ERR_NO_MEMORY. */
MUST_CHECK int base64_decode(const char *text, char **out, size_t *len);

#endif
