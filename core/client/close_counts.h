/*
 * How many clients ended with which close code.
 *
 * Any thread. Codes of applications (3000 to 4999) are counted one by one as far as there is room;
 * the rest only as 3xxx or 4xxx. Clients choose their codes freely, so only a code that the server
 * closes with takes up room.
 */
#ifndef SLUICE_CLIENT_CLOSE_COUNTS_H
#define SLUICE_CLIENT_CLOSE_COUNTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define CLOSE_COUNTS_STANDARD 16 /* from 1000 on */
#define CLOSE_COUNTS_OWN 24      /* of applications' codes */

struct close_counts {
    _Atomic uint64_t standard[CLOSE_COUNTS_STANDARD];
    struct close_count {
        _Atomic uint32_t code; /* 0: free, and so are those after it */
        _Atomic uint64_t count;
    } own[CLOSE_COUNTS_OWN];
    _Atomic uint64_t other_3xxx;
    _Atomic uint64_t other_4xxx;
};

/* Zeroes the counts; 4401 and 4429 have their room from the start on. Before threads use it. */
void close_counts_init(struct close_counts *counts);

/* Counts one. `by_peer`: the client sent the code first. */
void close_counts_add(struct close_counts *counts, uint16_t code, bool by_peer);

/* How many ended with this code; 0 too if it has no room of its own. */
uint64_t close_counts_of(const struct close_counts *counts, uint16_t code);

#endif
