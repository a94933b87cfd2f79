#include "delivery/topic_counts.h"

#include "delivery/fanout.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BUCKETS_AT_FIRST 64

struct topic_count {
    struct topic_count *next;
    uint64_t hash;
    const struct fanout *fanout;
    enum topic_kind kind;
    uint32_t clients;
    size_t len;
    char name[];
};

int topic_counts_init(struct topic_counts *counts)
{
    *counts = (struct topic_counts){.lock = PTHREAD_MUTEX_INITIALIZER};
    return getrandom(&counts->seed, sizeof counts->seed, 0) == sizeof counts->seed ? OK
                                                                                   : ERR_SYSTEM;
}

void topic_counts_deinit(struct topic_counts *counts)
{
    for (size_t i = 0; i < counts->bucket_count; i++) {
        while (counts->buckets[i] != NULL) {
            struct topic_count *count = counts->buckets[i];
            counts->buckets[i] = count->next;
            free(count);
        }
    }
    free(counts->buckets);
    pthread_mutex_destroy(&counts->lock);
}

static uint64_t mix(uint64_t hash)
{
    hash ^= hash >> 32;
    hash *= UINT64_C(0xd6e8feb86659fd93);
    hash ^= hash >> 32;
    return hash;
}

uint64_t topic_key_hash(const struct topic_key *key, uint64_t seed)
{
    uint64_t hash = mix(seed ^ (uint64_t)(uintptr_t)key->fanout ^ (uint64_t)key->kind);
    size_t at = 0;
    for (; at < key->len; at += sizeof hash) {
        uint64_t word = 0;
        size_t rest = key->len - at;
        memcpy(&word, key->name + at, rest < sizeof word ? rest : sizeof word);
        hash = mix(hash ^ word) + seed;
    }
    return mix(hash ^ key->len);
}

static bool is_key(const struct topic_count *count, const struct topic_key *key, uint64_t hash)
{
    return count->hash == hash && count->fanout == key->fanout && count->kind == key->kind &&
           count->len == key->len && memcmp(count->name, key->name, key->len) == 0;
}

/* What points to the key's count, or to NULL; NULL itself if there is no table yet. */
static struct topic_count **find(const struct topic_counts *counts, const struct topic_key *key,
                                 uint64_t hash)
{
    if (counts->bucket_count == 0)
        return NULL;
    struct topic_count **link = &counts->buckets[hash & (counts->bucket_count - 1)];
    while (*link != NULL && !is_key(*link, key, hash))
        link = &(*link)->next;
    return link;
}

static int grow(struct topic_counts *counts)
{
    size_t bucket_count = counts->bucket_count == 0 ? BUCKETS_AT_FIRST : counts->bucket_count * 2;
    if (counts->used < counts->bucket_count)
        return OK;
    struct topic_count **buckets = calloc(bucket_count, sizeof(struct topic_count *));
    if (buckets == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < counts->bucket_count; i++) {
        while (counts->buckets[i] != NULL) {
            struct topic_count *count = counts->buckets[i];
            counts->buckets[i] = count->next;
            count->next = buckets[count->hash & (bucket_count - 1)];
            buckets[count->hash & (bucket_count - 1)] = count;
        }
    }
    free(counts->buckets);
    counts->buckets = buckets;
    counts->bucket_count = bucket_count;
    return OK;
}

static struct topic_count *make(const struct topic_key *key, uint64_t hash)
{
    struct topic_count *count = malloc(sizeof *count + key->len);
    if (count == NULL)
        return NULL;
    *count = (struct topic_count){
        .hash = hash, .fanout = key->fanout, .kind = key->kind, .len = key->len};
    memcpy(count->name, key->name, key->len);
    return count;
}

/* Adds 1 or -1 (modulo 2^32) to a total of the key's fan-out. */
static void change_total(const struct topic_key *key, _Atomic uint32_t *total, uint32_t by)
{
    if (key->kind == TOPIC_NAMED)
        atomic_fetch_add_explicit(total, by, memory_order_relaxed);
}

static int add(struct topic_counts *counts, const struct topic_key *key)
{
    uint64_t hash = topic_key_hash(key, counts->seed);
    if (grow(counts) != OK)
        return ERR_NO_MEMORY;
    struct topic_count **link = find(counts, key, hash);
    if (*link == NULL) {
        *link = make(key, hash);
        if (*link == NULL)
            return ERR_NO_MEMORY;
        counts->used++;
        change_total(key, &key->fanout->topics, 1);
    }
    (*link)->clients++;
    change_total(key, &key->fanout->subscriptions, 1);
    return OK;
}

int topic_counts_add(struct topic_counts *counts, const struct topic_key *key)
{
    pthread_mutex_lock(&counts->lock);
    int error = add(counts, key);
    pthread_mutex_unlock(&counts->lock);
    return error;
}

void topic_counts_remove(struct topic_counts *counts, const struct topic_key *key)
{
    pthread_mutex_lock(&counts->lock);
    struct topic_count **link = find(counts, key, topic_key_hash(key, counts->seed));
    struct topic_count *count = *link; /* It is there: it was added. */
    change_total(key, &key->fanout->subscriptions, UINT32_MAX);
    if (--count->clients == 0) {
        change_total(key, &key->fanout->topics, UINT32_MAX);
        *link = count->next;
        free(count);
        counts->used--;
    }
    pthread_mutex_unlock(&counts->lock);
}

uint32_t topic_counts_get(struct topic_counts *counts, const struct topic_key *key)
{
    pthread_mutex_lock(&counts->lock);
    struct topic_count **link = find(counts, key, topic_key_hash(key, counts->seed));
    uint32_t clients = link != NULL && *link != NULL ? (*link)->clients : 0;
    pthread_mutex_unlock(&counts->lock);
    return clients;
}
