/*
 * What the readers of JWK Sets (key_set.c) and of PEM (key_pem.c) share. Pure; any thread.
 */
#ifndef AUTH_KEY_SET_PARTS_H
#define AUTH_KEY_SET_PARTS_H

#include "key_set.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192
#define RSA_EXPONENT_MAX 8 /* bytes */
#define RSA_ALGORITHMS                                                                             \
    (ALGORITHM_RS256 | ALGORITHM_RS384 | ALGORITHM_RS512 | ALGORITHM_PS256 | ALGORITHM_PS384 |     \
     ALGORITHM_PS512)

/* An empty set with room for so many keys, or NULL with a sentence in `error`. */
struct key_set *key_set_create(size_t capacity, char *error);

/* Returns the set if it has a key, else NULL with a sentence about `what`: a set without keys would
 * let nobody in, which is never intended. */
struct key_set *key_set_finish(struct key_set *set, const char *what, char *error);

/* Frees what a key owns. */
void key_deinit(struct key *key);

/* Nothing can be signed with an even RSA exponent, and everybody can sign with exponent 1. */
bool key_is_exponent(const uint8_t *bytes, size_t len);

#endif
