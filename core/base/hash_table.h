/*
 * A hash table that grows: chains of links, which stand inside what the table holds.
 *
 * The caller hashes, compares keys and owns what the links stand in. Hashes of keys that strangers
 * choose are seeded (base/siphash.h), or their chains become long. Not for several threads at once.
 */
#ifndef SLUICE_BASE_HASH_TABLE_H
#define SLUICE_BASE_HASH_TABLE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Stands in whatever is in a table, best as its first member. */
struct hash_link {
    struct hash_link *next; /* in its bucket */
    uint64_t hash;
};

/* Zeroed, it is empty and owns no memory. */
struct hash_table {
    struct hash_link **buckets;
    size_t bucket_count; /* a power of two, or 0 */
    size_t used;
};

/* Makes room for one more link. Returns 0 or ERR_NO_MEMORY, and then the table is as it was. */
MUST_CHECK int hash_table_reserve(struct hash_table *table);

/* Adds a link, for which there is room, under a hash. */
void hash_table_add(struct hash_table *table, struct hash_link *link, uint64_t hash);

/* Takes out a link that is in the table. */
void hash_table_remove(struct hash_table *table, struct hash_link *link);

/* Takes out all links, calling `release` with each, and frees the table's memory. `release` may be
 * NULL if there are no links. */
void hash_table_deinit(struct hash_table *table, void (*release)(struct hash_link *link));

/* Where a walk through all links stands, bucket by bucket; zeroed, at its beginning. Links may be
 * added and taken out between its steps: those that are there all the time are met once. */
struct hash_walk {
    size_t at;
    bool is_over;
};

/* The links of the bucket where a walk stands, which may be none; the walk goes on to the next
 * one. */
struct hash_link *hash_table_step(const struct hash_table *table, struct hash_walk *walk);

/* `link` itself if it has that hash, or else the next one in its bucket that has. */
static inline struct hash_link *hash_link_with(struct hash_link *link, uint64_t hash)
{
    while (link != NULL && link->hash != hash)
        link = link->next;
    return link;
}

/* The first link of that hash, or NULL. */
static inline struct hash_link *hash_table_first(const struct hash_table *table, uint64_t hash)
{
    if (table->bucket_count == 0)
        return NULL;
    return hash_link_with(table->buckets[hash & (table->bucket_count - 1)], hash);
}

/* The next link of the same hash, or NULL. */
static inline struct hash_link *hash_table_next(const struct hash_link *link)
{
    return hash_link_with(link->next, link->hash);
}

#endif
