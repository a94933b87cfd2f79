/*
 * What the host's storage costs: nanoseconds of a thread's time for each call, with one thread and
 * with four that use one table at once.
 */
#ifndef BENCH_STORAGE_H
#define BENCH_STORAGE_H

#include <stdbool.h>

/* Prints a table in Markdown. `build` is the build folder; quick: the figures mean nothing. */
void storage_print(const char *build, bool is_quick);

#endif
