#include "admin/request_slots.h"

#include <stddef.h>

void request_slots_init(struct request_slots *slots, unsigned max)
{
    slots->max = max;
    for (unsigned kind = 0; kind < REQUEST_KINDS; kind++)
        atomic_init(&slots->taken[kind], 0);
    atomic_init(&slots->refused, 0);
}

static unsigned max_of(const struct request_slots *slots, unsigned kind)
{
    unsigned max = slots->max;
    for (unsigned rest = kind; rest != 0; rest &= rest - 1)
        max = (max + 1) / 2;
    return max;
}

/* Counts a request of `kind` among those of which `counted` is said. */
static bool count(struct request_slots *slots, unsigned kind, unsigned counted)
{
    if ((kind & counted) != counted)
        return true;
    if (atomic_fetch_add_explicit(&slots->taken[counted], 1, memory_order_relaxed) <
        max_of(slots, counted))
        return true;
    atomic_fetch_sub_explicit(&slots->taken[counted], 1, memory_order_relaxed);
    return false;
}

/* Takes back what has been counted below `end`. */
static void discount(struct request_slots *slots, unsigned kind, unsigned end)
{
    for (unsigned counted = 0; counted < end; counted++)
        if ((kind & counted) == counted)
            atomic_fetch_sub_explicit(&slots->taken[counted], 1, memory_order_relaxed);
}

bool request_slots_take(struct request_slots *slots, unsigned kind, struct request_slot *out)
{
    *out = (struct request_slot){.slots = NULL};
    for (unsigned counted = 0; counted < REQUEST_KINDS; counted++) {
        if (count(slots, kind, counted))
            continue;
        discount(slots, kind, counted);
        atomic_fetch_add_explicit(&slots->refused, 1, memory_order_relaxed);
        return false;
    }
    *out = (struct request_slot){.slots = slots, .kind = kind};
    return true;
}

void request_slot_give(struct request_slot *slot)
{
    if (slot->slots != NULL)
        discount(slot->slots, slot->kind, REQUEST_KINDS);
    slot->slots = NULL;
}
