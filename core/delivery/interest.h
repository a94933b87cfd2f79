/*
 * Interest: which loops have receivers for what is published, so that others are not woken for it,
 * and nothing is put into the log that only the publisher's loop needs.
 *
 * For each endpoint, and for topics by their hash, a set of loops. Each loop counts its topics by
 * hash. A slot may belong to several topics; then a loop is woken for nothing. A loop enters itself
 * before anybody can know of its receiver, so a loop is never passed over that has one.
 */
#ifndef SLUICE_DELIVERY_INTEREST_H
#define SLUICE_DELIVERY_INTEREST_H

#include "delivery/delivery.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define INTEREST_SLOTS 1024u
#define INTEREST_WORDS (DELIVERY_LOOPS_MAX / 64)

/* A set of loops. Zeroed, it is empty. */
struct loop_set {
    uint64_t words[INTEREST_WORDS];
};

static inline void loop_set_add(struct loop_set *set, unsigned loop)
{
    set->words[loop / 64] |= UINT64_C(1) << loop % 64;
}

static inline void loop_set_remove(struct loop_set *set, unsigned loop)
{
    set->words[loop / 64] &= ~(UINT64_C(1) << loop % 64);
}

static inline bool loop_set_has(const struct loop_set *set, unsigned loop)
{
    return (set->words[loop / 64] >> loop % 64 & 1) != 0;
}

static inline bool loop_set_is_empty(const struct loop_set *set)
{
    uint64_t any = 0;
    for (unsigned i = 0; i < INTEREST_WORDS; i++)
        any |= set->words[i];
    return any == 0;
}

/* The loops that are interested in one thing: each enters itself, any thread reads. Zeroed, nobody
 * is. */
struct interested {
    _Atomic uint64_t words[INTEREST_WORDS];
};

/* Sequentially consistent, as what readers and publishers do with the log: a loop that enters
 * itself and then does not find a message there is found by whoever publishes it. */
static inline void interested_add(struct interested *interested, unsigned loop)
{
    atomic_fetch_or_explicit(&interested->words[loop / 64], UINT64_C(1) << loop % 64,
                             memory_order_seq_cst);
}

static inline void interested_remove(struct interested *interested, unsigned loop)
{
    atomic_fetch_and_explicit(&interested->words[loop / 64], ~(UINT64_C(1) << loop % 64),
                              memory_order_seq_cst);
}

static inline struct loop_set interested_loops(const struct interested *interested)
{
    struct loop_set set;
    for (unsigned i = 0; i < INTEREST_WORDS; i++)
        set.words[i] = atomic_load_explicit(&interested->words[i], memory_order_seq_cst);
    return set;
}

/* Of all topics. Zeroed, it is empty. */
struct interest {
    struct interested slots[INTEREST_SLOTS];
};

/* How many topics one loop has in each slot. Zeroed, it has none. */
struct interest_counts {
    uint32_t slots[INTEREST_SLOTS];
};

/* The loop has one topic more, or one less. The loop's thread. */
static inline void interest_add(struct interest *interest, struct interest_counts *counts,
                                unsigned loop, uint64_t hash)
{
    if (counts->slots[hash % INTEREST_SLOTS]++ == 0)
        interested_add(&interest->slots[hash % INTEREST_SLOTS], loop);
}

static inline void interest_remove(struct interest *interest, struct interest_counts *counts,
                                   unsigned loop, uint64_t hash)
{
    if (--counts->slots[hash % INTEREST_SLOTS] == 0)
        interested_remove(&interest->slots[hash % INTEREST_SLOTS], loop);
}

/* The loops that may have a topic with that hash. Any thread. */
static inline struct loop_set interest_loops(const struct interest *interest, uint64_t hash)
{
    return interested_loops(&interest->slots[hash % INTEREST_SLOTS]);
}

#endif
