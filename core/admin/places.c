#include "admin/places.h"

void places_init(struct places *places, unsigned max)
{
    places->max = max;
    atomic_init(&places->taken, 0);
    atomic_init(&places->taken_with_body, 0);
    atomic_init(&places->refused, 0);
}

static bool take_of(_Atomic unsigned *taken, unsigned max)
{
    if (atomic_fetch_add_explicit(taken, 1, memory_order_relaxed) < max)
        return true;
    atomic_fetch_sub_explicit(taken, 1, memory_order_relaxed);
    return false;
}

static bool take_with_body(struct places *places)
{
    unsigned max = (places->max + 1) / 2;
    if (!take_of(&places->taken_with_body, max))
        return false;
    if (take_of(&places->taken, places->max))
        return true;
    atomic_fetch_sub_explicit(&places->taken_with_body, 1, memory_order_relaxed);
    return false;
}

bool places_take(struct places *places, bool may_have_body)
{
    bool good = may_have_body ? take_with_body(places) : take_of(&places->taken, places->max);
    if (!good)
        atomic_fetch_add_explicit(&places->refused, 1, memory_order_relaxed);
    return good;
}

void places_give(struct places *places, bool may_have_body)
{
    if (may_have_body)
        atomic_fetch_sub_explicit(&places->taken_with_body, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&places->taken, 1, memory_order_relaxed);
}
