/*
 * What an allocation takes of the process, for accounts that are to show real memory.
 *
 * Pure, any thread.
 */
#ifndef SLUICE_BASE_MEMORY_COST_H
#define SLUICE_BASE_MEMORY_COST_H

#include <stddef.h>

/* The bytes that malloc(size) takes: its own 8, in steps of 16, at least 32 (glibc, 64 bits). */
static inline size_t memory_cost(size_t size)
{
    size_t cost = (size + 8 + 15) & ~(size_t)15;
    return cost < 32 ? 32 : cost;
}

/* The same for memory that is only there if its size is not 0. */
static inline size_t memory_cost_if_any(size_t size)
{
    return size > 0 ? memory_cost(size) : 0;
}

#endif
