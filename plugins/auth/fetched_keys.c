#include "fetched_keys.h"

#include "url.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_PAUSE INT64_C(1000000000) /* ns, after a failure; then twice as long each time */
#define DOUBLINGS_MAX 20
#define HEAD_MAX 65536
#define NO_KEYS "There are no keys from jwks_url."

struct fetched_keys {
    atomic_uint references;
    pthread_mutex_t lock;     /* of what follows, save the URL */
    struct key_set *set;      /* owned reference; NULL: none yet, or too old */
    struct key_set *previous; /* owned reference; NULL: none */
    int64_t previous_until;   /* ns, monotonic, as all of these */
    int64_t fetched_at;
    int64_t asked_at;     /* when the last successful fetch began; -1: none has succeeded */
    int64_t next_refresh; /* when the next fetch is due */
    int64_t next_refetch; /* when an unknown key may cause a fetch */
    unsigned failures;    /* since the last success */
    bool is_fetching;
    bool is_reported; /* /metrics and /readyz tell of these keys */
    bool is_vital;    /* as the rules say that are in force, not those of a fetch under way */
    struct keys_waiter *waiters;
    size_t waiting;
    char url[];
};

/* A fetch that is under way. */
struct fetch {
    struct fetched_keys *keys; /* owned reference */
    int64_t began;             /* ns, monotonic */
    bool is_due;               /* it was due by its schedule; else an unknown key caused it */
    struct fetch_rules rules;
    bool has_ended;
    bool is_cancelled; /* the instance ends, or the server stops */
    char *body;        /* owned: what has been fetched; NULL: `error` says why not */
    size_t len;
    char error[KEY_ERROR_SIZE];
};

struct fetched_keys *fetched_keys_create(const char *url_cstr)
{
    struct fetched_keys *keys = calloc(1, sizeof *keys + strlen(url_cstr) + 1);
    if (keys == NULL)
        return NULL;
    atomic_init(&keys->references, 1);
    keys->asked_at = -1;
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

/* -- waiters; called with the lock -- */

static void link_waiter(struct fetched_keys *keys, struct keys_waiter *waiter)
{
    waiter->next = keys->waiters;
    waiter->link = &keys->waiters;
    if (waiter->next != NULL)
        waiter->next->link = &waiter->next;
    keys->waiters = waiter;
    keys->waiting++;
}

static void unlink_waiter(struct fetched_keys *keys, struct keys_waiter *waiter)
{
    *waiter->link = waiter->next;
    if (waiter->next != NULL)
        waiter->next->link = waiter->link;
    waiter->link = NULL;
    keys->waiting--;
}

/* -- the end of a fetch -- */

/* When the keys in force were fetched, in seconds since 1970-01-01 UTC; 0: there are none. */
static double time_of_fetch(const struct fetched_keys *keys, const struct sl_host *host)
{
    int64_t age = host->time_monotonic() - keys->fetched_at;
    return keys->set != NULL ? (double)(host->time_wall() - age) / 1e9 : 0;
}

/* Whether there are keys, and since when, for /metrics and /readyz. Called with the lock. */
static void report_keys(const struct fetched_keys *keys, const struct fetch_rules *rules,
                        struct sl_instance *self)
{
    if (!keys->is_reported)
        return;
    self->host->metric_set(rules->meters->keys, keys->set != NULL ? (double)keys->set->count : 0);
    self->host->metric_set(rules->meters->fetched, time_of_fetch(keys, self->host));
    if (SL_HAS(self->host, set_unready))
        self->host->set_unready(self, keys->set == NULL && keys->is_vital ? NO_KEYS : NULL);
}

/* Sets that are replaced are returned in `old`. Called with the lock. */
static void replace_sets(struct fetched_keys *keys, const struct fetch_rules *rules,
                         struct key_set *set, int64_t now, struct key_set *old[FETCHED_SETS])
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

/* Removes the first waiter and returns it; NULL if there is none. Waiters are removed one by one,
 * so that the others can be cancelled meanwhile. */
static struct keys_waiter *take_waiter(struct fetched_keys *keys, struct keys_waiter **waiters)
{
    pthread_mutex_lock(&keys->lock);
    struct keys_waiter *waiter = *waiters;
    if (waiter != NULL)
        unlink_waiter(keys, waiter);
    pthread_mutex_unlock(&keys->lock);
    return waiter;
}

/* Sets when the next fetch is due, and when an unknown key may cause one: after a scheduled fetch,
 * the first unknown key may do so at once. Called with the lock. */
static void plan_next_fetch(struct fetched_keys *keys, const struct fetch_rules *rules, bool is_due,
                            bool is_success, int64_t now)
{
    keys->failures = is_success ? 0 : keys->failures + 1;
    if (is_success) {
        keys->next_refresh = now + rules->refresh;
        keys->next_refetch = is_due ? now : now + rules->refetch;
        return;
    }
    int64_t longest = rules->refetch < rules->refresh ? rules->refetch : rules->refresh;
    unsigned doublings = keys->failures - 1 < DOUBLINGS_MAX ? keys->failures - 1 : DOUBLINGS_MAX;
    int64_t pause = FIRST_PAUSE << doublings;
    keys->next_refresh = now + (pause < longest ? pause : longest);
    keys->next_refetch = keys->next_refresh;
}

/* Takes over the set, if there is one, and calls the waiters. */
static void end_fetch(struct fetched_keys *keys, const struct fetch_rules *rules,
                      const struct fetch *fetch, struct key_set *set, struct sl_instance *self)
{
    struct key_set *old[FETCHED_SETS] = {NULL, NULL};
    int64_t now = self->host->time_monotonic();
    pthread_mutex_lock(&keys->lock);
    keys->is_fetching = false;
    if (set != NULL)
        keys->asked_at = fetch->began;
    plan_next_fetch(keys, rules, fetch == NULL || fetch->is_due, set != NULL, now);
    replace_sets(keys, rules, set, now, old);
    report_keys(keys, rules, self);
    struct keys_waiter *waiters = keys->waiters;
    if (waiters != NULL)
        waiters->link = &waiters;
    keys->waiters = NULL;
    pthread_mutex_unlock(&keys->lock);
    key_set_unref(old[0]);
    key_set_unref(old[1]);
    for (struct keys_waiter *waiter; (waiter = take_waiter(keys, &waiters)) != NULL;)
        waiter->on_keys(waiter);
}

static void report_fetch(const struct fetched_keys *keys, const struct fetch_rules *rules,
                         struct sl_instance *self, const struct key_set *set, const char *error)
{
    int len = url_loggable(keys->url);
    if (set == NULL) {
        self->host->metric_add(rules->meters->key_failures, 1);
        sl_log(self, SL_LOG_WARN, "jwks_url %.*s: %s; the keys of before, if any, stay in force",
               len, keys->url, error);
    } else {
        sl_log(self, SL_LOG_DEBUG, "jwks_url %.*s: %zu keys (%zu of no use here)", len, keys->url,
               set->count, set->skipped);
        if (set->surplus > 0)
            sl_log(self, SL_LOG_WARN,
                   "jwks_url %.*s: the last %zu of %zu keys are left out: %d are the most", len,
                   keys->url, set->surplus, set->surplus + set->skipped + set->count, KEYS_MAX);
    }
}

/* Reads what has been fetched, on a worker. */
static void read_fetched(struct sl_instance *self, void *context)
{
    struct fetch *fetch = context;
    struct key_set *set = fetch->body != NULL
                              ? key_set_parse_jwks(fetch->body, fetch->len, false, fetch->error)
                              : NULL;
    if (!fetch->is_cancelled)
        report_fetch(fetch->keys, &fetch->rules, self, set, fetch->error);
    end_fetch(fetch->keys, &fetch->rules, fetch, set, self);
    fetch->has_ended = true;
}

/* A server that stops may not have had it read. */
static void free_fetch(struct sl_instance *self, struct sl_client *client, void *context)
{
    struct fetch *fetch = context;
    (void)client;
    if (!fetch->has_ended)
        end_fetch(fetch->keys, &fetch->rules, fetch, NULL, self);
    fetched_keys_unref(fetch->keys);
    free(fetch->body);
    free(fetch);
}

static char *copy_body(struct sl_string body)
{
    char *copy = malloc(body.len + 1);
    if (copy != NULL && body.len > 0)
        memcpy(copy, body.data, body.len);
    return copy;
}

static void on_response(struct sl_instance *self, struct sl_client *client,
                        const struct sl_http_response *response, void *context)
{
    struct fetch *fetch = context;
    fetch->is_cancelled = response->outcome == SL_HTTP_CANCELLED;
    if (response->outcome != SL_HTTP_ANSWERED) {
        snprintf(fetch->error, sizeof fetch->error, "%.*s", (int)response->error.len,
                 response->error.data);
    } else if (response->status != 200) {
        snprintf(fetch->error, sizeof fetch->error, "the answer has status %d", response->status);
    } else {
        fetch->len = response->body.len;
        fetch->body = copy_body(response->body);
        if (fetch->body == NULL)
            snprintf(fetch->error, sizeof fetch->error, "there is no memory for the answer");
    }
    if (self->host->offload(self, 0, read_fetched, free_fetch, fetch) == 0)
        return;
    read_fetched(self, fetch);
    free_fetch(self, client, fetch);
}

/* -- starting a fetch -- */

static struct fetch *fetch_create(struct fetched_keys *keys, const struct fetch_rules *rules,
                                  struct sl_instance *self, bool is_due)
{
    struct fetch *fetch = calloc(1, sizeof *fetch);
    if (fetch == NULL)
        return NULL;
    fetch->began = self->host->time_monotonic();
    fetch->is_due = is_due;
    fetch->keys = fetched_keys_ref(keys);
    fetch->rules = *rules;
    fetch->rules.ca_file_cstr = NULL; /* The policy's, which may go first. */
    return fetch;
}

/* Pauses after failures are planned here, so the circuit breaker is left alone. */
static bool send_request(const struct fetched_keys *keys, const struct fetch_rules *rules,
                         struct sl_instance *self, struct fetch *fetch)
{
    const struct sl_pair agent = {sl_string_of("User-Agent"), sl_string_of("sluice-auth")};
    const struct sl_http_request request = {.struct_size = sizeof request,
                                            .flags = SL_HTTP_ENDS_WITH_INSTANCE |
                                                     SL_HTTP_WITHOUT_BREAKER,
                                            .url = sl_string_of(keys->url),
                                            .headers = &agent,
                                            .header_count = 1,
                                            .timeout = rules->timeout,
                                            .max_head = HEAD_MAX,
                                            .max_body = KEY_INPUT_MAX,
                                            .ca_file_cstr = rules->ca_file_cstr};
    return self->host->http_request(self, 0, &request, on_response, fetch) == 0;
}

/* The caller has set is_fetching. */
static void begin_fetch(struct fetched_keys *keys, const struct fetch_rules *rules,
                        struct sl_instance *self, bool is_due)
{
    struct fetch *fetch = fetch_create(keys, rules, self, is_due);
    self->host->metric_add(rules->meters->key_fetches, 1);
    if (fetch != NULL && send_request(keys, rules, self, fetch))
        return;
    if (fetch != NULL)
        fetched_keys_unref(fetch->keys);
    free(fetch);
    report_fetch(keys, rules, self, NULL, "too many requests wait, or there is no memory for one");
    fetched_keys_ref(keys); /* A waiter may drop what the caller has them by. */
    end_fetch(keys, rules, NULL, NULL, self);
    fetched_keys_unref(keys);
}

void fetched_keys_report(struct fetched_keys *keys, const struct fetch_rules *rules,
                         struct sl_instance *self)
{
    pthread_mutex_lock(&keys->lock);
    keys->is_reported = true;
    keys->is_vital = rules->is_vital;
    report_keys(keys, rules, self);
    pthread_mutex_unlock(&keys->lock);
}

void fetched_keys_end_reports(struct fetched_keys *keys)
{
    pthread_mutex_lock(&keys->lock);
    keys->is_reported = false;
    pthread_mutex_unlock(&keys->lock);
}

void fetched_keys_maintain(struct fetched_keys *keys, const struct fetch_rules *rules,
                           struct sl_instance *self)
{
    pthread_mutex_lock(&keys->lock);
    bool begins = !keys->is_fetching && self->host->time_monotonic() >= keys->next_refresh;
    keys->is_fetching |= begins;
    pthread_mutex_unlock(&keys->lock);
    if (begins)
        begin_fetch(keys, rules, self, true);
}

enum keys_hope fetched_keys_hope(struct fetched_keys *keys, int64_t since, int64_t now,
                                 int64_t *after)
{
    pthread_mutex_lock(&keys->lock);
    int64_t next =
        keys->next_refetch < keys->next_refresh ? keys->next_refetch : keys->next_refresh;
    enum keys_hope hope = keys->asked_at >= since                          ? KEYS_ABSENT
                          : keys->is_fetching || now >= keys->next_refetch ? KEYS_SOON
                                                                           : KEYS_LATER;
    pthread_mutex_unlock(&keys->lock);
    *after = next > now ? next - now : 0;
    return hope;
}

bool fetched_keys_wait(struct fetched_keys *keys, const struct fetch_rules *rules,
                       struct sl_instance *self, struct keys_waiter *waiter)
{
    int64_t now = self->host->time_monotonic();
    pthread_mutex_lock(&keys->lock);
    bool is_cancelled = atomic_load(waiter->is_cancelled);
    bool begins = !is_cancelled && !keys->is_fetching && now >= keys->next_refetch;
    bool is_due = now >= keys->next_refresh;
    bool waits = !is_cancelled && (keys->is_fetching || begins);
    bool has_room = keys->waiting < KEYS_WAITING_MAX;
    if (waits && has_room) {
        keys->is_fetching = true;
        link_waiter(keys, waiter);
    }
    pthread_mutex_unlock(&keys->lock);
    if (begins && has_room)
        begin_fetch(keys, rules, self, is_due);
    else if (!waits) /* It has just ended. */
        waiter->on_keys(waiter);
    return has_room || !waits;
}

bool fetched_keys_leave(struct fetched_keys *keys, struct keys_waiter *waiter)
{
    pthread_mutex_lock(&keys->lock);
    bool has_waited = waiter->link != NULL;
    if (has_waited)
        unlink_waiter(keys, waiter);
    pthread_mutex_unlock(&keys->lock);
    return has_waited;
}
