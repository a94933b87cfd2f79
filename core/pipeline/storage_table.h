/*
 * A table of plugins' data: keys and values of bytes, bounded in memory and in entries, entries
 * with an age if they are given one, and counters.
 *
 * Any thread. The table is cut into shards with a lock each, which is held for a look-up and the
 * copying of one value, for the looks of a cursor at a few places, and when the shard grows. Hashes
 * are keyed, so that strangers who choose keys cannot make them collide. Entries that are over are
 * not found any more; writers remove them, a few with each write to their shard and a portion of
 * all when the table is full, and cursors those on their way.
 */
#ifndef SLUICE_PIPELINE_STORAGE_TABLE_H
#define SLUICE_PIPELINE_STORAGE_TABLE_H

#include "base/error.h"
#include "base/siphash.h"
#include "pipeline/storage_shard.h"

#include <sluice/plugin.h>

#include <stdint.h>

struct storage_table;

/* What a table holds, for /metrics. */
struct storage_totals {
    size_t bytes; /* bookkeeping included */
    size_t entries;
    size_t max_bytes;
    size_t max_entries;
    uint64_t refused; /* writes, because the table was full */
    uint64_t expired; /* entries that were removed because of their age */
};

/* Makes an empty table whose hashes are keyed with `key`, with one reference. NULL: no memory. */
struct storage_table *storage_table_create(const struct siphash_key *key);

/* One reference more, or less; the last one frees. NULL is fine for the latter. */
struct storage_table *storage_table_ref(struct storage_table *table);
void storage_table_unref(struct storage_table *table);

/* From now on the table takes no more than so many bytes and entries; those that are there stay. */
void storage_table_set_limits(struct storage_table *table, size_t bytes, size_t entries);

void storage_table_totals(const struct storage_table *table, struct storage_totals *out);

/* The functions below take keys of 1 to SL_STORAGE_KEY_MAX bytes, values of up to
 * SL_STORAGE_VALUE_MAX bytes, and a clock that is read only where an entry has an age. They return
 * 0 or an enum sl_storage_result, and those that write SL_STORAGE_FAILED for lack of memory. */
typedef int64_t storage_clock(void);

/* Removes a portion of the entries that are over. False: there are none. */
bool storage_table_sweep(struct storage_table *table, storage_clock *clock);

/* Copies the value of a key if it fits. Returns its length, or SL_STORAGE_NONE. */
int64_t storage_table_get(struct storage_table *table, struct storage_bytes key, void *value,
                          size_t capacity, storage_clock *clock);

/* What a key's value has to be for a write to happen. NULL in its place: anything, or nothing. */
struct storage_condition {
    bool is_there; /* false: there has to be no such key */
    struct storage_bytes value;
};

/* Sets or replaces a value, which is gone `age` ns from now (0: never). SL_STORAGE_FULL,
 * SL_STORAGE_DIFFERS. */
int storage_table_set(struct storage_table *table, struct storage_bytes key,
                      struct storage_bytes value, int64_t age,
                      const struct storage_condition *condition, storage_clock *clock);

/* Adds to a counter; one that is not there begins with 0 and that age. At its bounds it stops.
 * SL_STORAGE_FULL, SL_STORAGE_DIFFERS (the value is no counter). */
int storage_table_add(struct storage_table *table, struct storage_bytes key, int64_t amount,
                      int64_t age, int64_t *sum, storage_clock *clock);

/* SL_STORAGE_NONE, SL_STORAGE_DIFFERS. */
int storage_table_delete(struct storage_table *table, struct storage_bytes key,
                         const struct storage_condition *condition, storage_clock *clock);

/* Moves the cursor to the next entry, filling `entry`. Every entry that is there from the first
 * call to the last is visited once. SL_STORAGE_NONE: there are no more. */
int storage_table_next(struct storage_table *table, struct sl_storage_cursor *cursor,
                       struct sl_storage_entry *entry, storage_clock *clock);

#endif
