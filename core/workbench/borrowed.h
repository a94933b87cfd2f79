/*
 * Borrowed memory: what hooks are handed, each piece on pages of its own that cannot be touched any
 * more when the loan is over, so that a pointer that was kept faults where it is used.
 *
 * One thread lends and ends loans; any thread may read what is lent.
 */
#ifndef SLUICE_WORKBENCH_BORROWED_H
#define SLUICE_WORKBENCH_BORROWED_H

#include <stdbool.h>
#include <stddef.h>

struct loan;

/* Lends a copy of `len` bytes (NULL: zeroed), followed by a page that faults. `what` (static) names
 * it in messages. `alignment`: 1, or 16 for a struct. Ends the process without memory. */
void *borrowed_lend(const void *data, size_t len, size_t alignment, const char *what,
                    struct loan **out);

/* Ends a loan; NULL is fine. */
void borrowed_end(struct loan *loan);

/* What an address belongs to that has faulted: the name of a loan, and whether it is over. NULL:
 * not ours. Safe in a signal handler. */
const char *borrowed_find(const void *address, bool *is_over);

#endif
