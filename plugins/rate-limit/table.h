/*
 * The buckets that clients share: a bounded hash table from key to bucket, in shards.
 *
 * Any thread may take from it; each shard has its own lock, held for one look-up. Memory is
 * allocated once, at creation, and becomes resident as it is used. In a full shard the place of a
 * bucket that is full again is reused (forgetting it changes nothing). If there is none nearby, the
 * new key takes from the shard's one overflow bucket: more keys never mean more allowance.
 */
#ifndef RATE_LIMIT_TABLE_H
#define RATE_LIMIT_TABLE_H

#include "bucket.h"
#include "key.h"

#include <sluice/plugin.h>

struct table;

/* Creates a table of at most `max_keys` (at least 1) buckets. Returns it, owned by the caller, or
 * NULL: no memory, or no random bytes for its secret. */
struct table *table_create(const struct sl_host *host, uint32_t max_keys);

/* Frees; NULL is fine. No other thread may use it any more. */
void table_destroy(struct table *table);

/* The secret that its keys have to be made with. */
const struct key_secret *table_secret(const struct table *table);

/* Takes from the bucket of `key` as bucket_take does. *overflowed tells whether the overflow bucket
 * was used instead. */
bool table_take(struct table *table, const struct limits *limits, const struct key *key,
                uint64_t bytes, int64_t now, int64_t patience, int64_t *wait, bool *overflowed);

/* Gives back what was taken from the bucket of `key`, or from the overflow bucket. */
void table_give(struct table *table, const struct limits *limits, const struct key *key,
                uint64_t bytes, bool overflowed);

/* How many keys are remembered. Any thread, without a lock. */
size_t table_count(const struct table *table);

#endif
