/*
 * How many requests an address of the admin API may work on at once, so that health always finds a
 * worker.
 *
 * A peer that sends a body slowly, or reads an answer slowly, holds a worker. Requests other than
 * health therefore take a slot first. There are fewer slots than workers; requests that may have a
 * body get only half of the slots, callers who may only read get only half of both, and callers
 * without a token half of that, so that none of them locks out those who may do more. Any thread.
 */
#ifndef SLUICE_ADMIN_REQUEST_SLOTS_H
#define SLUICE_ADMIN_REQUEST_SLOTS_H

#include <stdatomic.h>
#include <stdbool.h>

/* What is said of a request; each halves the number of slots. */
#define REQUEST_MAY_HAVE_BODY 1u
#define REQUEST_ONLY_READS 2u
#define REQUEST_OF_STRANGER 4u
#define REQUEST_KINDS 8u /* sets of these */

struct request_slots {
    unsigned max;
    _Atomic unsigned taken[REQUEST_KINDS]; /* by requests of which at least this is said */
    atomic_ullong refused;
};

/* One that is held. */
struct request_slot {
    struct request_slots *slots; /* NULL: none is */
    unsigned kind;
};

void request_slots_init(struct request_slots *slots, unsigned max);

/* Takes a slot for a request of a kind. Returns false if there is none, and counts that. */
bool request_slots_take(struct request_slots *slots, unsigned kind, struct request_slot *out);

/* Gives it back; nothing happens the second time. */
void request_slot_give(struct request_slot *slot);

#endif
