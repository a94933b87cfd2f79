/*
 * JSON Web Tokens (RFC 7519) in their compact form: is one signed by a key that is known, meant for
 * this server, and good at this moment?
 *
 * Pure: no clock, no socket; any thread. libcjose checks HS, RS, PS and ES signatures, OpenSSL
 * those of EdDSA (RFC 8037). What the header says about keys (jku, jwk, x5u, x5c) is never used.
 */
#ifndef AUTH_JWT_H
#define AUTH_JWT_H

#include "key_set.h"

#include <jansson.h>

#define JWT_MAX 8192 /* bytes */

/* X(name, sentence) */
#define JWT_RESULTS(X)                                                                             \
    X(JWT_OK, "The token is good.")                                                                \
    X(JWT_MALFORMED, "The token is not a JSON Web Token.")                                         \
    X(JWT_WRONG_ALGORITHM, "The token's algorithm is not accepted.")                               \
    X(JWT_CRITICAL, "The token asks for an extension that is not known.")                          \
    X(JWT_UNKNOWN_KEY, "The token's key is not known.")                                            \
    X(JWT_WRONG_SIGNATURE, "The token's signature is not valid.")                                  \
    X(JWT_NO_KEY_FITS, "The token's signature is not valid, and it names no key.")                 \
    X(JWT_WRONG_CLAIMS, "The token's claims are not well-formed.")                                 \
    X(JWT_NO_EXPIRY, "The token has no expiry.")                                                   \
    X(JWT_EXPIRED, "The token has expired.")                                                       \
    X(JWT_NOT_YET, "The token is not valid yet.")                                                  \
    X(JWT_WRONG_ISSUER, "The token's issuer is not accepted.")                                     \
    X(JWT_WRONG_AUDIENCE, "The token is meant for somebody else.")                                 \
    X(JWT_SLOW, "The token's signature takes long to check.")                                      \
    X(JWT_CLAIM_MISSING, "The token lacks a claim that is required.")                              \
    X(JWT_SCOPE_MISSING, "The token lacks a scope that is required.")

enum jwt_result {
#define JWT_ENUM(name, sentence) name,
    JWT_RESULTS(JWT_ENUM)
#undef JWT_ENUM
};

/* A claim that has to be there; with value_cstr NULL it may have any value. */
struct claim_rule {
    const char *name_cstr;
    const char *value_cstr;
};

struct texts {
    const char *const *items; /* zero-terminated */
    size_t count;             /* 0: no rule */
};

/* The rules for a token. Borrowed. */
struct jwt_rules {
    unsigned algorithms;
    struct texts issuers;
    struct texts audiences;
    struct texts scopes; /* all of them */
    const struct claim_rule *claims;
    size_t claim_count;
    int64_t leeway; /* seconds */
    bool require_expiry;
};

/* The sentence of a result. */
const char *jwt_result_text(enum jwt_result result);

/* Whether a text looks like a token at all: three parts, and a header that begins with '{'. */
bool jwt_is_one(const char *text, size_t len);

/* Whether checking a token's signature may take too long for a loop's thread: its algorithm is
 * costly, or it has many candidate keys. */
bool jwt_is_slow(const char *token, size_t len, unsigned algorithms,
                 const struct key_set *const *sets, size_t set_count);

/* Checks the form, the algorithm and the signature. On JWT_OK *payload gets the payload's bytes,
 * owned by the caller: free(). `sets` (NULLs are skipped) are searched in order. */
enum jwt_result jwt_verify_signature(const char *token, size_t len, unsigned algorithms,
                                     const struct key_set *const *sets, size_t set_count,
                                     char **payload, size_t *payload_len);

/* Checks everything, at the time `now` (seconds since 1970). On JWT_OK *claims gets a reference for
 * the caller: json_decref. */
enum jwt_result jwt_verify(const char *token, size_t len, const struct jwt_rules *rules,
                           const struct key_set *const *sets, size_t set_count, int64_t now,
                           json_t **claims);

#endif
