/*
 * Allocations that fail when a test wants them to: malloc, calloc, realloc, aligned_alloc,
 * strdup and strndup of all that the test program links statically.
 *
 * Per thread: what other threads allocate does not count.
 */
#ifndef SLUICE_TESTS_FAILING_MEMORY_H
#define SLUICE_TESTS_FAILING_MEMORY_H

#include <stdbool.h>

/* The nth allocation from now on (1: the next) fails, and none after it; 0: none does. */
void fail_allocation(unsigned nth);

/* Whether that allocation has been asked for. */
bool has_allocation_failed(void);

/* None fails any more. Returns whether the one that was to fail has been asked for. */
bool end_failing_allocations(void);

/* How many allocations there have been. */
unsigned allocation_count(void);

/* Calls `attempt` again and again: with its first allocation failing, with its second, until there
 * is none left to fail. Asserts that it returns ERR_NO_MEMORY each time, and 0 in the end. Returns
 * how many allocations have failed. */
unsigned survive_failing_allocations(int (*attempt)(void *context), void *context);

#endif
