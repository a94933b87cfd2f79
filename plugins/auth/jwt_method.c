#include "jwt_method.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND INT64_C(1000000000)
#define CLAIM_TEXT 1024
#define WAITING_MAX 2 /* of the pool's threads */

struct fetched_keys {
    atomic_uint references;
    pthread_mutex_t lock;
    pthread_cond_t fetched; /* a fetch has ended */
    unsigned waiting;       /* threads, for the first keys */
    struct key_set *set;    /* owned reference; NULL: none yet, or too old */
    int64_t fetched_at;     /* ns, monotonic */
    int64_t next_refresh;   /* when the next fetch is due */
    int64_t next_refetch;   /* when an unknown key may cause one */
    bool is_fetching;
    char url[];
};

struct fetched_keys *fetched_keys_create(const char *url_cstr)
{
    struct fetched_keys *keys = calloc(1, sizeof *keys + strlen(url_cstr) + 1);
    if (keys == NULL)
        return NULL;
    atomic_init(&keys->references, 1);
    pthread_mutex_init(&keys->lock, NULL);
    pthread_cond_init(&keys->fetched, NULL);
    memcpy(keys->url, url_cstr, strlen(url_cstr) + 1);
    return keys;
}

struct fetched_keys *fetched_keys_ref(struct fetched_keys *keys)
{
    atomic_fetch_add(&keys->references, 1);
    return keys;
}

void fetched_keys_unref(struct fetched_keys *keys)
{
    if (keys == NULL || atomic_fetch_sub(&keys->references, 1) != 1)
        return;
    key_set_unref(keys->set);
    pthread_cond_destroy(&keys->fetched);
    pthread_mutex_destroy(&keys->lock);
    free(keys);
}

bool fetched_keys_is_from(const struct fetched_keys *keys, const char *url_cstr)
{
    return strcmp(keys->url, url_cstr) == 0;
}

void jwt_method_deinit(struct jwt_method *method, const struct sl_host *host)
{
    for (size_t i = 0; i < GIVEN_KEYS; i++)
        key_set_unref(method->given[i]);
    fetched_keys_unref(method->fetched);
    host->release(method->attributes);
    host->release((void *)method->rules.issuers.items);
    host->release((void *)method->rules.audiences.items);
    host->release((void *)method->rules.scopes.items);
    host->release((void *)method->rules.claims);
}

/* -- fetching -- */

static struct key_set *take_set(struct fetched_keys *keys)
{
    pthread_mutex_lock(&keys->lock);
    struct key_set *set = keys->set != NULL ? key_set_ref(keys->set) : NULL;
    pthread_mutex_unlock(&keys->lock);
    return set;
}

/* Whether this thread is the one to fetch now. */
static bool begin_fetch(struct fetched_keys *keys, int64_t now, bool for_unknown)
{
    pthread_mutex_lock(&keys->lock);
    bool mine =
        !keys->is_fetching && now >= (for_unknown ? keys->next_refetch : keys->next_refresh);
    keys->is_fetching |= mine;
    pthread_mutex_unlock(&keys->lock);
    return mine;
}

static void end_fetch(const struct jwt_method *method, struct fetched_keys *keys,
                      struct key_set *set, int64_t now)
{
    struct key_set *before = NULL;
    pthread_mutex_lock(&keys->lock);
    keys->is_fetching = false;
    pthread_cond_broadcast(&keys->fetched);
    keys->next_refetch = now + method->refetch;
    keys->next_refresh = now + (set != NULL || method->refresh < method->refetch ? method->refresh
                                                                                 : method->refetch);
    if (set != NULL || now - keys->fetched_at > method->max_age) {
        before = keys->set;
        keys->set = set;
    }
    if (set != NULL)
        keys->fetched_at = now;
    pthread_mutex_unlock(&keys->lock);
    key_set_unref(before);
}

static void fetch(const struct jwt_method *method, struct sl_instance *self, struct http *http)
{
    struct fetched_keys *keys = method->fetched;
    char error[KEY_ERROR_SIZE] = "";
    struct key_set *set = NULL;
    struct http_request request = {.url_cstr = keys->url,
                                   .ca_file_cstr = method->ca_file_cstr,
                                   .timeout = method->timeout,
                                   .body_max = KEY_INPUT_MAX};
    self->host->metric_add(method->meters->key_fetches, 1);
    if (!http_get(http, &request))
        snprintf(error, sizeof error, "%s", request.error);
    else if (request.status != 200)
        snprintf(error, sizeof error, "the answer has status %ld", request.status);
    else
        set = key_set_parse_jwks(request.body != NULL ? request.body : "", request.body_len, error);
    free(request.body);
    if (set == NULL) {
        self->host->metric_add(method->meters->key_failures, 1);
        sl_log(self, SL_LOG_WARN, "jwks_url %s: %s; the keys of before, if any, stay in force",
               keys->url, error);
    } else {
        sl_log(self, SL_LOG_DEBUG, "jwks_url %s: %zu keys (%zu of no use here)", keys->url,
               set->count, set->skipped);
    }
    end_fetch(method, keys, set, self->host->time_monotonic());
}

void jwt_method_maintain(struct jwt_method *method, struct sl_instance *self, struct http *http)
{
    if (method->fetched != NULL &&
        begin_fetch(method->fetched, self->host->time_monotonic(), false))
        fetch(method, self, http);
}

/* -- checking -- */

/* Texts as they are, numbers and booleans as JSON writes them, lists with spaces between. */
static bool claim_text(const json_t *claim, char out[CLAIM_TEXT], size_t *len)
{
    size_t index;
    const json_t *item;
    if (json_is_string(claim)) {
        *len = json_string_length(claim);
        if (*len >= CLAIM_TEXT)
            return false;
        memcpy(out, json_string_value(claim), *len);
        return true;
    }
    if (json_is_array(claim)) {
        *len = 0;
        json_array_foreach(claim, index, item)
        {
            if (!json_is_string(item) || *len + json_string_length(item) + 1 >= CLAIM_TEXT)
                return false;
            *len += (size_t)snprintf(out + *len, CLAIM_TEXT - *len, "%s%s", index > 0 ? " " : "",
                                     json_string_value(item));
        }
        return true;
    }
    char *text = json_is_number(claim) || json_is_boolean(claim)
                     ? json_dumps(claim, JSON_ENCODE_ANY | JSON_COMPACT)
                     : NULL;
    *len = text != NULL ? strlen(text) : 0;
    bool fits = text != NULL && *len < CLAIM_TEXT;
    if (fits)
        memcpy(out, text, *len);
    free(text);
    return fits;
}

static enum check take_claims(const struct jwt_method *method, const json_t *claims,
                              struct finding *finding)
{
    char text[CLAIM_TEXT];
    size_t len;
    const json_t *identity = jwt_claim(claims, method->identity_cstr);
    if (json_is_object(identity) || json_is_array(identity) || !claim_text(identity, text, &len) ||
        !finding_identify(finding, text, len))
        return finding_refuse(finding, "The token names nobody.");
    finding->expires = jwt_expiry(claims);
    for (size_t i = 0; i < method->attribute_count; i++) {
        const json_t *claim = jwt_claim(claims, method->attributes[i].claim_cstr);
        if (claim == NULL || json_is_null(claim))
            continue;
        if (!claim_text(claim, text, &len) ||
            !finding_attribute(finding, method->attributes[i].name_cstr, text, len))
            return finding_refuse(finding, "The token's claims are too long.");
    }
    return CHECK_ACCEPTED;
}

static enum jwt_result verify(const struct jwt_method *method, struct sl_instance *self,
                              const struct shown *shown, struct finding *finding,
                              enum check *accepted, bool *has_fetched)
{
    const struct key_set *sets[GIVEN_KEYS + 1];
    struct key_set *fetched = method->fetched != NULL ? take_set(method->fetched) : NULL;
    json_t *claims = NULL;
    for (size_t i = 0; i < GIVEN_KEYS; i++)
        sets[i] = method->given[i];
    sets[GIVEN_KEYS] = fetched;
    enum jwt_result result = jwt_verify(shown->token.data, shown->token.len, &method->rules, sets,
                                        GIVEN_KEYS + 1, self->host->time_wall() / SECOND, &claims);
    if (result == JWT_OK) {
        *accepted = take_claims(method, claims, finding);
        json_decref(claims);
    }
    *has_fetched = fetched != NULL;
    key_set_unref(fetched);
    return result;
}

/* Before the first keys are there, a few threads may wait for them. Returns whether they came. */
static bool wait_for_first(const struct jwt_method *method, struct fetched_keys *keys)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(method->timeout / SECOND) + 1;
    pthread_mutex_lock(&keys->lock);
    bool may_wait = keys->waiting < WAITING_MAX;
    keys->waiting += may_wait;
    while (may_wait && keys->is_fetching &&
           pthread_cond_timedwait(&keys->fetched, &keys->lock, &until) == 0)
        ;
    keys->waiting -= may_wait;
    bool came = keys->set != NULL;
    pthread_mutex_unlock(&keys->lock);
    return came;
}

/* A key that is not known may be a new one: whether asking for it is allowed, and under way. */
static enum check on_unknown_key(const struct jwt_method *method, struct sl_instance *self,
                                 struct http *http, bool may_block, bool has_fetched,
                                 bool *fetched_now, struct finding *finding)
{
    struct fetched_keys *keys = method->fetched;
    int64_t now = self->host->time_monotonic();
    pthread_mutex_lock(&keys->lock);
    bool is_fetching = keys->is_fetching;
    bool is_allowed = now >= keys->next_refetch;
    pthread_mutex_unlock(&keys->lock);
    if (is_allowed && !is_fetching && !may_block)
        return CHECK_SLOW;
    if (is_allowed && may_block && begin_fetch(keys, now, true)) {
        fetch(method, self, http);
        *fetched_now = true;
        return CHECK_NOT_MINE;
    }
    if (is_fetching && !has_fetched && !may_block)
        return CHECK_SLOW;
    if (is_fetching && !has_fetched && wait_for_first(method, keys)) {
        *fetched_now = true;
        return CHECK_NOT_MINE;
    }
    return is_fetching || !has_fetched
               ? finding_fail(finding, "The keys are being fetched; try again.")
               : finding_refuse(finding, jwt_result_text(JWT_UNKNOWN_KEY));
}

enum check jwt_method_check(struct jwt_method *method, struct sl_instance *self, struct http *http,
                            const struct shown *shown, bool may_block, struct finding *finding)
{
    enum check check = CHECK_REFUSED;
    bool has_fetched, fetched_now = false;
    if (!jwt_is_one(shown->token.data, shown->token.len))
        return CHECK_NOT_MINE;
    finding->method = "jwt";
    enum jwt_result result = verify(method, self, shown, finding, &check, &has_fetched);
    if (result == JWT_UNKNOWN_KEY) {
        self->host->metric_add(method->meters->unknown_keys, 1);
        if (method->fetched != NULL) {
            check =
                on_unknown_key(method, self, http, may_block, has_fetched, &fetched_now, finding);
            if (!fetched_now)
                return check;
            result = verify(method, self, shown, finding, &check, &has_fetched);
            if (result == JWT_UNKNOWN_KEY && !has_fetched)
                return finding_fail(finding, "The keys cannot be fetched; try again.");
        }
    }
    if (result == JWT_OK)
        return check;
    finding->is_scope = result == JWT_SCOPE_MISSING;
    return finding_refuse(finding, jwt_result_text(result));
}
