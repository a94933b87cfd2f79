/*
 * Makes tokens and keys, as an issuer does; for tests. Texts that are returned are static: good
 * until the next call of the same function.
 */
#ifndef AUTH_TESTS_ISSUER_H
#define AUTH_TESTS_ISSUER_H

#include "../jwt.h"

#include <openssl/evp.h>

#define ISSUER_SECRET "a-secret-that-only-tests-know-0000"
#define ALL_ALGORITHMS (ALGORITHMS_HS | ALGORITHMS_PUBLIC)

/* base64url without padding. */
const char *issuer_base64url(const void *data, size_t len);

/* A token with the HMAC-SHA256 of `secret`. */
const char *issuer_hs256(const char *header, const char *payload, const char *secret, size_t len);

/* A token signed by a private key; `digest` is NULL for EdDSA. */
const char *issuer_sign(EVP_PKEY *pkey, const EVP_MD *digest, const char *header,
                        const char *payload);

/* A token with that signature. */
const char *issuer_token(const char *header, const char *payload, const void *signature,
                         size_t len);

/* The public half of a key in PEM. */
const char *issuer_pem(EVP_PKEY *pkey);

/* The public half of an EC key as a JWK, with coordinates of full length. */
const char *issuer_ec_jwk(EVP_PKEY *pkey, const char *curve, size_t size);

/* The keys of a JWK Set or of one JWK, shared secrets too; or the test fails. */
struct key_set *issuer_keys(const char *jwks);

/* The outcome of a check of everything, with one set of keys. */
enum jwt_result issuer_verify(const char *token, const struct jwt_rules *rules,
                              const struct key_set *set, int64_t now);

int run_claim_tests(void);
int run_key_tests(void);

#endif
