/*
 * Keys that tokens are checked with: from a JWKS (RFC 7517, 8037), from PEM, or a shared secret.
 *
 * Immutable once made and reference-counted: any thread may use a set that it has a reference to.
 * Each key has a bit for every algorithm (RFC 7518, section 3) that it may be used with. The bits
 * are derived from the key itself, so a token cannot choose an algorithm that does not fit the key.
 */
#ifndef AUTH_KEY_SET_H
#define AUTH_KEY_SET_H

#include <cjose/cjose.h>
#include <openssl/evp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEYS_MAX 256
#define KEY_INPUT_MAX (1024 * 1024) /* bytes of a JWKS or a PEM file */
#define KEY_ERROR_SIZE 512
#define KEY_ID_MAX 255
#define KEY_PRINT_SIZE 32

enum algorithm {
    ALGORITHM_HS256 = 1 << 0,
    ALGORITHM_HS384 = 1 << 1,
    ALGORITHM_HS512 = 1 << 2,
    ALGORITHM_RS256 = 1 << 3,
    ALGORITHM_RS384 = 1 << 4,
    ALGORITHM_RS512 = 1 << 5,
    ALGORITHM_PS256 = 1 << 6,
    ALGORITHM_PS384 = 1 << 7,
    ALGORITHM_PS512 = 1 << 8,
    ALGORITHM_ES256 = 1 << 9,
    ALGORITHM_ES384 = 1 << 10,
    ALGORITHM_ES512 = 1 << 11,
    ALGORITHM_ED25519 = 1 << 12,
    ALGORITHM_ED448 = 1 << 13,
    ALGORITHM_EDDSA = ALGORITHM_ED25519 | ALGORITHM_ED448 /* either: RFC 9864, section 2.2 */
};

#define ALGORITHMS_HS 0x0007u
#define ALGORITHMS_PUBLIC 0x3ff8u

struct key {
    char id[KEY_ID_MAX + 1];       /* empty: it has none */
    unsigned algorithms;           /* that it may be used with */
    size_t signature_len;          /* bytes of its signatures; 0: the algorithm says */
    uint8_t print[KEY_PRINT_SIZE]; /* JWKs only: a digest of the key's material */
    cjose_jwk_t *jwk;              /* owned; NULL for EdDSA keys */
    EVP_PKEY *edwards;             /* owned; EdDSA keys only, which libcjose does not support */
};

struct key_set {
    atomic_uint references;
    size_t count;
    size_t skipped; /* entries that cannot be used here */
    size_t surplus; /* entries beyond KEYS_MAX, which were ignored */
    struct key keys[];
};

/* The bit of an algorithm's name ("RS256"), or 0. */
unsigned algorithm_find(const char *name, size_t len);

/* Each returns a set with one reference, or NULL with a sentence in `error` (KEY_ERROR_SIZE bytes).
 * `json` is a JWK Set or one JWK. Private keys in it are left out, since everybody who can read the
 * set could sign with them; so are shared secrets (kty oct) unless `takes_secrets`, and entries
 * that cannot be used. `pem` holds public keys and certificates. */
struct key_set *key_set_parse_jwks(const char *json, size_t len, bool takes_secrets, char *error);
struct key_set *key_set_parse_pem(const char *pem, size_t len, char *error);
/* A secret has to have at least as many bytes as the hash (RFC 7518, section 3.2): 32 for HS256. */
struct key_set *key_set_from_secret(const char *secret, size_t len, char *error);

/* Whether every key of `part` is in `whole`, with the same id and the same material. JWKs only. */
bool key_set_contains(const struct key_set *whole, const struct key_set *part);

struct key_set *key_set_ref(struct key_set *set);
void key_set_unref(struct key_set *set); /* NULL is fine */

#endif
