/*
 * How many requests the admin API may work on at once, so that health always finds a worker.
 *
 * A peer that sends a body slowly, or reads an answer slowly, holds a worker. Requests other than
 * health therefore take a slot first. There are fewer slots than workers, and requests that may
 * have a body get only half of the slots. Any thread.
 */
#ifndef SLUICE_ADMIN_REQUEST_SLOTS_H
#define SLUICE_ADMIN_REQUEST_SLOTS_H

#include <stdatomic.h>
#include <stdbool.h>

struct request_slots {
    unsigned max;
    _Atomic unsigned taken;
    _Atomic unsigned taken_with_body;
    atomic_ullong refused;
};

void request_slots_init(struct request_slots *slots, unsigned max);

/* Takes a slot, to be given back with the same `may_have_body`. Returns false if there is none, and
 * counts that. */
bool request_slots_take(struct request_slots *slots, bool may_have_body);
void request_slots_give(struct request_slots *slots, bool may_have_body);

#endif
