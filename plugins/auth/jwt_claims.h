/*
 * What a token says (RFC 7519, section 4): does it meet the rules, and what is read from it?
 *
 * Pure: no clock; any thread.
 */
#ifndef AUTH_JWT_CLAIMS_H
#define AUTH_JWT_CLAIMS_H

#include "jwt.h"

/* Checks all rules but those about the algorithm, at the time `now` (seconds since 1970). */
enum jwt_result jwt_check_claims(const json_t *claims, const struct jwt_rules *rules, int64_t now);

/* A claim by its name, or inside objects by names with dots between them; the whole name is tried
 * first. Borrowed; NULL if there is none. */
const json_t *jwt_claim(const json_t *claims, const char *path_cstr);

/* When a token expires, seconds since 1970; 0: never. */
int64_t jwt_expiry(const json_t *claims);

#endif
