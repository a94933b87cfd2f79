/*
 * JSON Web Tokens as a method: the rules, the keys that were given, and the keys that are fetched
 * from a JWKS URL and kept up to date.
 *
 * Fetched keys are shared between an instance's policies, so that a reload does not lose them. One
 * thread fetches at a time. A token of an unknown key makes it fetch anew, but not more often than
 * `refetch` allows, whoever asks for it. If a fetch fails the keys of before stay in force until
 * they are older than `max_age`.
 */
#ifndef AUTH_JWT_METHOD_H
#define AUTH_JWT_METHOD_H

#include "finding.h"
#include "http.h"
#include "jwt.h"
#include "meters.h"

/* An attribute of the client, and the claim that it comes from. */
struct claim_attribute {
    const char *name_cstr;
    const char *claim_cstr;
};

struct fetched_keys; /* reference-counted, behind its own lock */

struct jwt_method {
    struct jwt_rules rules; /* its arrays are owned, the texts in them are the policy's */
    const char *identity_cstr;
    struct claim_attribute *attributes; /* owned */
    size_t attribute_count;
    struct key_set *given[3];     /* owned references: secret, PEM file, JWKS file; NULL: none */
    struct fetched_keys *fetched; /* owned reference; NULL: no URL */
    int64_t refresh;              /* ns between fetches */
    int64_t refetch;              /* ns between fetches that unknown keys cause */
    int64_t max_age;              /* ns */
    int64_t timeout;              /* ns of a fetch */
    const char *ca_file_cstr;
    const struct meters *meters;
};

#define GIVEN_KEYS (sizeof((struct jwt_method *)NULL)->given / sizeof(struct key_set *))

/* NULL: no memory. The URL is copied. */
struct fetched_keys *fetched_keys_create(const char *url_cstr);
struct fetched_keys *fetched_keys_ref(struct fetched_keys *keys);
void fetched_keys_unref(struct fetched_keys *keys);
bool fetched_keys_is_from(const struct fetched_keys *keys, const char *url_cstr);

void jwt_method_deinit(struct jwt_method *method, const struct sl_host *host);

enum check jwt_method_check(struct jwt_method *method, struct sl_instance *self, struct http *http,
                            const struct shown *shown, bool may_block, struct finding *finding);

/* Fetches if it is time to [a thread that may block]. */
void jwt_method_maintain(struct jwt_method *method, struct sl_instance *self, struct http *http);

#endif
