#include "fetched_keys.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct fetched_keys {
    atomic_uint references;
    pthread_mutex_t lock;     /* of what follows, save the URL */
    struct key_set *set;      /* owned reference; NULL: none yet, or too old */
    struct key_set *previous; /* owned reference; NULL: none */
    int64_t previous_until;   /* ns, monotonic, as all of these */
    int64_t fetched_at;
    int64_t next_refresh; /* when the next fetch is due */
    int64_t next_refetch; /* when an unknown key may cause one */
    bool is_fetching;
    struct keys_waiter *waiters;
    size_t waiting;
    char url[];
};

/* A fetch that is under way. */
struct fetch {
    struct http_request request; /* first */
    struct sl_instance *self;
    struct fetched_keys *keys; /* owned reference */
    struct fetch_rules rules;
    char ca_file[];
};

struct fetched_keys *fetched_keys_create(const char *url_cstr)
{
    struct fetched_keys *keys = calloc(1, sizeof *keys + strlen(url_cstr) + 1);
    if (keys == NULL)
        return NULL;
    atomic_init(&keys->references, 1);
    pthread_mutex_init(&keys->lock, NULL);
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
    key_set_unref(keys->previous);
    pthread_mutex_destroy(&keys->lock);
    free(keys);
}

bool fetched_keys_is_from(const struct fetched_keys *keys, const char *url_cstr)
{
    return strcmp(keys->url, url_cstr) == 0;
}

void fetched_keys_take(struct fetched_keys *keys, int64_t now, struct key_set *sets[FETCHED_SETS])
{
    pthread_mutex_lock(&keys->lock);
    sets[0] = keys->set != NULL ? key_set_ref(keys->set) : NULL;
    sets[1] =
        keys->previous != NULL && now < keys->previous_until ? key_set_ref(keys->previous) : NULL;
    pthread_mutex_unlock(&keys->lock);
}

/* -- the end of a fetch -- */

/* The sets that are given up are returned in `old`. Called with the lock. */
static void replace(struct fetched_keys *keys, const struct fetch_rules *rules, struct key_set *set,
                    int64_t now, struct key_set *old[FETCHED_SETS])
{
    if (set == NULL && now - keys->fetched_at <= rules->max_age)
        return;
    old[0] = keys->set;
    if (set == NULL || (keys->previous != NULL && now >= keys->previous_until)) {
        old[1] = keys->previous;
        keys->previous = NULL;
    }
    if (set != NULL && keys->set != NULL && !key_set_contains(set, keys->set)) {
        old[0] = keys->previous;
        keys->previous = keys->set;
        keys->previous_until = now + rules->keep;
    }
    keys->set = set;
    keys->fetched_at = now;
}

static struct keys_waiter *take_waiters(struct fetched_keys *keys)
{
    struct keys_waiter *waiters = keys->waiters;
    keys->waiters = NULL;
    keys->waiting = 0;
    return waiters;
}

/* Takes the set, if there is one, and tells who waits. */
static void end_fetch(struct fetched_keys *keys, const struct fetch_rules *rules,
                      struct key_set *set, int64_t now)
{
    struct key_set *old[FETCHED_SETS] = {NULL, NULL};
    bool is_failure = set == NULL;
    pthread_mutex_lock(&keys->lock);
    keys->is_fetching = false;
    keys->next_refetch = now + rules->refetch;
    keys->next_refresh =
        now + (is_failure && rules->refetch < rules->refresh ? rules->refetch : rules->refresh);
    replace(keys, rules, set, now, old);
    struct keys_waiter *waiter = take_waiters(keys);
    pthread_mutex_unlock(&keys->lock);
    key_set_unref(old[0]);
    key_set_unref(old[1]);
    while (waiter != NULL) {
        struct keys_waiter *next = waiter->next;
        waiter->on_keys(waiter);
        waiter = next;
    }
}

static void report(const struct fetched_keys *keys, const struct fetch_rules *rules,
                   struct sl_instance *self, const struct key_set *set, const char *error)
{
    int len = http_loggable(keys->url);
    if (set == NULL) {
        self->host->metric_add(rules->meters->key_failures, 1);
        sl_log(self, SL_LOG_WARN, "jwks_url %.*s: %s; the keys of before, if any, stay in force",
               len, keys->url, error);
    } else {
        sl_log(self, SL_LOG_DEBUG, "jwks_url %.*s: %zu keys (%zu of no use here)", len, keys->url,
               set->count, set->skipped);
    }
}

static void on_answer(struct http_request *request)
{
    struct fetch *fetch = (struct fetch *)request;
    struct sl_instance *self = fetch->self;
    char error[KEY_ERROR_SIZE] = "";
    struct key_set *set = NULL;
    if (request->status == 0)
        snprintf(error, sizeof error, "%s", request->error);
    else if (request->status != 200)
        snprintf(error, sizeof error, "the answer has status %ld", request->status);
    else
        set = key_set_parse_jwks(request->body != NULL ? request->body : "", request->body_len,
                                 false, error);
    report(fetch->keys, &fetch->rules, self, set, error);
    end_fetch(fetch->keys, &fetch->rules, set, self->host->time_monotonic());
    fetched_keys_unref(fetch->keys);
    free(fetch);
}

/* -- its beginning -- */

static struct fetch *fetch_create(struct fetched_keys *keys, const struct fetch_rules *rules,
                                  struct sl_instance *self)
{
    size_t len = rules->ca_file_cstr != NULL ? strlen(rules->ca_file_cstr) : 0;
    struct fetch *fetch = calloc(1, sizeof *fetch + len + 1);
    if (fetch == NULL)
        return NULL;
    if (len > 0)
        memcpy(fetch->ca_file, rules->ca_file_cstr, len);
    fetch->self = self;
    fetch->keys = fetched_keys_ref(keys);
    fetch->rules = *rules;
    fetch->rules.ca_file_cstr = NULL;
    fetch->request = (struct http_request){.url_cstr = keys->url,
                                           .ca_file_cstr = len > 0 ? fetch->ca_file : NULL,
                                           .timeout = rules->timeout,
                                           .body_max = KEY_INPUT_MAX,
                                           .on_done = on_answer};
    return fetch;
}

/* The caller has set is_fetching. */
static void begin_fetch(struct fetched_keys *keys, const struct fetch_rules *rules,
                        struct sl_instance *self)
{
    struct fetch *fetch = fetch_create(keys, rules, self);
    self->host->metric_add(rules->meters->key_fetches, 1);
    if (fetch != NULL && http_ask(rules->http, &fetch->request))
        return;
    if (fetch != NULL)
        fetched_keys_unref(fetch->keys);
    free(fetch);
    report(keys, rules, self, NULL, "there is no memory, or no thread, to ask for it");
    end_fetch(keys, rules, NULL, self->host->time_monotonic());
}

void fetched_keys_maintain(struct fetched_keys *keys, const struct fetch_rules *rules,
                           struct sl_instance *self)
{
    pthread_mutex_lock(&keys->lock);
    bool begins = !keys->is_fetching && self->host->time_monotonic() >= keys->next_refresh;
    keys->is_fetching |= begins;
    pthread_mutex_unlock(&keys->lock);
    if (begins)
        begin_fetch(keys, rules, self);
}

bool fetched_keys_may_come(struct fetched_keys *keys, int64_t now)
{
    pthread_mutex_lock(&keys->lock);
    bool may_come = keys->is_fetching || now >= keys->next_refetch;
    pthread_mutex_unlock(&keys->lock);
    return may_come;
}

bool fetched_keys_wait(struct fetched_keys *keys, const struct fetch_rules *rules,
                       struct sl_instance *self, struct keys_waiter *waiter)
{
    pthread_mutex_lock(&keys->lock);
    bool begins = !keys->is_fetching && self->host->time_monotonic() >= keys->next_refetch;
    bool is_fetching = keys->is_fetching || begins;
    bool has_room = keys->waiting < KEYS_WAITING_MAX;
    if (is_fetching && has_room) {
        keys->is_fetching = true;
        waiter->next = keys->waiters;
        keys->waiters = waiter;
        keys->waiting++;
    }
    pthread_mutex_unlock(&keys->lock);
    if (begins && has_room)
        begin_fetch(keys, rules, self);
    else if (!is_fetching) /* It has just ended. */
        waiter->on_keys(waiter);
    return has_room || !is_fetching;
}
