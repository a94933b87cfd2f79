/*
 * Slow hashes of people's secrets: Argon2 and scrypt, as their usual tools write them.
 *
 *     $argon2id$v=19$m=65536,t=3,p=4$SALT$HASH          (RFC 9106; also argon2i and argon2d)
 *     $scrypt$ln=16,r=8,p=1$SALT$HASH                   (RFC 7914; base64 without padding)
 *
 * Verifying takes tens of milliseconds and megabytes on purpose: only on a thread that may block.
 */
#ifndef AUTH_PASSWORD_H
#define AUTH_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#define PASSWORD_HASH_MAX 511                     /* bytes of a hash's text */
#define PASSWORD_MEMORY_MAX (256ul * 1024 * 1024) /* bytes that one verification may need */

/* Whether a text looks like such a hash. */
bool password_is_hash(const char *text, size_t len);

/* NULL if the zero-terminated text is a hash that can be verified here, else what is wrong with it,
 * as a sentence (static). */
const char *password_hash_error(const char *hash_cstr);

/* Whether `hash_cstr`, which password_hash_error accepted, is the hash of the secret. Blocks. */
bool password_verify(const char *hash_cstr, const char *secret, size_t len);

#endif
