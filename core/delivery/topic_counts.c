#include "delivery/topic_counts.h"

#include "delivery/fanout.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct topic_count {
    struct hash_link link; /* first */
    struct fanout *fanout;
    enum topic_kind kind;
    uint32_t clients;
    size_t len;
    char name[];
};

int topic_counts_init(struct topic_counts *counts)
{
    *counts = (struct topic_counts){.lock = PTHREAD_MUTEX_INITIALIZER};
    return siphash_key_init(&counts->secret);
}

static void free_count(struct hash_link *link)
{
    free(link);
}

void topic_counts_deinit(struct topic_counts *counts)
{
    hash_table_deinit(&counts->table, free_count);
    pthread_mutex_destroy(&counts->lock);
}

uint64_t topic_key_hash(const struct topic_key *key, const struct siphash_key *secret)
{
    /* Nobody chooses these two, so they may be a part of the secret. */
    const struct siphash_key own = {{secret->words[0] ^ (uint64_t)(uintptr_t)key->fanout,
                                     secret->words[1] ^ (uint64_t)key->kind}};
    return siphash_1_3(&own, key->name, key->len);
}

static bool is_count_of(const struct topic_count *count, const struct topic_key *key)
{
    return count->fanout == key->fanout && count->kind == key->kind && count->len == key->len &&
           memcmp(count->name, key->name, key->len) == 0;
}

/* The key's count, or NULL. */
static struct topic_count *find_count(const struct topic_counts *counts,
                                      const struct topic_key *key, uint64_t hash)
{
    struct hash_link *link = hash_table_first(&counts->table, hash);
    while (link != NULL && !is_count_of((struct topic_count *)link, key))
        link = hash_table_next(link);
    return (struct topic_count *)link;
}

/* The key's count, made if it is not there. NULL: no memory. */
static struct topic_count *need_count(struct topic_counts *counts, const struct topic_key *key)
{
    uint64_t hash = topic_key_hash(key, &counts->secret);
    struct topic_count *count = find_count(counts, key, hash);
    if (count != NULL)
        return count;
    count = malloc(sizeof *count + key->len);
    if (count == NULL || hash_table_reserve(&counts->table) != OK) {
        free(count);
        return NULL;
    }
    *count = (struct topic_count){.fanout = key->fanout, .kind = key->kind, .len = key->len};
    memcpy(count->name, key->name, key->len);
    hash_table_add(&counts->table, &count->link, hash);
    return count;
}

/* Adds 1 or -1 (modulo 2^32) to a total of the key's fan-out. */
static void change_total(const struct topic_key *key, _Atomic uint32_t *total, uint32_t by)
{
    if (key->kind == TOPIC_NAMED)
        atomic_fetch_add_explicit(total, by, memory_order_relaxed);
}

static int count_client(struct topic_counts *counts, const struct topic_key *key)
{
    struct topic_count *count = need_count(counts, key);
    if (count == NULL)
        return ERR_NO_MEMORY;
    if (count->clients++ == 0)
        change_total(key, &key->fanout->topics, 1);
    change_total(key, &key->fanout->subscriptions, 1);
    return OK;
}

int topic_counts_add(struct topic_counts *counts, const struct topic_key *key)
{
    pthread_mutex_lock(&counts->lock);
    int error = count_client(counts, key);
    pthread_mutex_unlock(&counts->lock);
    return error;
}

void topic_counts_remove(struct topic_counts *counts, const struct topic_key *key)
{
    pthread_mutex_lock(&counts->lock);
    /* It is there: it was added. */
    struct topic_count *count = find_count(counts, key, topic_key_hash(key, &counts->secret));
    change_total(key, &key->fanout->subscriptions, UINT32_MAX);
    if (--count->clients == 0) {
        change_total(key, &key->fanout->topics, UINT32_MAX);
        hash_table_remove(&counts->table, &count->link);
        free(count);
    }
    pthread_mutex_unlock(&counts->lock);
}

uint32_t topic_counts_get(struct topic_counts *counts, const struct topic_key *key)
{
    pthread_mutex_lock(&counts->lock);
    struct topic_count *count = find_count(counts, key, topic_key_hash(key, &counts->secret));
    uint32_t clients = count != NULL ? count->clients : 0;
    pthread_mutex_unlock(&counts->lock);
    return clients;
}

void topic_counts_walk(struct topic_counts *counts, struct hash_walk *walk, size_t portion,
                       topic_counts_visit *visit, void *context)
{
    pthread_mutex_lock(&counts->lock);
    /* An empty bucket costs time, too. */
    for (size_t steps = 0; steps < portion && !walk->is_over; steps++) {
        const struct hash_link *link = hash_table_step(&counts->table, walk);
        for (; link != NULL; link = link->next, steps++) {
            const struct topic_count *count = (const struct topic_count *)link;
            const struct topic_key key = {.fanout = count->fanout,
                                          .kind = count->kind,
                                          .name = count->name,
                                          .len = count->len};
            visit(context, &key, count->clients);
        }
    }
    pthread_mutex_unlock(&counts->lock);
}
