#include "client/close_counts.h"

#include <stddef.h>

#define FIRST_STANDARD 1000u

static const uint16_t known[] = {4401, 4429}; /* that the server itself closes with */

void close_counts_init(struct close_counts *counts)
{
    for (size_t i = 0; i < CLOSE_COUNTS_STANDARD; i++)
        atomic_init(&counts->standard[i], 0);
    for (size_t i = 0; i < CLOSE_COUNTS_OWN; i++) {
        atomic_init(&counts->own[i].code, i < sizeof known / sizeof *known ? known[i] : 0);
        atomic_init(&counts->own[i].count, 0);
    }
    atomic_init(&counts->other_3xxx, 0);
    atomic_init(&counts->other_4xxx, 0);
}

/* The count of an application's code, which takes the first free room if it may; or NULL. */
static _Atomic uint64_t *count_of(struct close_counts *counts, uint16_t code, bool may_take)
{
    for (size_t i = 0; i < CLOSE_COUNTS_OWN; i++) {
        struct close_count *own = &counts->own[i];
        uint32_t taken = atomic_load_explicit(&own->code, memory_order_relaxed);
        if (taken == 0 && !may_take)
            return NULL;
        /* If another thread is faster, `taken` is what it has put there. */
        if (taken == 0 && atomic_compare_exchange_strong(&own->code, &taken, code))
            return &own->count;
        if (taken == code)
            return &own->count;
    }
    return NULL;
}

void close_counts_add(struct close_counts *counts, uint16_t code, bool by_peer)
{
    _Atomic uint64_t *count;
    if (code >= FIRST_STANDARD && code < FIRST_STANDARD + CLOSE_COUNTS_STANDARD)
        count = &counts->standard[code - FIRST_STANDARD];
    else
        count = count_of(counts, code, !by_peer);
    if (count == NULL)
        count = code >= 4000 ? &counts->other_4xxx : &counts->other_3xxx;
    atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
}

uint64_t close_counts_of(const struct close_counts *counts, uint16_t code)
{
    if (code >= FIRST_STANDARD && code < FIRST_STANDARD + CLOSE_COUNTS_STANDARD)
        return atomic_load_explicit(&counts->standard[code - FIRST_STANDARD], memory_order_relaxed);
    for (size_t i = 0; i < CLOSE_COUNTS_OWN; i++)
        if (atomic_load_explicit(&counts->own[i].code, memory_order_relaxed) == code)
            return atomic_load_explicit(&counts->own[i].count, memory_order_relaxed);
    return 0;
}
