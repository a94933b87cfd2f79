#include "expiry.h"

#include <string.h>

#define CAPACITY_FIRST 64

void expiry_init(struct expiry *expiry, const struct sl_host *host)
{
    *expiry = (struct expiry){.host = host};
    pthread_mutex_init(&expiry->lock, NULL);
}

void expiry_deinit(struct expiry *expiry)
{
    expiry->host->release(expiry->entries);
    expiry->host->release(expiry->heap);
    pthread_mutex_destroy(&expiry->lock);
}

/* -- the heap; called with the lock -- */

static struct expiry_entry *entry_of_slot(const struct expiry *expiry, uint32_t slot)
{
    return &expiry->entries[slot - 1];
}

static int64_t expires_at(const struct expiry *expiry, uint32_t at)
{
    return entry_of_slot(expiry, expiry->heap[at])->expires;
}

static void put_at(struct expiry *expiry, uint32_t at, uint32_t slot)
{
    expiry->heap[at] = slot;
    entry_of_slot(expiry, slot)->at = at;
}

static void swap_in_heap(struct expiry *expiry, uint32_t a, uint32_t b)
{
    uint32_t slot = expiry->heap[a];
    put_at(expiry, a, expiry->heap[b]);
    put_at(expiry, b, slot);
}

static void move_up(struct expiry *expiry, uint32_t at)
{
    while (at > 0 && expires_at(expiry, at) < expires_at(expiry, (at - 1) / 2)) {
        swap_in_heap(expiry, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

static void move_down(struct expiry *expiry, uint32_t at)
{
    for (uint32_t child = 2 * at + 1; child < expiry->count; child = 2 * at + 1) {
        if (child + 1 < expiry->count && expires_at(expiry, child + 1) < expires_at(expiry, child))
            child++;
        if (expires_at(expiry, at) <= expires_at(expiry, child))
            return;
        swap_in_heap(expiry, at, child);
        at = child;
    }
}

static bool has_room(struct expiry *expiry)
{
    const struct sl_host *host = expiry->host;
    if (expiry->count < expiry->capacity)
        return true;
    uint32_t capacity = expiry->capacity > 0 ? 2 * expiry->capacity : CAPACITY_FIRST;
    struct expiry_entry *entries =
        host->reallocate(expiry->entries, capacity * sizeof *expiry->entries);
    if (entries == NULL)
        return false;
    expiry->entries = entries;
    uint32_t *heap = host->reallocate(expiry->heap, capacity * sizeof *expiry->heap);
    if (heap == NULL)
        return false;
    expiry->heap = heap;
    expiry->capacity = capacity;
    return true;
}

static uint32_t take_slot(struct expiry *expiry)
{
    uint32_t slot = expiry->free;
    if (slot == 0)
        return ++expiry->used;
    expiry->free = entry_of_slot(expiry, slot)->at;
    return slot;
}

/* -- public functions -- */

uint32_t expiry_add(struct expiry *expiry, uint64_t client, int64_t expires)
{
    uint32_t slot = 0;
    pthread_mutex_lock(&expiry->lock);
    if (has_room(expiry)) {
        slot = take_slot(expiry);
        *entry_of_slot(expiry, slot) = (struct expiry_entry){.client = client, .expires = expires};
        put_at(expiry, expiry->count++, slot);
        move_up(expiry, expiry->count - 1);
    }
    pthread_mutex_unlock(&expiry->lock);
    return slot;
}

static void remove_slot(struct expiry *expiry, uint32_t slot)
{
    struct expiry_entry *entry = entry_of_slot(expiry, slot);
    uint32_t at = entry->at;
    uint32_t last = expiry->heap[--expiry->count];
    if (last != slot) {
        put_at(expiry, at, last);
        move_up(expiry, at);
        move_down(expiry, entry_of_slot(expiry, last)->at);
    }
    *entry = (struct expiry_entry){.at = expiry->free};
    expiry->free = slot;
}

void expiry_remove(struct expiry *expiry, uint32_t slot, uint64_t client)
{
    if (slot == 0)
        return;
    pthread_mutex_lock(&expiry->lock);
    if (slot <= expiry->used && entry_of_slot(expiry, slot)->client == client)
        remove_slot(expiry, slot);
    pthread_mutex_unlock(&expiry->lock);
}

bool expiry_first(struct expiry *expiry, struct expiry_entry *first, uint32_t *slot)
{
    pthread_mutex_lock(&expiry->lock);
    bool found = expiry->count > 0;
    if (found) {
        *slot = expiry->heap[0];
        *first = *entry_of_slot(expiry, *slot);
    }
    pthread_mutex_unlock(&expiry->lock);
    return found;
}
