/*
 * SipHash-1-3: the hash for tables whose keys strangers choose. Whoever does not know the secret
 * cannot choose keys whose hashes collide.
 *
 * Pure, any thread.
 */
#ifndef SLUICE_BASE_SIPHASH_H
#define SLUICE_BASE_SIPHASH_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* The secret: 16 bytes, read as two words in little-endian order. */
struct siphash_key {
    uint64_t words[2];
};

/* Makes a secret. Returns 0, or ERR_SYSTEM if there is no randomness to be had. */
MUST_CHECK int siphash_key_init(struct siphash_key *key);

uint64_t siphash_1_3(const struct siphash_key *key, const void *data, size_t len);

#endif
