#include "policy_read.h"
#include "url.h"

#include <string.h>

#define JWKS_TIMEOUT INT64_C(5000000000) /* ns, if the option is left out */

/* -- keys -- */

/* Reads the algorithms that are named into a set of bits; 0 if the option is not set. */
static int read_named_algorithms(struct sl_instance *self, unsigned *named)
{
    const struct sl_host *host = self->host;
    const struct sl_value *list = host->option(self, "jwt_algorithms");
    *named = 0;
    for (size_t i = 0; i < host->value_count(list); i++) {
        struct sl_string name = host->value_string(host->value_at(list, i));
        *named |= algorithm_find(name.data, name.len);
    }
    return list == NULL || *named != 0 ? 0 : sl_fail(self, "jwt_algorithms is empty");
}

static int read_secret(struct jwt_method *jwt, struct sl_instance *self)
{
    char error[KEY_ERROR_SIZE] = "";
    if (!read_is_set(self, "jwt_secret"))
        return 0;
    struct sl_string secret = sl_option_string(self, "jwt_secret");
    jwt->secret = key_set_from_secret(secret.data, secret.len, error);
    return jwt->secret != NULL ? 0 : sl_fail(self, "jwt_secret: %s", error);
}

static int read_key_file(struct policy *policy, struct sl_instance *self, struct key_file *file)
{
    if (!read_is_set(self, file->option_cstr))
        return 0;
    file->path_cstr = read_text_option(policy, self, file->option_cstr);
    if (file->path_cstr == NULL)
        return read_no_memory(self);
    if (key_file_open(file, self) == 0)
        return 0;
    file->path_cstr = NULL;
    return SL_ERROR;
}

static int read_url(struct jwt_method *jwt, struct sl_instance *self, const struct policy *before)
{
    if (!read_is_set(self, "jwks_url"))
        return 0;
    const char *url = sl_option_string(self, "jwks_url").data;
    const char *error = self->host->http_url_error(sl_option_string(self, "jwks_url"));
    if (error != NULL)
        return sl_fail(self, "jwks_url: %s", error);
    if (url_is_exposed(url))
        return sl_fail(self, "jwks_url is http:// to another machine: whoever is on the way could "
                             "bring keys of their own, so it has to be https://");
    read_compare_timeout(self, "jwks_timeout",
                         "clients that wait for keys are told to come again before they are there");
    const struct jwt_method *old = before != NULL ? &before->jwt : NULL;
    jwt->fetched = old != NULL && old->fetched != NULL && fetched_keys_is_from(old->fetched, url)
                       ? fetched_keys_ref(old->fetched)
                       : fetched_keys_create(url);
    return jwt->fetched != NULL ? 0 : read_no_memory(self);
}

static int read_keys(struct policy *policy, struct sl_instance *self, const struct policy *before)
{
    struct jwt_method *jwt = &policy->jwt;
    unsigned named;
    if (read_named_algorithms(self, &named) != 0)
        return SL_ERROR;
    jwt->pem_file = (struct key_file){.option_cstr = "jwt_key_file"};
    jwt->jwks_file = (struct key_file){
        .option_cstr = "jwks_file", .is_jwks = true, .takes_secrets = (named & ALGORITHMS_HS) != 0};
    if (read_secret(jwt, self) != 0 || read_key_file(policy, self, &jwt->pem_file) != 0 ||
        read_key_file(policy, self, &jwt->jwks_file) != 0 || read_url(jwt, self, before) != 0)
        return SL_ERROR;
    jwt->rules.algorithms = named;
    if (named == 0 && jwt->secret != NULL)
        jwt->rules.algorithms |= ALGORITHMS_HS;
    if (named == 0 &&
        (jwt->pem_file.set != NULL || jwt->jwks_file.set != NULL || jwt->fetched != NULL))
        jwt->rules.algorithms |= ALGORITHMS_PUBLIC;
    return 0;
}

/* -- claims -- */

static const char *scalar_text(struct policy *policy, const struct sl_host *host,
                               const struct sl_value *value)
{
    char digits[32];
    if (host->value_type(value) == SL_OPTION_BOOL)
        return host->value_bool(value) ? "true" : "false";
    if (host->value_type(value) == SL_OPTION_INTEGER) {
        snprintf(digits, sizeof digits, "%lld", (long long)host->value_integer(value));
        return policy_text(policy, sl_string_of(digits));
    }
    return host->value_type(value) == SL_OPTION_STRING
               ? policy_text(policy, host->value_string(value))
               : NULL;
}

static int read_claims(struct policy *policy, struct sl_instance *self)
{
    const struct sl_host *host = self->host;
    const struct sl_value *map = host->option(self, "jwt_claims");
    size_t count = host->value_count(map);
    if (count == 0)
        return 0;
    struct claim_rule *claims = host->allocate(count * sizeof *claims);
    if (claims == NULL)
        return read_no_memory(self);
    policy->jwt.rules.claims = claims;
    policy->jwt.rules.claim_count = count;
    for (size_t i = 0; i < count; i++) {
        struct sl_string key = host->value_key(map, i);
        claims[i].name_cstr = policy_text(policy, key);
        claims[i].value_cstr = scalar_text(policy, host, host->value_at(map, i));
        if (claims[i].name_cstr == NULL || claims[i].value_cstr == NULL)
            return sl_fail(self, "jwt_claims: %.*s has to be a text, an integer or a boolean",
                           (int)key.len, key.data);
        if (strcmp(claims[i].value_cstr, "*") == 0)
            claims[i].value_cstr = NULL;
    }
    return 0;
}

static int read_attributes(struct policy *policy, struct sl_instance *self)
{
    const struct sl_host *host = self->host;
    const struct sl_value *map = host->option(self, "jwt_attributes");
    size_t count = host->value_count(map);
    struct jwt_method *jwt = &policy->jwt;
    if (count == 0)
        return 0;
    if (count > ATTRIBUTES_MAX)
        return sl_fail(self, "jwt_attributes names %zu attributes, but %d is the most", count,
                       ATTRIBUTES_MAX);
    jwt->attributes = host->allocate(count * sizeof *jwt->attributes);
    if (jwt->attributes == NULL)
        return read_no_memory(self);
    jwt->attribute_count = count;
    for (size_t i = 0; i < count; i++) {
        struct sl_string name = host->value_key(map, i);
        struct sl_string claim = host->value_string(host->value_at(map, i));
        if (name.len > ATTRIBUTE_NAME_MAX || claim.len == 0)
            return sl_fail(self, "jwt_attributes: an attribute has a name of at most 63 bytes, and "
                                 "the name of a claim");
        if (name.len >= strlen(ATTRIBUTES_PREFIX) &&
            memcmp(name.data, ATTRIBUTES_PREFIX, strlen(ATTRIBUTES_PREFIX)) == 0)
            return sl_fail(self,
                           "jwt_attributes: %.*s begins with auth., as this plugin's own "
                           "attributes do",
                           (int)name.len, name.data);
        jwt->attributes[i] =
            (struct claim_attribute){policy_text(policy, name), policy_text(policy, claim)};
        if (jwt->attributes[i].name_cstr == NULL || jwt->attributes[i].claim_cstr == NULL)
            return read_no_memory(self);
    }
    return 0;
}

/* -- all of it -- */

int read_jwt(struct policy *policy, struct sl_instance *self, const struct policy *before)
{
    struct jwt_method *jwt = &policy->jwt;
    int64_t timeout = JWKS_TIMEOUT;
    jwt->meters = policy->meters;
    jwt->identity_cstr = read_text_option(policy, self, "jwt_identity");
    if (read_is_set(self, "jwks_timeout"))
        timeout = sl_option_integer(self, "jwks_timeout");
    jwt->fetch = (struct fetch_rules){.refresh = sl_option_integer(self, "jwks_refresh"),
                                      .refetch = sl_option_integer(self, "jwks_refetch"),
                                      .max_age = sl_option_integer(self, "jwks_max_age"),
                                      .keep = sl_option_integer(self, "jwks_keep"),
                                      .timeout = timeout,
                                      .is_vital = sl_option_bool(self, "jwks_ready"),
                                      .ca_file_cstr = read_text_option(policy, self, "ca_file"),
                                      .meters = policy->meters};
    jwt->rules.leeway = sl_option_integer(self, "jwt_leeway") / 1000000000;
    jwt->rules.require_expiry = sl_option_bool(self, "jwt_require_expiry");
    if (jwt->identity_cstr == NULL)
        return read_no_memory(self);
    if (read_keys(policy, self, before) != 0 ||
        read_list(policy, self, "jwt_issuer", &jwt->rules.issuers) != 0 ||
        read_list(policy, self, "jwt_audience", &jwt->rules.audiences) != 0 ||
        read_list(policy, self, "jwt_scopes", &jwt->rules.scopes) != 0 ||
        read_claims(policy, self) != 0)
        return SL_ERROR;
    if (read_is_configured(self, METHOD_JWT) && jwt->rules.audiences.count == 0)
        sl_log(self, SL_LOG_WARN,
               "jwt_audience is not set: a token that was made for another "
               "service is accepted too");
    return read_attributes(policy, self);
}
