#include "pipeline/steps.h"

void steps_add(struct steps *steps, const struct stage *stage, int verdict, uint64_t ns)
{
    if (steps->count == STEPS_MAX) {
        steps->left_out++;
        return;
    }
    steps->items[steps->count++] =
        (struct stage_step){.stage = stage, .ns = ns, .verdict = verdict_slot(verdict)};
}
