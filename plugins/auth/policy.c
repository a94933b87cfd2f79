#include "policy.h"

#include <openssl/crypto.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

struct policy_text {
    struct policy_text *next;
    char data[];
};

const char *policy_text(struct policy *policy, struct sl_string text)
{
    struct policy_text *copy = policy->host->allocate(sizeof *copy + text.len + 1);
    if (copy == NULL)
        return NULL;
    if (text.len > 0)
        memcpy(copy->data, text.data, text.len);
    copy->data[text.len] = '\0';
    copy->next = policy->texts;
    policy->texts = copy;
    return copy->data;
}

struct policy *policy_ref(struct policy *policy)
{
    atomic_fetch_add(&policy->references, 1);
    return policy;
}

/* Secrets are among the texts, so all of them are wiped. */
static void free_texts(struct policy *policy)
{
    while (policy->texts != NULL) {
        struct policy_text *text = policy->texts;
        policy->texts = text->next;
        OPENSSL_cleanse(text->data, strlen(text->data));
        policy->host->release(text);
    }
}

void policy_unref(struct policy *policy)
{
    if (policy == NULL || atomic_fetch_sub(&policy->references, 1) != 1)
        return;
    token_source_deinit(&policy->tokens, policy->host);
    jwt_method_deinit(&policy->jwt, policy->host);
    answer_cache_destroy(policy->callback.cache);
    policy->host->release(policy->allow);
    free_texts(policy);
    policy->host->release(policy);
}

/* -- checking -- */

static bool equals_identity(const char *text_cstr, const char *data, size_t len)
{
    return strlen(text_cstr) == len && memcmp(text_cstr, data, len) == 0;
}

bool policy_allows(const struct policy *policy, const char *identity, size_t len)
{
    for (size_t i = 0; i < policy->allow_count; i++)
        if (equals_identity(policy->allow[i], identity, len))
            return true;
    return policy->allow_count == 0;
}

static enum check check_certificate(const struct shown *shown, struct finding *finding)
{
    if (shown->certificate.len == 0)
        return CHECK_NOT_MINE;
    finding->method = "certificate";
    return finding_identify(finding, shown->certificate.data, shown->certificate.len)
               ? CHECK_ACCEPTED
               : finding_refuse(finding, "The certificate names nobody.");
}

static enum check ask_method(struct policy *policy, struct sl_instance *self, enum method method,
                             const struct shown *shown, unsigned may, struct finding *finding)
{
    int64_t now = self->host->time_wall() / SECOND;
    if (method == METHOD_CERTIFICATE)
        return check_certificate(shown, finding);
    if (shown->token.len == 0)
        return CHECK_NOT_MINE;
    switch (method) {
    case METHOD_JWT:
        return jwt_method_check(&policy->jwt, self, shown, may, finding);
    case METHOD_TICKET:
        return signed_ticket_check(&policy->ticket_secrets, shown, now, finding);
    case METHOD_TOKENS:
        return token_source_check(&policy->tokens, shown, (may & POLICY_MAY_BLOCK) != 0, finding);
    case METHOD_HTTP:
        return callback_check(&policy->callback, self, shown, finding);
    case METHOD_CERTIFICATE:
    case METHODS:
    default:
        return CHECK_NOT_MINE;
    }
}

/* Takes the same time for names that are on the list and names that are not. */
static bool is_name_and_secret(const struct policy *policy, const struct shown *shown)
{
    return token_source_has_hashes(&policy->tokens) &&
           memchr(shown->token.data, ':', shown->token.len) != NULL;
}

enum check policy_conclude(const struct policy *policy, const struct shown *shown,
                           enum check result, struct finding *finding)
{
    if (result == CHECK_ACCEPTED &&
        !policy_allows(policy, finding->identity, finding->identity_len)) {
        finding->is_scope = true;
        return finding_refuse(finding, "This token may not connect here.");
    }
    if (result == CHECK_NOT_MINE && shown->token.len > 0)
        return finding_refuse(finding, is_name_and_secret(policy, shown)
                                           ? "The name or the secret is not valid."
                                           : "The token is not valid.");
    return result;
}

enum check policy_check(struct policy *policy, struct sl_instance *self, const struct shown *shown,
                        unsigned may, struct finding *finding)
{
    enum check result = CHECK_NOT_MINE;
    for (size_t i = 0; result == CHECK_NOT_MINE && i < policy->method_count; i++) {
        finding_init(finding);
        result = ask_method(policy, self, policy->methods[i], shown, may, finding);
    }
    return policy_conclude(policy, shown, result, finding);
}

bool policy_has_files(const struct policy *policy)
{
    return policy->tokens.file_cstr != NULL || policy->jwt.pem_file.path_cstr != NULL ||
           policy->jwt.jwks_file.path_cstr != NULL;
}

void policy_reread(struct policy *policy, struct sl_instance *self)
{
    if (policy->tokens.current != NULL)
        token_source_refresh(&policy->tokens, self);
    key_file_refresh(&policy->jwt.pem_file, self);
    key_file_refresh(&policy->jwt.jwks_file, self);
}
