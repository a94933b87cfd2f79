#include "pipeline/storage_changes.h"

#include "pipeline/storage_table_internal.h"

#include <stdlib.h>
#include <string.h>

#define PORTION 64u /* changes that are taken under one lock */

/* -- tables -- */

int storage_changes_load(struct storage_table *table, struct storage_bytes key,
                         struct storage_bytes value, int64_t over_at)
{
    uint64_t hash = siphash_1_3(&table->key, key.data, key.len);
    struct locked_shard *locked = storage_table_shard(table, hash);
    struct storage_entry *entry = storage_entry_create(key, value);
    if (entry == NULL)
        return ERR_NO_MEMORY;
    entry->over_at = over_at;
    entry->stored = STORED;
    pthread_mutex_lock(&locked->lock);
    int error = storage_shard_reserve(&locked->shard);
    if (error == OK)
        storage_shard_add(&locked->shard, entry, hash);
    pthread_mutex_unlock(&locked->lock);
    if (error != OK) {
        free(entry);
        return error;
    }
    atomic_fetch_add_explicit(&table->bytes, storage_entry_cost(key.len, value.len),
                              memory_order_relaxed);
    atomic_fetch_add_explicit(&table->entries, 1, memory_order_relaxed);
    return OK;
}

int storage_changes_track(struct storage_table *table)
{
    int error = OK;
    for (unsigned i = 0; i < STORAGE_SHARDS && error == OK; i++) {
        pthread_mutex_lock(&table->shards[i].lock);
        error = storage_shard_track(&table->shards[i].shard);
        pthread_mutex_unlock(&table->shards[i].lock);
    }
    return error;
}

void storage_changes_untrack(struct storage_table *table)
{
    for (unsigned i = 0; i < STORAGE_SHARDS; i++) {
        pthread_mutex_lock(&table->shards[i].lock);
        storage_shard_untrack(&table->shards[i].shard);
        pthread_mutex_unlock(&table->shards[i].lock);
    }
}

static uint32_t changes_of(const struct storage_shard *shard)
{
    return shard->is_tracked ? shard->changed_count + shard->deleted_count : 0;
}

size_t storage_changes_count(struct storage_table *table)
{
    size_t count = 0;
    for (unsigned i = 0; i < STORAGE_SHARDS; i++) {
        pthread_mutex_lock(&table->shards[i].lock);
        count += changes_of(&table->shards[i].shard);
        pthread_mutex_unlock(&table->shards[i].lock);
    }
    return count;
}

/* -- taking; the shard is locked -- */

static void take_deletion(struct storage_batch *batch, struct storage_table *table,
                          struct storage_shard *shard)
{
    struct storage_entry *deleted = storage_shard_take_deleted(shard);
    batch->changes[batch->count++] =
        (struct storage_change){.table = table,
                                .key = {.data = deleted->bytes, .len = deleted->key_len},
                                .hash = deleted->link.hash,
                                .deleted = deleted};
}

/* Returns whether there was room. */
static bool copy_entry(struct storage_batch *batch, struct storage_table *table,
                       struct storage_shard *shard, struct storage_entry *entry)
{
    size_t len = entry->key_len + (size_t)entry->value_len;
    char *bytes = batch->bytes + batch->used;
    if (len > sizeof batch->bytes - batch->used)
        return false;
    memcpy(bytes, entry->bytes, len);
    batch->used += len;
    batch->changes[batch->count++] =
        (struct storage_change){.table = table,
                                .key = {.data = bytes, .len = entry->key_len},
                                .value = {.data = bytes + entry->key_len, .len = entry->value_len},
                                .hash = entry->link.hash,
                                .over_at = entry->over_at};
    storage_shard_settle(shard, entry);
    if (entry->stored == STORED_NOT)
        entry->stored = STORED_SOON;
    return true;
}

/* Takes a deletion, or else a change that was there when the walk entered the shard. Deletions come
 * first: a key may have been deleted, and then set again. Changes are taken downwards: entries move
 * only to places before their own, so that none that waits comes behind `left`, where the new ones
 * are. Returns whether there was room. */
static bool take_next(struct storage_batch *batch, struct storage_table *table,
                      struct storage_shard *shard, struct storage_changes_walk *walk)
{
    if (batch->count == STORAGE_BATCH_CHANGES)
        return false;
    if (shard->deleted_count > 0) {
        take_deletion(batch, table, shard);
        return true;
    }
    if (!copy_entry(batch, table, shard, shard->changed[walk->left - 1]))
        return false;
    walk->left--;
    return true;
}

/* Leaves the shard when everything is taken. Returns whether the batch has room for more. */
static bool take_portion(struct storage_batch *batch, struct storage_table *table,
                         struct storage_changes_walk *walk)
{
    struct storage_shard *shard = &table->shards[walk->shard].shard;
    uint32_t waiting = shard->is_tracked ? shard->changed_count : 0;
    if (!walk->is_inside || walk->left > waiting)
        walk->left = waiting;
    walk->is_inside = true;
    for (unsigned i = 0; i < PORTION && (shard->deleted_count > 0 || walk->left > 0); i++)
        if (!take_next(batch, table, shard, walk))
            return false;
    walk->is_inside = shard->deleted_count > 0 || walk->left > 0;
    return true;
}

bool storage_batch_take(struct storage_batch *batch, struct storage_table *table,
                        struct storage_changes_walk *walk)
{
    while (walk->shard < STORAGE_SHARDS) {
        pthread_mutex_t *lock = &table->shards[walk->shard].lock;
        pthread_mutex_lock(lock);
        bool has_room = take_portion(batch, table, walk);
        pthread_mutex_unlock(lock);
        if (!has_room)
            return false;
        if (!walk->is_inside)
            walk->shard++;
    }
    return true;
}

/* -- settling -- */

static void settle_value(const struct storage_change *change, struct storage_shard *shard,
                         bool is_written)
{
    struct storage_entry *entry = storage_shard_find(shard, change->key, change->hash);
    if (entry == NULL)
        return;
    if (entry->stored == STORED_SOON)
        entry->stored = is_written ? STORED : STORED_NOT;
    if (!is_written)
        storage_shard_note(shard, entry);
}

/* An entry that has been deleted meanwhile is on its shard's list. */
static void settle_change(const struct storage_change *change, bool is_written)
{
    struct locked_shard *locked = storage_table_shard(change->table, change->hash);
    pthread_mutex_lock(&locked->lock);
    if (change->deleted == NULL)
        settle_value(change, &locked->shard, is_written);
    else if (!is_written && locked->shard.is_tracked)
        storage_shard_put_deleted(&locked->shard, change->deleted);
    else
        free(change->deleted);
    pthread_mutex_unlock(&locked->lock);
}

static void settle_deleted(struct storage_table *table, bool is_written)
{
    for (unsigned i = 0; i < STORAGE_SHARDS; i++) {
        pthread_mutex_lock(&table->shards[i].lock);
        storage_shard_settle_deleted(&table->shards[i].shard, is_written);
        pthread_mutex_unlock(&table->shards[i].lock);
    }
}

void storage_batch_settle(struct storage_batch *batch, bool is_written)
{
    for (size_t i = 0; i < batch->count; i++)
        settle_change(&batch->changes[i], is_written);
    /* What was deleted before its value was settled. */
    for (size_t i = 0; i < batch->count; i++) {
        struct storage_table *table = batch->changes[i].table;
        if (i + 1 == batch->count || batch->changes[i + 1].table != table)
            settle_deleted(table, is_written);
    }
    batch->count = 0;
    batch->used = 0;
}
