#include "admin/request_slots.h"

void request_slots_init(struct request_slots *slots, unsigned max)
{
    slots->max = max;
    atomic_init(&slots->taken, 0);
    atomic_init(&slots->taken_with_body, 0);
    atomic_init(&slots->refused, 0);
}

static bool take_of(_Atomic unsigned *taken, unsigned max)
{
    if (atomic_fetch_add_explicit(taken, 1, memory_order_relaxed) < max)
        return true;
    atomic_fetch_sub_explicit(taken, 1, memory_order_relaxed);
    return false;
}

static bool take_with_body(struct request_slots *slots)
{
    unsigned max = (slots->max + 1) / 2;
    if (!take_of(&slots->taken_with_body, max))
        return false;
    if (take_of(&slots->taken, slots->max))
        return true;
    atomic_fetch_sub_explicit(&slots->taken_with_body, 1, memory_order_relaxed);
    return false;
}

bool request_slots_take(struct request_slots *slots, bool may_have_body)
{
    bool good = may_have_body ? take_with_body(slots) : take_of(&slots->taken, slots->max);
    if (!good)
        atomic_fetch_add_explicit(&slots->refused, 1, memory_order_relaxed);
    return good;
}

void request_slots_give(struct request_slots *slots, bool may_have_body)
{
    if (may_have_body)
        atomic_fetch_sub_explicit(&slots->taken_with_body, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&slots->taken, 1, memory_order_relaxed);
}
