/*
 * JSON Web Tokens as a method of auth: the rules, and the keys from the options, from files, and
 * from a JWKS URL. Any thread; nothing here blocks.
 */
#ifndef AUTH_JWT_METHOD_H
#define AUTH_JWT_METHOD_H

#include "fetched_keys.h"
#include "finding.h"
#include "jwt.h"
#include "key_file.h"
#include "meters.h"

/* An attribute of the client, and the claim that it comes from. */
struct claim_attribute {
    const char *name_cstr;
    const char *claim_cstr;
};

struct jwt_method {
    struct jwt_rules rules; /* its arrays are owned, the texts in them are the policy's */
    const char *identity_cstr;
    struct claim_attribute *attributes; /* owned */
    size_t attribute_count;
    struct key_set *secret; /* owned reference; NULL: none */
    struct key_file pem_file;
    struct key_file jwks_file;
    struct fetched_keys *fetched; /* owned reference; NULL: no URL */
    struct fetch_rules fetch;
    const struct meters *meters;
};

void jwt_method_deinit(struct jwt_method *method, const struct sl_host *host);

/* Checks the token that is shown; `may` is of enum policy_may. CHECK_SLOW: checking its signature
 * takes long, and this thread may not block. CHECK_KEYS: no set has its key, and a fetch may bring
 * it. A token is refused for an unknown key only after a fetch that began later than the token was
 * shown. */
enum check jwt_method_check(struct jwt_method *method, struct sl_instance *self,
                            const struct shown *shown, unsigned may, struct finding *finding);

#endif
