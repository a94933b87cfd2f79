/*
 * Interest: which loops may have a subscriber of a topic, so that others are not woken for it.
 *
 * Each loop counts its topics in slots, by their hash. A slot that is 0 means that the loop has no
 * such topic; one that is not may belong to another topic, and then the loop is woken for nothing.
 * The loop writes, any thread reads. A subscriber is counted before anybody can know that it is
 * subscribed, so a loop is never passed over that has one.
 */
#ifndef SLUICE_DELIVERY_INTEREST_H
#define SLUICE_DELIVERY_INTEREST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define INTEREST_SLOTS 1024u

/* Zeroed, it is empty. */
struct interest {
    _Alignas(64) _Atomic uint32_t slots[INTEREST_SLOTS];
};

/* Counts one topic more, or one less. The loop's thread. */
static inline void interest_add(struct interest *interest, uint64_t hash)
{
    atomic_fetch_add_explicit(&interest->slots[hash % INTEREST_SLOTS], 1, memory_order_seq_cst);
}

static inline void interest_remove(struct interest *interest, uint64_t hash)
{
    atomic_fetch_sub_explicit(&interest->slots[hash % INTEREST_SLOTS], 1, memory_order_relaxed);
}

/* Whether the loop may have a topic with that hash. Any thread. */
static inline bool interest_may_have(const struct interest *interest, uint64_t hash)
{
    return atomic_load_explicit(&interest->slots[hash % INTEREST_SLOTS], memory_order_seq_cst) > 0;
}

#endif
