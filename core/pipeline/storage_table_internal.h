/*
 * What a storage table consists of, for the files that take care of its entries and its changes.
 */
#ifndef SLUICE_PIPELINE_STORAGE_TABLE_INTERNAL_H
#define SLUICE_PIPELINE_STORAGE_TABLE_INTERNAL_H

#include "base/siphash.h"
#include "pipeline/storage_shard.h"

#include <pthread.h>
#include <stdatomic.h>

#define STORAGE_SHARD_BITS 5
#define STORAGE_SHARDS (1u << STORAGE_SHARD_BITS)

struct locked_shard {
    _Alignas(64) pthread_mutex_t lock;
    struct storage_shard shard;
};

struct storage_table {
    struct locked_shard shards[STORAGE_SHARDS];
    struct siphash_key key;
    char apart[64 - sizeof(struct siphash_key)]; /* what all read and what writers change */
    _Atomic size_t bytes;
    _Atomic size_t entries;
    _Atomic size_t max_bytes;
    _Atomic size_t max_entries;
    _Atomic uint64_t refused;
    _Atomic uint64_t expired;
    _Atomic unsigned references;
};

static inline struct locked_shard *storage_table_shard(struct storage_table *table, uint64_t hash)
{
    return &table->shards[hash >> (64 - STORAGE_SHARD_BITS)];
}

#endif
