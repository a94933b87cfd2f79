/*
 * The claims of a token (RFC 7519, section 4): checking them against the rules, and reading single
 * ones.
 *
 * Pure: no clock; any thread.
 */
#ifndef AUTH_JWT_CLAIMS_H
#define AUTH_JWT_CLAIMS_H

#include "jwt.h"

/* Checks all rules but those about the algorithm, at the time `now` (seconds since 1970). */
enum jwt_result jwt_check_claims(const json_t *claims, const struct jwt_rules *rules, int64_t now);

/* A claim by its name. If no claim has this name, the parts between dots are the names of nested
 * objects. Borrowed; NULL if there is none. */
const json_t *jwt_claim(const json_t *claims, const char *path_cstr);

/* When a token expires, in seconds since 1970; 0 if it never does. */
int64_t jwt_expiry(const json_t *claims);

#endif
