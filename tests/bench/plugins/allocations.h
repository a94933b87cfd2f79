/*
 * Counts what the process allocates: malloc and its family in place of the C library's, for the
 * benchmark, the core, the plugins and the libraries that they use.
 *
 * Counting costs a little, so it is switched on only while something is counted and off while
 * something is timed. Any thread.
 */
#ifndef BENCH_ALLOCATIONS_H
#define BENCH_ALLOCATIONS_H

#include <stdbool.h>
#include <stddef.h>

/* Starts or stops counting. */
void allocations_count(bool on);

/* How many allocations there were while counting was on. */
unsigned long allocations_made(void);

/* Bytes allocated less bytes freed while counting was on, as the allocator rounds them: only
 * differences mean something. */
long allocations_bytes(void);

#endif
