#include "delivery/queue_sizes.h"

#include "base/holders.h"

#define CLASSES_PER_STEP 8u /* four to each power of two */

size_t queue_step_bytes(unsigned step)
{
    return step == 0 ? 1 : (size_t)QUEUE_STEP_FIRST << 2 * (step - 1);
}

static unsigned step_of(unsigned class)
{
    unsigned first = holders_class(QUEUE_STEP_FIRST);
    unsigned step = class < first ? 0 : 1 + (class - first) / CLASSES_PER_STEP;
    return step < QUEUE_STEPS ? step : QUEUE_STEPS - 1;
}

void queue_sizes_note(struct queue_sizes *sizes, unsigned from, unsigned to)
{
    if (from > 0)
        counter_add(&sizes->count[step_of(from)], (uint64_t)-1);
    if (to > 0)
        counter_add(&sizes->count[step_of(to)], 1);
}
