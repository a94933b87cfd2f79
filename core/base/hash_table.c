#include "base/hash_table.h"

#include <stdlib.h>

#define BUCKETS_AT_FIRST 16

static struct hash_link **bucket_of(const struct hash_table *table, uint64_t hash)
{
    return &table->buckets[hash & (table->bucket_count - 1)];
}

static void put_first(struct hash_table *table, struct hash_link *link)
{
    struct hash_link **bucket = bucket_of(table, link->hash);
    link->next = *bucket;
    *bucket = link;
}

/* Takes the first link out of a bucket that has one. */
static struct hash_link *take_first(struct hash_link **bucket)
{
    struct hash_link *link = *bucket;
    *bucket = link->next;
    return link;
}

int hash_table_reserve(struct hash_table *table)
{
    if (table->used < table->bucket_count)
        return OK;
    struct hash_table larger = *table;
    larger.bucket_count = table->bucket_count == 0 ? BUCKETS_AT_FIRST : table->bucket_count * 2;
    larger.buckets = calloc(larger.bucket_count, sizeof(struct hash_link *));
    if (larger.buckets == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < table->bucket_count; i++)
        while (table->buckets[i] != NULL)
            put_first(&larger, take_first(&table->buckets[i]));
    free(table->buckets);
    *table = larger;
    return OK;
}

void hash_table_add(struct hash_table *table, struct hash_link *link, uint64_t hash)
{
    link->hash = hash;
    put_first(table, link);
    table->used++;
}

void hash_table_remove(struct hash_table *table, struct hash_link *link)
{
    struct hash_link **at = bucket_of(table, link->hash);
    while (*at != link)
        at = &(*at)->next;
    *at = link->next;
    table->used--;
}

/* Mirrors the lowest bits of `bits`, as many as a mask of ones says. */
static size_t mirrored(size_t bits, size_t mask)
{
    size_t result = 0;
    for (; mask != 0; mask >>= 1, bits >>= 1)
        result = result << 1 | (bits & 1);
    return result;
}

/* Buckets are visited in the order of their mirrored numbers. When the table grows, what was in a
 * bucket lies in two whose numbers end in the same bits, and these follow each other in that order:
 * a walk has seen both, or neither. */
struct hash_link *hash_table_step(const struct hash_table *table, struct hash_walk *walk)
{
    if (table->bucket_count == 0)
        walk->is_over = true;
    if (walk->is_over)
        return NULL;
    size_t mask = table->bucket_count - 1;
    struct hash_link *first = table->buckets[walk->at & mask];
    size_t next = (mirrored(walk->at & mask, mask) + 1) & mask;
    walk->at = mirrored(next, mask);
    walk->is_over = next == 0;
    return first;
}

void hash_table_deinit(struct hash_table *table, void (*release)(struct hash_link *link))
{
    for (size_t i = 0; i < table->bucket_count; i++)
        while (table->buckets[i] != NULL)
            release(take_first(&table->buckets[i]));
    free(table->buckets);
    *table = (struct hash_table){.used = 0};
}
