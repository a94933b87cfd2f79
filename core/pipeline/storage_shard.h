/*
 * One shard of a storage table: its entries by key, those with an age by the moment at which they
 * are over, the order in which a cursor visits them and, in a shard that is tracked, what has
 * changed since it was written to the file.
 *
 * Not for several threads at once: the table locks it. Owns the entries that it has.
 */
#ifndef SLUICE_PIPELINE_STORAGE_SHARD_H
#define SLUICE_PIPELINE_STORAGE_SHARD_H

#include "base/error.h"
#include "base/hash_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes, of which none need be there if `len` is 0. */
struct storage_bytes {
    const void *data;
    size_t len;
};

/* What the file knows of an entry's key. */
enum storage_stored {
    STORED_NOT,
    STORED_SOON, /* it is being written for the first time */
    STORED
};

struct storage_entry {
    struct hash_link link; /* first */
    int64_t over_at;       /* monotonic, ns; 0: never */
    uint32_t aged_index;   /* of an entry with an age: its place in the heap */
    uint32_t changed_at;   /* its place in `changed`, from 1; 0: it is as it was written */
    uint32_t value_len;
    uint16_t key_len;
    uint8_t stored; /* enum storage_stored */
    char bytes[];   /* the key, then the value */
};

/* Zeroed, it is empty and owns no memory. */
struct storage_shard {
    struct hash_table table;
    struct storage_entry **aged; /* owned: a heap, the entry that is over first at its top */
    size_t aged_count;
    size_t aged_capacity;
    struct storage_entry **changed; /* owned; has room for all entries if the shard is tracked */
    struct hash_link *deleted;      /* owned entries that the file still has, without values */
    uint32_t changed_count;
    uint32_t changed_capacity;
    uint32_t deleted_count;
    bool is_tracked;
};

/* Makes an entry that is in no shard; copies. NULL: no memory. */
struct storage_entry *storage_entry_create(struct storage_bytes key, struct storage_bytes value);

/* What an entry takes of the process, its part of the shard's tables included. */
size_t storage_entry_cost(size_t key_len, size_t value_len);

static inline char *storage_entry_value(struct storage_entry *entry)
{
    return entry->bytes + entry->key_len;
}

/* Frees all entries and the shard's memory. */
void storage_shard_deinit(struct storage_shard *shard);

/* The entry of a key with that hash, also if it is over, or NULL. */
struct storage_entry *storage_shard_find(const struct storage_shard *shard,
                                         struct storage_bytes key, uint64_t hash);

/* Makes room for one entry more. Returns 0 or ERR_NO_MEMORY, and then nothing has changed. */
MUST_CHECK int storage_shard_reserve(struct storage_shard *shard);

/* Adds an entry, for which there is room, and notes the change. Takes it. */
void storage_shard_add(struct storage_shard *shard, struct storage_entry *entry, uint64_t hash);

/* Takes an entry out, which is the caller's then. */
void storage_shard_remove(struct storage_shard *shard, struct storage_entry *entry);

/* -- changes -- */

/* From now on notes what changes. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int storage_shard_track(struct storage_shard *shard);

/* Notes nothing any more, and forgets what there is to delete. */
void storage_shard_untrack(struct storage_shard *shard);

/* Notes that an entry of the shard has another value, if the shard is tracked. */
static inline void storage_shard_note(struct storage_shard *shard, struct storage_entry *entry)
{
    if (!shard->is_tracked || entry->changed_at != 0)
        return;
    shard->changed[shard->changed_count++] = entry;
    entry->changed_at = shard->changed_count;
}

/* Has a new entry, which is about to be added, wait in the place of the one whose key it gets. */
void storage_shard_hand_over(struct storage_shard *shard, struct storage_entry *old,
                             struct storage_entry *fresh);

/* Takes an entry of the shard for one that is as it was written. */
void storage_shard_settle(struct storage_shard *shard, struct storage_entry *entry);

/* Puts an entry that is in no shard, and of which the file knows, on the list of those that it has
 * to delete. Takes it. */
void storage_shard_put_deleted(struct storage_shard *shard, struct storage_entry *entry);

/* The first of that list, which is the caller's then, or NULL. */
struct storage_entry *storage_shard_take_deleted(struct storage_shard *shard);

/* What was to be stored soon is stored, or (false) it is not. */
void storage_shard_settle_deleted(struct storage_shard *shard, bool is_stored);

/* -- order -- */

/* The entry that is over first, or NULL if none has an age. */
static inline struct storage_entry *storage_shard_oldest(const struct storage_shard *shard)
{
    return shard->aged_count > 0 ? shard->aged[0] : NULL;
}

/* Where a cursor stands in a shard; zeroed, before the first entry. */
struct storage_position {
    uint64_t at;    /* of the entry that it has visited last, or where a bucket begins */
    uint32_t among; /* how many entries at that position it has visited */
    bool is_end;    /* no entry comes after it */
};

/* The entry after a position, which moves. It takes looks at buckets and entries off `*looks`; NULL
 * if these are used up (it goes on from the position, one bucket at least) or at the end. Growing
 * does not change the order, so that an entry that stays is visited once whatever becomes of the
 * others. The one found may be removed, if `among` is made one less then. */
struct storage_entry *storage_shard_next(const struct storage_shard *shard,
                                         struct storage_position *position, unsigned *looks);

#endif
