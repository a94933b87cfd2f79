/*
 * How many receivers have queues of which size: what holders.h knows of a loop, in coarser steps
 * and for an endpoint.
 *
 * Only the loop notes, and only when a receiver comes into another class; any thread reads.
 */
#ifndef SLUICE_DELIVERY_QUEUE_SIZES_H
#define SLUICE_DELIVERY_QUEUE_SIZES_H

#include "base/counter.h"

#include <stddef.h>

/* A queue of some size, and then each four times larger. */
#define QUEUE_STEPS 10u
#define QUEUE_STEP_FIRST 1024u /* bytes: where the second step begins */

/* Zeroed, all queues are empty. */
struct queue_sizes {
    counter count[QUEUE_STEPS]; /* of those in that step: empty ones are nowhere */
};

/* The least size in that step, in bytes. */
size_t queue_step_bytes(unsigned step);

/* A receiver has come from one class of holders.h to another one. */
void queue_sizes_note(struct queue_sizes *sizes, unsigned from, unsigned to);

#endif
