#include "policy_read.h"
#include "url.h"

#include <sluice/file.h>
#include <string.h>

static const enum sl_certificate_field certificate_values[] = {
    SL_CERTIFICATE_COMMON_NAME, SL_CERTIFICATE_DNS,     SL_CERTIFICATE_EMAIL,
    SL_CERTIFICATE_URI,         SL_CERTIFICATE_SUBJECT, SL_CERTIFICATE_SHA256};

#define RENEWAL_BURST 5 /* renewals at once */

bool read_is_set(const struct sl_instance *self, const char *name)
{
    return self->host->option(self, name) != NULL;
}

const char *read_text_option(struct policy *policy, struct sl_instance *self, const char *name)
{
    return read_is_set(self, name) ? policy_text(policy, sl_option_string(self, name)) : NULL;
}

static int index_of(const char *const *names, struct sl_string name)
{
    for (int i = 0; names[i] != NULL; i++)
        if (strlen(names[i]) == name.len && memcmp(names[i], name.data, name.len) == 0)
            return i;
    return -1;
}

int read_no_memory(struct sl_instance *self)
{
    return sl_fail(self, "there is no memory for the options");
}

/* -- where, who -- */

static int read_places(struct policy *policy, struct sl_instance *self)
{
    const struct sl_host *host = self->host;
    const struct sl_value *from = host->option(self, "from");
    struct credential_places *places = &policy->places;
    bool seen[CREDENTIAL_SOURCES] = {false};
    for (size_t i = 0; i < host->value_count(from); i++) {
        int source = index_of(policy_source_names, host->value_string(host->value_at(from, i)));
        if (source < 0)
            return sl_fail(self, "from: name header, query, cookie or subprotocol");
        if (seen[source])
            return sl_fail(self, "from names %s twice", policy_source_names[source]);
        seen[source] = true;
        places->sources[places->count++] = (enum credential_source)source;
    }
    if (places->count == 0)
        return sl_fail(self, "from is empty, so no token could ever be found: name header, query, "
                             "cookie or subprotocol");
    places->query_parameter = read_text_option(policy, self, "query_parameter");
    places->cookie = read_text_option(policy, self, "cookie");
    return places->query_parameter != NULL && places->cookie != NULL ? 0 : read_no_memory(self);
}

int read_list(struct policy *policy, struct sl_instance *self, const char *name,
              struct texts *texts)
{
    const struct sl_host *host = self->host;
    const struct sl_value *list = host->option(self, name);
    size_t count = host->value_count(list);
    if (list == NULL)
        return 0;
    if (count == 0)
        return sl_fail(self, "%s is empty, so nobody could ever come in: name one, or leave it out",
                       name);
    const char **items = host->allocate(count * sizeof *items);
    if (items == NULL)
        return read_no_memory(self);
    texts->items = items;
    texts->count = count;
    for (size_t i = 0; i < count; i++) {
        struct sl_string text = host->value_string(host->value_at(list, i));
        items[i] = policy_text(policy, text);
        if (items[i] == NULL)
            return read_no_memory(self);
        if (text.len == 0)
            return sl_fail(self, "%s holds an empty text; is an environment variable not set?",
                           name);
    }
    return 0;
}

static int read_allow(struct policy *policy, struct sl_instance *self)
{
    struct texts allow = {NULL, 0};
    int result = read_list(policy, self, "allow", &allow);
    policy->allow = (char **)allow.items;
    policy->allow_count = allow.count;
    return result;
}

/* If tokens are the only method, all names are known, and a name in `allow` without a token is a
 * mistake. */
static int check_allow(const struct policy *policy, struct sl_instance *self)
{
    if (policy->method_count != 1 || policy->methods[0] != METHOD_TOKENS)
        return 0;
    for (size_t i = 0; i < policy->allow_count; i++)
        if (!tokens_has_name(&policy->tokens.current->tokens, policy->allow[i],
                             strlen(policy->allow[i])))
            return sl_fail(self, "allow names %s, but no token has that name", policy->allow[i]);
    return 0;
}

/* -- methods -- */

bool read_is_configured(const struct sl_instance *self, enum method method)
{
    switch (method) {
    case METHOD_CERTIFICATE:
        return read_is_set(self, "certificate_identity");
    case METHOD_JWT:
        return read_is_set(self, "jwt_secret") || read_is_set(self, "jwt_key_file") ||
               read_is_set(self, "jwks_file") || read_is_set(self, "jwks_url");
    case METHOD_TICKET:
        return read_is_set(self, "ticket_secret");
    case METHOD_TOKENS:
        return read_is_set(self, "tokens_file") || read_is_set(self, "tokens_env");
    case METHOD_HTTP:
        return read_is_set(self, "http_url");
    case METHODS:
    default:
        return false;
    }
}

static int add_method(struct policy *policy, struct sl_instance *self, int method)
{
    static const char *const needs[METHODS] = {
        [METHOD_CERTIFICATE] = "certificate_identity",
        [METHOD_JWT] = "one of jwt_secret, jwt_key_file, jwks_file and jwks_url",
        [METHOD_TICKET] = "ticket_secret",
        [METHOD_TOKENS] = "tokens_file or tokens_env",
        [METHOD_HTTP] = "http_url",
    };
    for (size_t i = 0; i < policy->method_count; i++)
        if ((int)policy->methods[i] == method)
            return sl_fail(self, "methods names %s twice", policy_method_names[method]);
    if (!read_is_configured(self, (enum method)method))
        return sl_fail(self, "methods names %s, which needs %s", policy_method_names[method],
                       needs[method]);
    policy->methods[policy->method_count++] = (enum method)method;
    return 0;
}

static int read_methods(struct policy *policy, struct sl_instance *self)
{
    const struct sl_host *host = self->host;
    const struct sl_value *list = host->option(self, "methods");
    for (size_t i = 0; i < host->value_count(list); i++) {
        int method = index_of(policy_method_names, host->value_string(host->value_at(list, i)));
        if (method < 0)
            return sl_fail(self, "methods: name certificate, jwt, ticket, tokens or http");
        if (add_method(policy, self, method) != 0)
            return SL_ERROR;
    }
    for (int i = 0; list == NULL && i < METHODS; i++)
        if (read_is_configured(self, (enum method)i))
            policy->methods[policy->method_count++] = (enum method)i;
    if (policy->method_count == 0)
        return sl_fail(self, "there are no tokens to compare with, and no other method: set "
                             "tokens_file, tokens_env, jwks_url, jwks_file, jwt_key_file, "
                             "jwt_secret, ticket_secret, http_url or certificate_identity");
    return 0;
}

/* -- the others -- */

static int read_ticket(struct policy *policy, struct sl_instance *self)
{
    static const char *const names[TICKET_SECRETS] = {"ticket_secret", "ticket_secret_previous"};
    for (size_t i = 0; i < TICKET_SECRETS; i++) {
        struct sl_string secret = sl_option_string(self, names[i]);
        if (!read_is_set(self, names[i]))
            continue;
        if (secret.len < TICKET_SECRET_MIN)
            return sl_fail(self,
                           "%s has fewer than %d bytes and can be guessed; make one with: "
                           "openssl rand -hex 32",
                           names[i], TICKET_SECRET_MIN);
        const char *copy = policy_text(policy, secret);
        if (copy == NULL)
            return read_no_memory(self);
        policy->ticket_secrets.items[i] = (struct sl_string){copy, secret.len};
    }
    return 0;
}

#define MILLISECOND 1000000

void read_compare_timeout(struct sl_instance *self, const char *name, const char *consequence)
{
    const struct sl_host *host = self->host;
    if (!SL_HAS(host, timeout) || !read_is_set(self, name))
        return;
    int64_t mine = sl_option_integer(self, name);
    int64_t stage = host->timeout(self);
    if (mine > stage)
        sl_log(self, SL_LOG_WARN,
               "%s is %lld ms, and the timeout of this plugin in the pipeline %lld ms: %s; make "
               "%s shorter, or timeout longer",
               name, (long long)(mine / MILLISECOND), (long long)(stage / MILLISECOND), consequence,
               name);
}

/* Somebody who may write to the file could answer in place of the services that are asked. */
static int check_ca_file(struct sl_instance *self)
{
    char why[256], path[4096];
    if (!read_is_set(self, "ca_file"))
        return 0;
    struct sl_string given = sl_option_string(self, "ca_file");
    snprintf(path, sizeof path, "%.*s", (int)given.len, given.data);
    int file = sl_file_open(path, SL_FILE_READABLE, NULL, why, sizeof why);
    if (file < 0)
        return sl_fail(self, "ca_file: %s: %s", path, why);
    close(file);
    return 0;
}

static int read_callback(struct policy *policy, struct sl_instance *self)
{
    struct callback *callback = &policy->callback;
    if (!read_is_set(self, "http_url"))
        return 0;
    *callback = (struct callback){.url_cstr = read_text_option(policy, self, "http_url"),
                                  .ca_file_cstr = read_text_option(policy, self, "ca_file"),
                                  .timeout = sl_option_integer(self, "http_timeout"),
                                  .keep = sl_option_integer(self, "http_cache"),
                                  .requests = policy->meters->http_requests,
                                  .hits = policy->meters->http_cache_hits};
    if (callback->url_cstr == NULL)
        return read_no_memory(self);
    const char *error = self->host->http_url_error(sl_option_string(self, "http_url"));
    if (error != NULL)
        return sl_fail(self, "http_url: %s", error);
    if (url_is_exposed(callback->url_cstr))
        sl_log(self, SL_LOG_WARN,
               "http_url is http:// to another machine: whoever is on the way "
               "reads every token, and can let in whom they like");
    read_compare_timeout(self, "http_timeout",
                         "what the service says after that comes too late for the client");
    if (callback->keep > 0)
        callback->cache =
            answer_cache_create(self->host, (size_t)sl_option_integer(self, "http_cache_size"));
    return callback->keep == 0 || callback->cache != NULL ? 0 : read_no_memory(self);
}

static int read_tokens(struct policy *policy, struct sl_instance *self)
{
    if (!read_is_configured(self, METHOD_TOKENS))
        return 0;
    const char *file = read_text_option(policy, self, "tokens_file");
    const char *env = read_text_option(policy, self, "tokens_env");
    if ((read_is_set(self, "tokens_file") && file == NULL) ||
        (read_is_set(self, "tokens_env") && env == NULL))
        return read_no_memory(self);
    if (token_source_init(&policy->tokens, self, file, env) != 0)
        return SL_ERROR;
    return 0;
}

static int read_rest(struct policy *policy, struct sl_instance *self)
{
    int field = index_of(policy_certificate_names, sl_option_string(self, "certificate_identity"));
    policy->certificate_field = certificate_values[field >= 0 ? field : 0];
    policy->required = sl_option_bool(self, "required");
    policy->reread = sl_option_integer(self, "reread");
    policy->grace = sl_option_integer(self, "grace");
    policy->slow_places = (size_t)sl_option_integer(self, "slow_checks");
    policy->slow_places_each = (size_t)sl_option_integer(self, "slow_checks_per_address");
    policy->renewal_interval = (int64_t)(1e9 / sl_option_number(self, "renewal_rate"));
    policy->renewal_burst = RENEWAL_BURST * policy->renewal_interval;
    policy->closes_expired = sl_option_bool(self, "expire");
    policy->sets_attributes = sl_option_bool(self, "attributes");
    policy->renewal = read_text_option(policy, self, "renewal");
    return !read_is_set(self, "renewal") || policy->renewal != NULL ? 0 : read_no_memory(self);
}

bool policy_has_method(const struct policy *policy, const char *name, size_t len)
{
    for (size_t i = 0; i < policy->method_count; i++) {
        const char *method = policy_method_names[policy->methods[i]];
        if (strlen(method) == len && memcmp(method, name, len) == 0)
            return true;
    }
    return false;
}

struct policy *policy_create(struct sl_instance *self, struct policy_home *home,
                             const struct policy *before)
{
    struct policy *policy = self->host->allocate(sizeof *policy);
    if (policy == NULL) {
        (void)read_no_memory(self);
        return NULL;
    }
    memset(policy, 0, sizeof *policy);
    atomic_init(&policy->references, 1);
    policy->host = self->host;
    policy->instance_cstr = self->name;
    policy->meters = &home->meters;
    policy->watch = &home->watch;
    policy->slow = &home->slow;
    if (read_rest(policy, self) == 0 && read_places(policy, self) == 0 &&
        read_allow(policy, self) == 0 && read_methods(policy, self) == 0 &&
        check_ca_file(self) == 0 && read_jwt(policy, self, before) == 0 &&
        read_ticket(policy, self) == 0 && read_callback(policy, self) == 0 &&
        read_tokens(policy, self) == 0 && check_allow(policy, self) == 0)
        return policy;
    policy_unref(policy);
    return NULL;
}
