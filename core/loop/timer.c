#include "loop/timer.h"

#include <stddef.h>
#include <string.h>

static int64_t tick_of(int64_t time)
{
    return time >> TIMER_TICK_SHIFT;
}

void timer_wheel_init(struct timer_wheel *wheel, int64_t now)
{
    memset(wheel, 0, sizeof *wheel);
    wheel->tick = tick_of(now);
}

static void timer_link(struct timer **head, struct timer *timer)
{
    timer->next = *head;
    timer->link = head;
    if (timer->next != NULL)
        timer->next->link = &timer->next;
    *head = timer;
}

void timer_stop(struct timer *timer)
{
    if (timer->link == NULL)
        return;
    *timer->link = timer->next;
    if (timer->next != NULL)
        timer->next->link = timer->link;
    timer->next = NULL;
    timer->link = NULL;
}

void timer_start(struct timer_wheel *wheel, struct timer *timer, int64_t deadline)
{
    timer_stop(timer);
    /* Rounded up, so that no timer fires early; at least the next tick, so that a `fire` that
     * restarts its timer cannot keep the wheel turning for ever. */
    int64_t tick = tick_of(deadline) + 1;
    if (tick <= wheel->tick)
        tick = wheel->tick + 1;
    size_t slot = (size_t)tick % TIMER_SLOTS;
    timer->deadline = deadline;
    timer_link(&wheel->slots[slot], timer);
    wheel->occupied[slot / 64] |= UINT64_C(1) << (slot % 64);
}

/* Fires what is due in one slot. The slot's list is moved aside first, because a `fire` may start
 * timers in this very slot. */
static void slot_fire(struct timer_wheel *wheel, size_t slot, struct loop *loop, int64_t now,
                      timer_after *after)
{
    struct timer *due = wheel->slots[slot];
    wheel->occupied[slot / 64] &= ~(UINT64_C(1) << (slot % 64)); /* also if all were stopped */
    if (due == NULL)
        return;
    wheel->slots[slot] = NULL;
    due->link = &due;
    while (due != NULL) {
        struct timer *timer = due;
        timer_stop(timer);
        if (tick_of(timer->deadline) >= tick_of(now)) {
            timer_start(wheel, timer, timer->deadline); /* due in a later turn */
            continue;
        }
        timer->fire(loop, timer);
        if (after != NULL)
            after(loop);
    }
}

void timer_wheel_advance(struct timer_wheel *wheel, struct loop *loop, int64_t now,
                         timer_after *after)
{
    int64_t until = tick_of(now);
    if (until - wheel->tick > TIMER_SLOTS)
        wheel->tick = until - TIMER_SLOTS; /* after a long sleep one turn sees every slot */
    while (wheel->tick < until) {
        wheel->tick++;
        slot_fire(wheel, (size_t)wheel->tick % TIMER_SLOTS, loop, now, after);
    }
}

int64_t timer_wheel_due(const struct timer_wheel *wheel)
{
    for (int64_t ahead = 1; ahead <= TIMER_SLOTS;) {
        size_t slot = (size_t)(wheel->tick + ahead) % TIMER_SLOTS;
        uint64_t bits = wheel->occupied[slot / 64] >> (slot % 64);
        if (bits == 0) {
            ahead += 64 - (int64_t)(slot % 64);
            continue;
        }
        ahead += __builtin_ctzll(bits);
        return (wheel->tick + ahead) << TIMER_TICK_SHIFT;
    }
    return -1;
}

int64_t timer_wheel_wait(const struct timer_wheel *wheel, int64_t now)
{
    int64_t due = timer_wheel_due(wheel);
    if (due < 0)
        return -1;
    return due > now ? due - now : 0;
}
