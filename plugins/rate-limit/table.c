#include "table.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define SHARDS 16
#define SHARDED_FROM 1024 /* keys; a smaller table has one shard, of exactly that size */
#define SWEEP 64          /* places that are searched for one that can be reused */
#define NONE 0            /* places are numbered from 1 in chains */

struct slot {
    struct key key;
    struct bucket bucket;
    uint32_t next; /* in its chain, or NONE */
};

struct shard {
    _Alignas(64) pthread_mutex_t lock;
    uint32_t *heads; /* first places of the chains */
    struct slot *slots;
    uint32_t used; /* slots[0 .. used) hold keys */
    uint32_t hand; /* where the next sweep begins */
    struct bucket overflow;
};

struct table {
    const struct sl_host *host;
    struct key_secret secret;
    uint32_t shard_count;
    uint32_t capacity; /* places of a shard */
    uint32_t chains;   /* of a shard: a power of two */
    uint32_t *heads;
    struct slot *slots;
    struct shard *shards; /* within `memory`, aligned */
    atomic_size_t count;  /* keys of all shards */
    void *memory;
};

static uint32_t power_of_two(uint32_t least)
{
    uint32_t power = 1;
    while (power < least)
        power *= 2;
    return power;
}

static bool allocate_parts(struct table *table)
{
    const struct sl_host *host = table->host;
    size_t chains = (size_t)table->shard_count * table->chains;
    size_t slots = (size_t)table->shard_count * table->capacity;
    table->heads = host->allocate(chains * sizeof *table->heads);
    table->slots = host->allocate(slots * sizeof *table->slots);
    table->memory =
        host->allocate(table->shard_count * sizeof(struct shard) + _Alignof(struct shard));
    if (table->heads == NULL || table->slots == NULL || table->memory == NULL)
        return false;
    /* Slots are not cleared: each is written before it is read, and pages that are never touched
     * cost no memory. */
    memset(table->heads, 0, chains * sizeof *table->heads);
    uintptr_t misaligned = (uintptr_t)table->memory % _Alignof(struct shard);
    table->shards =
        (struct shard *)(void *)((char *)table->memory + _Alignof(struct shard) - misaligned);
    return true;
}

static void free_parts(struct table *table)
{
    table->host->release(table->heads);
    table->host->release(table->slots);
    table->host->release(table->memory);
    table->host->release(table);
}

struct table *table_create(const struct sl_host *host, uint32_t max_keys)
{
    struct table *table = host->allocate(sizeof *table);
    if (table == NULL)
        return NULL;
    uint32_t shards = max_keys < SHARDED_FROM ? 1 : SHARDS;
    *table = (struct table){.host = host,
                            .shard_count = shards,
                            .capacity = max_keys / shards,
                            .chains = power_of_two(max_keys / shards)};
    if (key_secret_init(&table->secret) != 0 || !allocate_parts(table)) {
        free_parts(table);
        return NULL;
    }
    for (uint32_t i = 0; i < shards; i++) {
        table->shards[i] = (struct shard){.heads = table->heads + (size_t)i * table->chains,
                                          .slots = table->slots + (size_t)i * table->capacity};
        pthread_mutex_init(&table->shards[i].lock, NULL);
    }
    return table;
}

void table_destroy(struct table *table)
{
    if (table == NULL)
        return;
    for (uint32_t i = 0; i < table->shard_count; i++)
        pthread_mutex_destroy(&table->shards[i].lock);
    free_parts(table);
}

const struct key_secret *table_secret(const struct table *table)
{
    return &table->secret;
}

static uint32_t *chain_of(const struct table *table, struct shard *shard, const struct key *key)
{
    return &shard->heads[key->low & (table->chains - 1)];
}

static struct slot *find_slot(const struct table *table, struct shard *shard, const struct key *key)
{
    for (uint32_t place = *chain_of(table, shard, key); place != NONE;) {
        struct slot *slot = &shard->slots[place - 1];
        if (slot->key.low == key->low && slot->key.high == key->high)
            return slot;
        place = slot->next;
    }
    return NULL;
}

static void unlink_slot(const struct table *table, struct shard *shard, struct slot *slot)
{
    uint32_t place = (uint32_t)(slot - shard->slots) + 1;
    uint32_t *link = chain_of(table, shard, &slot->key);
    while (*link != place)
        link = &shard->slots[*link - 1].next;
    *link = slot->next;
}

/* A place for a new key: an unused one, else one whose bucket is full again, else NULL. */
static struct slot *claim_slot(struct table *table, struct shard *shard, int64_t now)
{
    if (shard->used < table->capacity) {
        atomic_fetch_add_explicit(&table->count, 1, memory_order_relaxed);
        return &shard->slots[shard->used++];
    }
    uint32_t looks = table->capacity < SWEEP ? table->capacity : SWEEP;
    while (looks-- > 0) {
        struct slot *slot = &shard->slots[shard->hand];
        shard->hand = (shard->hand + 1) % table->capacity;
        if (bucket_is_full(&slot->bucket, now)) {
            unlink_slot(table, shard, slot);
            return slot;
        }
    }
    return NULL;
}

static struct slot *insert_key(struct table *table, struct shard *shard, const struct key *key,
                               int64_t now)
{
    struct slot *slot = claim_slot(table, shard, now);
    if (slot == NULL)
        return NULL;
    uint32_t *chain = chain_of(table, shard, key);
    *slot = (struct slot){.key = *key, .next = *chain};
    *chain = (uint32_t)(slot - shard->slots) + 1;
    return slot;
}

bool table_take(struct table *table, const struct limits *limits, const struct key *key,
                uint64_t bytes, int64_t now, int64_t patience, int64_t *wait, bool *overflowed)
{
    struct shard *shard = &table->shards[key->high % table->shard_count];
    pthread_mutex_lock(&shard->lock);
    struct slot *slot = find_slot(table, shard, key);
    if (slot == NULL)
        slot = insert_key(table, shard, key, now);
    struct bucket *bucket = slot != NULL ? &slot->bucket : &shard->overflow;
    bool taken = bucket_take(bucket, limits, bytes, now, patience, wait);
    pthread_mutex_unlock(&shard->lock);
    *overflowed = slot == NULL;
    return taken;
}

void table_give(struct table *table, const struct limits *limits, const struct key *key,
                uint64_t bytes, bool overflowed)
{
    struct shard *shard = &table->shards[key->high % table->shard_count];
    pthread_mutex_lock(&shard->lock);
    struct slot *slot = overflowed ? NULL : find_slot(table, shard, key);
    if (slot != NULL)
        bucket_give(&slot->bucket, limits, bytes);
    else if (overflowed)
        bucket_give(&shard->overflow, limits, bytes);
    pthread_mutex_unlock(&shard->lock);
}

size_t table_count(const struct table *table)
{
    return atomic_load_explicit(&table->count, memory_order_relaxed);
}
