#include "jwt_method.h"

#include "json_text.h"
#include "jwt_claims.h"

#include <string.h>

#define SECOND INT64_C(1000000000)
#define SETS_MAX (3 + FETCHED_SETS)

void jwt_method_deinit(struct jwt_method *method, const struct sl_host *host)
{
    key_set_unref(method->secret);
    key_file_close(&method->pem_file);
    key_file_close(&method->jwks_file);
    fetched_keys_unref(method->fetched);
    host->release(method->attributes);
    host->release((void *)method->rules.issuers.items);
    host->release((void *)method->rules.audiences.items);
    host->release((void *)method->rules.scopes.items);
    host->release((void *)method->rules.claims);
}

/* -- claims -- */

/* A client that connects within the leeway after the expiry may stay until the leeway is over. */
static int64_t end_of(const struct jwt_method *method, const json_t *claims, int64_t now)
{
    int64_t expires = jwt_expiry(claims);
    return expires != 0 && expires <= now ? expires + method->rules.leeway : expires;
}

/* An identity is a text or an integer: other numbers can be written in many ways. */
static bool take_identity_claim(const struct jwt_method *method, const json_t *claims,
                                struct finding *finding)
{
    char text[JSON_TEXT_SIZE];
    size_t len;
    const json_t *identity = jwt_claim(claims, method->identity_cstr);
    return (json_is_string(identity) || json_is_integer(identity)) &&
           json_to_text(identity, text, &len) == JSON_TEXT_OK &&
           finding_identify(finding, text, len);
}

static enum check take_claims(const struct jwt_method *method, const json_t *claims, int64_t now,
                              struct finding *finding)
{
    char text[JSON_TEXT_SIZE];
    size_t len;
    if (!take_identity_claim(method, claims, finding))
        return finding_refuse(finding, "The token names nobody.");
    finding->expires = end_of(method, claims, now);
    for (size_t i = 0; i < method->attribute_count; i++) {
        const json_t *claim = jwt_claim(claims, method->attributes[i].claim_cstr);
        if (claim == NULL || json_is_null(claim))
            continue;
        enum json_text_result result = json_to_text(claim, text, &len);
        if (result == JSON_TEXT_OTHER_TYPE)
            return finding_refuse(finding,
                                  "A claim that is an attribute is no text, number, boolean "
                                  "or list of texts.");
        if (result != JSON_TEXT_OK ||
            !finding_attribute(finding, method->attributes[i].name_cstr, text, len))
            return finding_refuse(finding, "The token's claims are too long.");
    }
    return CHECK_ACCEPTED;
}

/* -- checking -- */

/* References to every set of keys. */
static void take_sets(struct jwt_method *method, struct sl_instance *self,
                      struct key_set *sets[SETS_MAX])
{
    memset(sets, 0, SETS_MAX * sizeof *sets);
    sets[0] = method->secret != NULL ? key_set_ref(method->secret) : NULL;
    sets[1] = key_file_take(&method->pem_file);
    sets[2] = key_file_take(&method->jwks_file);
    if (method->fetched != NULL)
        fetched_keys_take(method->fetched, self->host->time_monotonic(), &sets[3]);
}

static enum jwt_result verify_token(struct jwt_method *method, struct sl_instance *self,
                                    const struct shown *shown, bool may_block,
                                    struct finding *finding, enum check *accepted)
{
    struct key_set *sets[SETS_MAX];
    json_t *claims = NULL;
    int64_t now = self->host->time_wall() / SECOND;
    take_sets(method, self, sets);
    bool is_slow =
        !may_block && jwt_is_slow(shown->token.data, shown->token.len, method->rules.algorithms,
                                  (const struct key_set *const *)sets, SETS_MAX);
    enum jwt_result result =
        is_slow ? JWT_SLOW
                : jwt_verify(shown->token.data, shown->token.len, &method->rules,
                             (const struct key_set *const *)sets, SETS_MAX, now, &claims);
    if (result == JWT_OK) {
        *accepted = take_claims(method, claims, now, finding);
        json_decref(claims);
    }
    for (size_t i = 0; i < SETS_MAX; i++)
        key_set_unref(sets[i]);
    return result;
}

/* While the JWK Set cannot be fetched, a good token with a new key cannot be told from a bad one.
 */
static enum check on_unknown_key(struct jwt_method *method, struct sl_instance *self,
                                 const struct shown *shown, enum jwt_result result,
                                 struct finding *finding)
{
    int64_t after = 0;
    enum keys_hope hope =
        method->fetched == NULL
            ? KEYS_ABSENT
            : fetched_keys_hope(method->fetched, shown->at, self->host->time_monotonic(), &after);
    if (hope == KEYS_SOON)
        return CHECK_KEYS;
    if (hope == KEYS_LATER)
        return finding_fail_for(
            finding, "The token's key is not known, and new keys cannot be fetched yet; try again.",
            after);
    return finding_refuse(finding, jwt_result_text(result));
}

enum check jwt_method_check(struct jwt_method *method, struct sl_instance *self,
                            const struct shown *shown, unsigned may, struct finding *finding)
{
    enum check check = CHECK_REFUSED;
    if (!jwt_is_one(shown->token.data, shown->token.len))
        return CHECK_NOT_MINE;
    finding->method = "jwt";
    enum jwt_result result =
        verify_token(method, self, shown, (may & POLICY_MAY_BLOCK) != 0, finding, &check);
    if (result == JWT_OK)
        return check;
    if (result == JWT_SLOW)
        return CHECK_SLOW;
    if (result == JWT_UNKNOWN_KEY && (may & POLICY_HAS_WAITED) == 0)
        self->host->metric_add(method->meters->unknown_keys, 1);
    if (result == JWT_UNKNOWN_KEY || result == JWT_NO_KEY_FITS)
        return on_unknown_key(method, self, shown, result, finding);
    finding->is_scope = result == JWT_SCOPE_MISSING;
    return finding_refuse(finding, jwt_result_text(result));
}
