#include "answer_cache.h"

#include <pthread.h>
#include <string.h>

#define WAYS 4

/* One answer, packed: identity, then the attributes' text as finding.text holds it. */
struct answer {
    enum check result;
    int64_t expires;
    const char *reason;
    bool is_scope;
    size_t identity_len;
    size_t attribute_count;
    size_t text_len;
    char bytes[];
};

struct place {
    uint8_t key[CACHE_KEY_SIZE];
    int64_t until;
    struct answer *answer; /* owned; NULL: free */
};

struct answer_cache {
    const struct sl_host *host;
    pthread_mutex_t lock;
    size_t sets;
    struct place *places; /* owned: sets * WAYS */
};

struct answer_cache *answer_cache_create(const struct sl_host *host, size_t capacity)
{
    struct answer_cache *cache = host->allocate(sizeof *cache);
    if (cache == NULL)
        return NULL;
    *cache = (struct answer_cache){.host = host, .sets = (capacity + WAYS - 1) / WAYS};
    size_t size = cache->sets * WAYS * sizeof *cache->places;
    cache->places = host->allocate(size);
    if (cache->places == NULL) {
        host->release(cache);
        return NULL;
    }
    memset(cache->places, 0, size);
    pthread_mutex_init(&cache->lock, NULL);
    return cache;
}

void answer_cache_destroy(struct answer_cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < cache->sets * WAYS; i++)
        cache->host->release(cache->places[i].answer);
    pthread_mutex_destroy(&cache->lock);
    cache->host->release(cache->places);
    cache->host->release(cache);
}

/* The digest's own bytes choose the set, since clients cannot choose digests. */
static struct place *set_of(const struct answer_cache *cache, const uint8_t key[CACHE_KEY_SIZE])
{
    uint64_t word;
    memcpy(&word, key, sizeof word);
    return &cache->places[word % cache->sets * WAYS];
}

static struct place *find_place(const struct answer_cache *cache, const uint8_t key[CACHE_KEY_SIZE])
{
    struct place *set = set_of(cache, key);
    for (size_t i = 0; i < WAYS; i++)
        if (set[i].answer != NULL && memcmp(set[i].key, key, CACHE_KEY_SIZE) == 0)
            return &set[i];
    return NULL;
}

static void unpack_answer(const struct answer *answer, struct finding *finding)
{
    const char *text = answer->bytes + answer->identity_len;
    finding->expires = answer->expires;
    finding->reason = answer->reason;
    finding->is_scope = answer->is_scope;
    if (answer->identity_len > 0)
        (void)finding_identify(finding, answer->bytes, answer->identity_len);
    for (size_t i = 0; i < answer->attribute_count; i++) {
        const char *value = text + strlen(text) + 1;
        (void)finding_attribute(finding, text, value, strlen(value));
        text = value + strlen(value) + 1;
    }
}

bool answer_cache_get(struct answer_cache *cache, const uint8_t key[CACHE_KEY_SIZE], int64_t now,
                      enum check *result, struct finding *finding)
{
    pthread_mutex_lock(&cache->lock);
    const struct place *place = find_place(cache, key);
    bool found = place != NULL && now < place->until;
    if (found) {
        *result = place->answer->result;
        unpack_answer(place->answer, finding);
    }
    pthread_mutex_unlock(&cache->lock);
    return found;
}

static struct answer *pack_answer(const struct sl_host *host, enum check result,
                                  const struct finding *finding)
{
    struct answer *answer =
        host->allocate(sizeof *answer + finding->identity_len + finding->text_len);
    if (answer == NULL)
        return NULL;
    *answer = (struct answer){.result = result,
                              .expires = finding->expires,
                              .reason = finding->reason,
                              .is_scope = finding->is_scope,
                              .identity_len = finding->identity_len,
                              .attribute_count = finding->attribute_count,
                              .text_len = finding->text_len};
    memcpy(answer->bytes, finding->identity, finding->identity_len);
    memcpy(answer->bytes + finding->identity_len, finding->text, finding->text_len);
    return answer;
}

static bool is_acceptance(const struct place *place, int64_t now)
{
    return place->answer != NULL && place->answer->result == CHECK_ACCEPTED && now < place->until;
}

/* Which place is reused first: a free or expired one, then refusals, then the one that expires
 * first. */
static bool goes_before(const struct place *a, const struct place *b, int64_t now)
{
    bool a_stays = is_acceptance(a, now);
    bool b_stays = is_acceptance(b, now);
    if (a_stays != b_stays)
        return b_stays;
    return b->answer != NULL && (a->answer == NULL || a->until < b->until);
}

/* The place that holds the key, or the one to reuse for it. NULL for a refusal if all places hold
 * acceptances: anybody can cause refusals, so they must not push acceptances out. */
static struct place *place_for(const struct answer_cache *cache, const uint8_t key[CACHE_KEY_SIZE],
                               enum check result, int64_t now)
{
    struct place *found = find_place(cache, key);
    struct place *set = set_of(cache, key);
    if (found != NULL)
        return found;
    found = set;
    for (size_t i = 1; i < WAYS; i++)
        if (goes_before(&set[i], found, now))
            found = &set[i];
    return result != CHECK_ACCEPTED && is_acceptance(found, now) ? NULL : found;
}

void answer_cache_put(struct answer_cache *cache, const uint8_t key[CACHE_KEY_SIZE], int64_t now,
                      int64_t until, enum check result, const struct finding *finding)
{
    struct answer *answer = pack_answer(cache->host, result, finding);
    struct answer *before = answer;
    if (answer == NULL)
        return;
    pthread_mutex_lock(&cache->lock);
    struct place *place = place_for(cache, key, result, now);
    if (place != NULL) {
        before = place->answer;
        memcpy(place->key, key, CACHE_KEY_SIZE);
        place->until = until;
        place->answer = answer;
    }
    pthread_mutex_unlock(&cache->lock);
    cache->host->release(before);
}
