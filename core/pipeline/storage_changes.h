/*
 * What has changed in storage tables since it was written to the file, taken out in batches.
 *
 * A table that is tracked notes which entries have changed, and keeps the keys of those that the
 * file has to delete: no copies of values wait. A batch copies a bounded number of changes, each
 * shard locked for a portion of them, and the file is written without a lock of the table. Then the
 * batch is settled: what could not be written counts as changed again.
 *
 * Batches are one thread's; the tables may be used by any thread meanwhile.
 */
#ifndef SLUICE_PIPELINE_STORAGE_CHANGES_H
#define SLUICE_PIPELINE_STORAGE_CHANGES_H

#include "base/error.h"
#include "pipeline/storage_shard.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORAGE_BATCH_CHANGES 2048u              /* in one batch */
#define STORAGE_BATCH_BYTES (2u * 1024u * 1024u) /* of keys and values */

struct storage_table;

struct storage_change {
    struct storage_table *table;
    struct storage_bytes key;   /* in the batch, or in `deleted` */
    struct storage_bytes value; /* in the batch */
    uint64_t hash;
    int64_t over_at;               /* monotonic, ns; 0: never */
    struct storage_entry *deleted; /* owned; NULL: the value is set */
};

/* Where a walk through a table's changes stands; zeroed, at its beginning. It takes whatever waits
 * when it begins. It ends even while others change the table: of a shard it takes as many changed
 * entries as wait there when it comes to it, and deletions of no more keys than the file has. */
struct storage_changes_walk {
    unsigned shard;
    bool is_inside; /* the shard */
    uint32_t left;  /* of its changed entries, those before that place are to be taken */
};

struct storage_batch {
    size_t count;
    size_t used; /* of `bytes` */
    struct storage_change changes[STORAGE_BATCH_CHANGES];
    char bytes[STORAGE_BATCH_BYTES];
};

/* Puts an entry into a table that is not tracked yet: it is in the file. Whatever the table's
 * limits are. `over_at`: monotonic, ns; 0: never. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int storage_changes_load(struct storage_table *table, struct storage_bytes key,
                                    struct storage_bytes value, int64_t over_at);

/* From now on the table notes what changes. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int storage_changes_track(struct storage_table *table);

/* The table is not written any more: it notes nothing. */
void storage_changes_untrack(struct storage_table *table);

/* How many changes a table has that are in no batch. */
size_t storage_changes_count(struct storage_table *table);

/* Takes changes of a table into the batch until the walk is at its end, or (false) the batch is
 * full. */
bool storage_batch_take(struct storage_batch *batch, struct storage_table *table,
                        struct storage_changes_walk *walk);

/* The changes are written, or (false) are not. The batch is empty then. */
void storage_batch_settle(struct storage_batch *batch, bool is_written);

#endif
