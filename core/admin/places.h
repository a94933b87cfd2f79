/*
 * How many requests the admin API may work on at once, so that health always finds a worker.
 *
 * Whoever sends a body slowly, or reads an answer slowly, holds a worker. Requests other than
 * health therefore take a place first, of which there are fewer than workers, and those that may
 * have a body get only half of them. Any thread.
 */
#ifndef SLUICE_ADMIN_PLACES_H
#define SLUICE_ADMIN_PLACES_H

#include <stdatomic.h>
#include <stdbool.h>

struct places {
    unsigned max;
    _Atomic unsigned taken;
    _Atomic unsigned taken_with_body;
    atomic_ullong refused;
};

void places_init(struct places *places, unsigned max);

/* Takes a place; each one that is taken is given back with the same `may_have_body`. Returns false,
 * which is counted, if there is none. */
bool places_take(struct places *places, bool may_have_body);
void places_give(struct places *places, bool may_have_body);

#endif
