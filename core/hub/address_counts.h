/*
 * How many clients each address has, in all and for each endpoint.
 *
 * Any thread; one lock, taken once when a client comes and once when it goes.
 */
#ifndef SLUICE_HUB_ADDRESS_COUNTS_H
#define SLUICE_HUB_ADDRESS_COUNTS_H

#include "base/address.h"
#include "base/error.h"
#include "base/siphash.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

/* A count of its own for each pair of address and scope (0: all endpoints; else index + 1). */
struct address_count {
    uint8_t address[16]; /* see address_limit_key */
    uint32_t scope;
    uint32_t clients; /* 0: the entry is free */
};

struct address_counts {
    pthread_mutex_t lock;
    struct address_count *entries; /* open addressing, linear probing */
    size_t capacity;               /* a power of two, or 0 */
    size_t used;
    struct siphash_key secret; /* so that nobody can choose addresses that collide */
};

/* Returns 0, or ERR_SYSTEM if there is no randomness to be had. */
MUST_CHECK int address_counts_init(struct address_counts *counts);
void address_counts_deinit(struct address_counts *counts);

/* Counts one more client unless that would pass `limit` (0: no limit). Returns 0, ERR_LIMIT or
 * ERR_NO_MEMORY. */
MUST_CHECK int address_counts_add(struct address_counts *counts, const struct address *address,
                                  uint32_t scope, uint32_t limit);

/* Counts one client less. */
void address_counts_remove(struct address_counts *counts, const struct address *address,
                           uint32_t scope);

#endif
