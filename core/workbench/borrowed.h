/*
 * Borrowed memory: what hooks are handed, each piece exactly as long as it says.
 *
 * With guard pages, each piece lies on pages of its own that cannot be touched when the loan is
 * over, so that a pointer that was kept faults where it is used. Without them, a piece is a block
 * of the heap, which costs little and which the address sanitizer watches.
 *
 * With guard pages, one thread lends and ends loans; any thread may read what is lent. Without
 * them, any thread may do both.
 */
#ifndef SLUICE_WORKBENCH_BORROWED_H
#define SLUICE_WORKBENCH_BORROWED_H

#include <stdbool.h>
#include <stddef.h>

struct loan;

/* Whether loans from here on have guard pages; at first they do not. */
void borrowed_guard(bool has_guard_pages);

/* Lends a copy of `len` bytes (NULL: zeroed) and puts the loan in front of the list. `what`
 * (static) names it in messages. `alignment`: 1 for text, which faults when it is written to,
 * or 16 for a struct. Ends the process without memory. */
void *borrowed_lend(const void *data, size_t len, size_t alignment, const char *what,
                    struct loan **list);

/* Ends all loans of a list, which is empty then. */
void borrowed_end(struct loan **list);

enum borrowed_misuse { BORROWED_PAST_END, BORROWED_WRITTEN, BORROWED_OVER };

/* What an address belongs to that has faulted: the name of a loan, and what was wrong. NULL: no
 * loan with guard pages. Safe in a signal handler. */
const char *borrowed_find(const void *address, enum borrowed_misuse *misuse);

#endif
