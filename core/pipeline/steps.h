/*
 * Notes what the stages decide about a message, and how long each takes, for whoever watches.
 *
 * Only the client's loop. A loop notes it while pipeline_loop.steps is set; what is noted refers to
 * the stages of the chain.
 */
#ifndef SLUICE_PIPELINE_STEPS_H
#define SLUICE_PIPELINE_STEPS_H

#include "pipeline/verdict.h"

#include <stdint.h>

struct stage;

#define STEPS_MAX 32

struct stage_step {
    const struct stage *stage;
    uint64_t ns; /* of the call; 0: a deferral has ended */
    enum verdict_slot verdict;
};

struct steps {
    unsigned count;
    unsigned left_out; /* there was no room for more */
    struct stage_step items[STEPS_MAX];
};

/* Notes a verdict, or what the hook has returned instead of one. */
void steps_add(struct steps *steps, const struct stage *stage, int verdict, uint64_t ns);

#endif
