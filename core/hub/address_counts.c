#include "hub/address_counts.h"

#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN 64

int address_counts_init(struct address_counts *counts)
{
    *counts = (struct address_counts){0};
    pthread_mutex_init(&counts->lock, NULL);
    if (siphash_key_init(&counts->secret) != OK) {
        pthread_mutex_destroy(&counts->lock);
        return ERR_SYSTEM;
    }
    return OK;
}

void address_counts_deinit(struct address_counts *counts)
{
    pthread_mutex_destroy(&counts->lock);
    free(counts->entries);
    counts->entries = NULL;
}

static size_t home_of(const struct address_counts *counts, const uint8_t address[16],
                      uint32_t scope)
{
    uint8_t key[16 + sizeof scope];
    memcpy(key, address, 16);
    memcpy(key + 16, &scope, sizeof scope);
    return (size_t)siphash_1_3(&counts->secret, key, sizeof key) & (counts->capacity - 1);
}

/* The entry of that pair, or the free one where it would go. */
static struct address_count *find(const struct address_counts *counts, const uint8_t address[16],
                                  uint32_t scope)
{
    size_t at = home_of(counts, address, scope);
    for (;;) {
        struct address_count *entry = &counts->entries[at];
        if (entry->clients == 0 ||
            (entry->scope == scope && memcmp(entry->address, address, 16) == 0))
            return entry;
        at = (at + 1) & (counts->capacity - 1);
    }
}

/* Keeps the table at most half full, so that probing stays short and always ends. */
static int make_room(struct address_counts *counts)
{
    struct address_counts larger = *counts;
    if ((counts->used + 1) * 2 <= counts->capacity)
        return OK;
    larger.capacity = counts->capacity == 0 ? CAPACITY_MIN : counts->capacity * 2;
    larger.entries = calloc(larger.capacity, sizeof *larger.entries);
    if (larger.entries == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < counts->capacity; i++)
        if (counts->entries[i].clients > 0)
            *find(&larger, counts->entries[i].address, counts->entries[i].scope) =
                counts->entries[i];
    free(counts->entries);
    counts->entries = larger.entries;
    counts->capacity = larger.capacity;
    return OK;
}

static int add_locked(struct address_counts *counts, const uint8_t key[16], uint32_t scope,
                      uint32_t limit)
{
    if (make_room(counts) != OK)
        return ERR_NO_MEMORY;
    struct address_count *entry = find(counts, key, scope);
    if (limit > 0 && entry->clients >= limit)
        return ERR_LIMIT;
    if (entry->clients == 0) {
        memcpy(entry->address, key, 16);
        entry->scope = scope;
        counts->used++;
    }
    entry->clients++;
    return OK;
}

int address_counts_add(struct address_counts *counts, const struct address *address, uint32_t scope,
                       uint32_t limit)
{
    uint8_t key[16];
    address_limit_key(address, key);
    pthread_mutex_lock(&counts->lock);
    int error = add_locked(counts, key, scope, limit);
    pthread_mutex_unlock(&counts->lock);
    return error;
}

/* Frees an entry and moves later ones of the same run into the gap, so that no search meets a hole
 * before its entry. */
static void free_entry(struct address_counts *counts, size_t gap)
{
    size_t mask = counts->capacity - 1;
    counts->used--;
    for (size_t at = (gap + 1) & mask; counts->entries[at].clients > 0; at = (at + 1) & mask) {
        size_t home = home_of(counts, counts->entries[at].address, counts->entries[at].scope);
        if (((at - home) & mask) < ((at - gap) & mask))
            continue; /* Its home lies behind the gap. */
        counts->entries[gap] = counts->entries[at];
        counts->entries[at].clients = 0;
        gap = at;
    }
}

void address_counts_remove(struct address_counts *counts, const struct address *address,
                           uint32_t scope)
{
    uint8_t key[16];
    address_limit_key(address, key);
    pthread_mutex_lock(&counts->lock);
    if (counts->capacity > 0) {
        struct address_count *entry = find(counts, key, scope);
        if (entry->clients > 0 && --entry->clients == 0)
            free_entry(counts, (size_t)(entry - counts->entries));
    }
    pthread_mutex_unlock(&counts->lock);
}
