#include "pipeline/storage_shard.h"

#include "base/memory_cost.h"

#include <stdlib.h>
#include <string.h>

#define AGED_AT_FIRST 16
#define CHANGED_AT_FIRST 16

/* -- entries -- */

static void copy_bytes(char *to, struct storage_bytes from)
{
    if (from.len > 0)
        memcpy(to, from.data, from.len);
}

struct storage_entry *storage_entry_create(struct storage_bytes key, struct storage_bytes value)
{
    struct storage_entry *entry = malloc(sizeof *entry + key.len + value.len);
    if (entry == NULL)
        return NULL;
    *entry = (struct storage_entry){.key_len = (uint16_t)key.len, .value_len = (uint32_t)value.len};
    copy_bytes(entry->bytes, key);
    copy_bytes(entry->bytes + key.len, value);
    return entry;
}

/* Tables that double have at most two places for each entry. */
size_t storage_entry_cost(size_t key_len, size_t value_len)
{
    size_t places = 2 * (sizeof(struct hash_link *) + sizeof(struct storage_entry *));
    return memory_cost(sizeof(struct storage_entry) + key_len + value_len) + places;
}

static struct storage_entry *entry_of(struct hash_link *link)
{
    return (struct storage_entry *)link;
}

/* -- the heap of those with an age -- */

static void place_aged(struct storage_shard *shard, size_t index, struct storage_entry *entry)
{
    shard->aged[index] = entry;
    entry->aged_index = (uint32_t)index;
}

static void sift_up(struct storage_shard *shard, size_t index)
{
    struct storage_entry *entry = shard->aged[index];
    while (index > 0 && shard->aged[(index - 1) / 2]->over_at > entry->over_at) {
        place_aged(shard, index, shard->aged[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    place_aged(shard, index, entry);
}

static void sift_down(struct storage_shard *shard, size_t index)
{
    struct storage_entry *entry = shard->aged[index];
    for (;;) {
        size_t child = 2 * index + 1;
        if (child + 1 < shard->aged_count &&
            shard->aged[child + 1]->over_at < shard->aged[child]->over_at)
            child++;
        if (child >= shard->aged_count || shard->aged[child]->over_at >= entry->over_at)
            break;
        place_aged(shard, index, shard->aged[child]);
        index = child;
    }
    place_aged(shard, index, entry);
}

static int reserve_aged(struct storage_shard *shard)
{
    if (shard->aged_count < shard->aged_capacity)
        return OK;
    size_t capacity = shard->aged_capacity == 0 ? AGED_AT_FIRST : 2 * shard->aged_capacity;
    struct storage_entry **aged = realloc(shard->aged, capacity * sizeof(struct storage_entry *));
    if (aged == NULL)
        return ERR_NO_MEMORY;
    shard->aged = aged;
    shard->aged_capacity = capacity;
    return OK;
}

static void remove_aged(struct storage_shard *shard, const struct storage_entry *entry)
{
    size_t index = entry->aged_index;
    struct storage_entry *last = shard->aged[--shard->aged_count];
    if (last == entry)
        return;
    place_aged(shard, index, last);
    sift_down(shard, index);
    sift_up(shard, last->aged_index);
}

/* -- changes -- */

/* Room for that many entries that have changed. */
static int reserve_changed(struct storage_shard *shard, size_t count)
{
    if (!shard->is_tracked || count <= shard->changed_capacity)
        return OK;
    size_t capacity = shard->changed_capacity == 0 ? CHANGED_AT_FIRST : shard->changed_capacity;
    while (capacity < count)
        capacity *= 2;
    struct storage_entry **changed =
        realloc(shard->changed, capacity * sizeof(struct storage_entry *));
    if (changed == NULL)
        return ERR_NO_MEMORY;
    shard->changed = changed;
    shard->changed_capacity = (uint32_t)capacity;
    return OK;
}

int storage_shard_track(struct storage_shard *shard)
{
    shard->is_tracked = true;
    return reserve_changed(shard, shard->table.used);
}

void storage_shard_untrack(struct storage_shard *shard)
{
    struct storage_entry *deleted;
    while ((deleted = storage_shard_take_deleted(shard)) != NULL)
        free(deleted);
    shard->is_tracked = false;
}

void storage_shard_hand_over(struct storage_shard *shard, struct storage_entry *old,
                             struct storage_entry *fresh)
{
    fresh->stored = old->stored;
    if (old->changed_at == 0)
        return;
    shard->changed[old->changed_at - 1] = fresh;
    fresh->changed_at = old->changed_at;
    old->changed_at = 0;
}

void storage_shard_settle(struct storage_shard *shard, struct storage_entry *entry)
{
    if (entry->changed_at == 0)
        return;
    struct storage_entry *last = shard->changed[--shard->changed_count];
    shard->changed[entry->changed_at - 1] = last;
    last->changed_at = entry->changed_at;
    entry->changed_at = 0;
}

void storage_shard_put_deleted(struct storage_shard *shard, struct storage_entry *entry)
{
    /* Its value's memory is the table's to use again. */
    struct storage_entry *smaller = realloc(entry, sizeof *entry + entry->key_len);
    if (smaller != NULL)
        entry = smaller;
    entry->value_len = 0;
    entry->link.next = shard->deleted;
    shard->deleted = &entry->link;
    shard->deleted_count++;
}

struct storage_entry *storage_shard_take_deleted(struct storage_shard *shard)
{
    struct hash_link *link = shard->deleted;
    if (link == NULL)
        return NULL;
    shard->deleted = link->next;
    shard->deleted_count--;
    return entry_of(link);
}

void storage_shard_settle_deleted(struct storage_shard *shard, bool is_stored)
{
    struct hash_link **at = &shard->deleted;
    while (*at != NULL) {
        struct storage_entry *entry = entry_of(*at);
        if (entry->stored == STORED_SOON && !is_stored) {
            *at = entry->link.next;
            shard->deleted_count--;
            free(entry);
            continue;
        }
        entry->stored = STORED;
        at = &entry->link.next;
    }
}

/* -- the shard -- */

static void free_entry(struct hash_link *link)
{
    free(entry_of(link));
}

void storage_shard_deinit(struct storage_shard *shard)
{
    storage_shard_untrack(shard);
    hash_table_deinit(&shard->table, free_entry);
    free(shard->aged);
    free(shard->changed);
    *shard = (struct storage_shard){.aged = NULL};
}

struct storage_entry *storage_shard_find(const struct storage_shard *shard,
                                         struct storage_bytes key, uint64_t hash)
{
    struct hash_link *link = hash_table_first(&shard->table, hash);
    while (link != NULL && (entry_of(link)->key_len != key.len ||
                            memcmp(entry_of(link)->bytes, key.data, key.len) != 0))
        link = hash_table_next(link);
    return link != NULL ? entry_of(link) : NULL;
}

int storage_shard_reserve(struct storage_shard *shard)
{
    int error = hash_table_reserve(&shard->table);
    if (error == OK)
        error = reserve_aged(shard);
    return error != OK ? error : reserve_changed(shard, shard->table.used + 1);
}

void storage_shard_add(struct storage_shard *shard, struct storage_entry *entry, uint64_t hash)
{
    hash_table_add(&shard->table, &entry->link, hash);
    storage_shard_note(shard, entry);
    if (entry->over_at == 0)
        return;
    place_aged(shard, shard->aged_count++, entry);
    sift_up(shard, entry->aged_index);
}

void storage_shard_remove(struct storage_shard *shard, struct storage_entry *entry)
{
    hash_table_remove(&shard->table, &entry->link);
    storage_shard_settle(shard, entry);
    if (entry->over_at != 0)
        remove_aged(shard, entry);
}

/* -- the order of cursors --
 *
 * An entry's bucket is given by the low bits of its hash, and when the table doubles, one bit more
 * counts. So the entries are visited in the order of their hashes read from the lowest bit to the
 * highest, in which those of a bucket stay together however large the table is. */

static uint64_t reverse_bits(uint64_t word)
{
    word = (word >> 1 & UINT64_C(0x5555555555555555)) | (word & UINT64_C(0x5555555555555555)) << 1;
    word = (word >> 2 & UINT64_C(0x3333333333333333)) | (word & UINT64_C(0x3333333333333333)) << 2;
    word = (word >> 4 & UINT64_C(0x0f0f0f0f0f0f0f0f)) | (word & UINT64_C(0x0f0f0f0f0f0f0f0f)) << 4;
    return __builtin_bswap64(word);
}

static void take_look(unsigned *looks)
{
    *looks -= *looks > 0;
}

/* The first entry of a bucket after the position, or NULL. */
static struct storage_entry *
next_in_bucket(struct hash_link *link, const struct storage_position *position, unsigned *looks)
{
    struct storage_entry *next = NULL;
    uint64_t next_at = 0;
    uint32_t at_position = 0;
    take_look(looks);
    for (; link != NULL; link = link->next) {
        take_look(looks);
        uint64_t at = reverse_bits(link->hash);
        if (at == position->at && at_position++ == position->among)
            return entry_of(link);
        if (at > position->at && (next == NULL || at < next_at)) {
            next = entry_of(link);
            next_at = at;
        }
    }
    return next;
}

static void move_to_entry(struct storage_position *position, const struct storage_entry *entry)
{
    uint64_t at = reverse_bits(entry->link.hash);
    position->among = at == position->at ? position->among + 1 : 1;
    position->at = at;
}

struct storage_entry *storage_shard_next(const struct storage_shard *shard,
                                         struct storage_position *position, unsigned *looks)
{
    const struct hash_table *table = &shard->table;
    uint64_t buckets = table->used > 0 ? table->bucket_count : 0;
    int unused_bits = buckets > 0 ? 64 - __builtin_ctzll(buckets) : 0; /* There are 16 or more. */
    uint64_t i = position->at >> unused_bits;
    while (i < buckets && *looks > 0) {
        struct hash_link *bucket = table->buckets[reverse_bits(i) >> unused_bits];
        struct storage_entry *entry = next_in_bucket(bucket, position, looks);
        if (entry != NULL) {
            move_to_entry(position, entry);
            return entry;
        }
        if (++i < buckets)
            *position = (struct storage_position){.at = i << unused_bits};
    }
    position->is_end = i >= buckets;
    return NULL;
}
