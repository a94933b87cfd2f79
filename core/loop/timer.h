/*
 * Timers of one loop: a hashed wheel of intrusive lists, so that starting, restarting and stopping
 * one costs a few pointers and no memory.
 *
 * Only the loop's thread. A timer fires up to TIMER_TICK late, never early.
 */
#ifndef SLUICE_LOOP_TIMER_H
#define SLUICE_LOOP_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIMER_TICK_SHIFT 24 /* one tick: 2^24 ns, about 17 ms */
#define TIMER_SLOTS 1024    /* one turn of the wheel: about 17 s */

struct loop;

struct timer {
    struct timer *next;
    struct timer **link; /* what points here; NULL: not running */
    int64_t deadline;    /* monotonic ns */
    void (*fire)(struct loop *loop, struct timer *timer);
};

struct timer_wheel {
    struct timer *slots[TIMER_SLOTS];
    uint64_t occupied[TIMER_SLOTS / 64]; /* a bit for each slot that may have timers */
    int64_t tick;                        /* ticks up to and including this one have fired */
};

void timer_wheel_init(struct timer_wheel *wheel, int64_t now);

/* Starts or restarts a timer whose `fire` is set; `deadline` in monotonic ns. */
void timer_start(struct timer_wheel *wheel, struct timer *timer, int64_t deadline);

/* Stops a timer; nothing happens if it is not running. */
void timer_stop(struct timer *timer);

static inline bool timer_is_running(const struct timer *timer)
{
    return timer->link != NULL;
}

typedef void timer_after(struct loop *loop);

/* Fires everything due. A `fire` may start and stop any timer. `after` (NULL: nothing) is called
 * after each, so that what they bring about does not gather. */
void timer_wheel_advance(struct timer_wheel *wheel, struct loop *loop, int64_t now,
                         timer_after *after);

/* Whether ticks have passed that the wheel has not been advanced over; timers need not be due in
 * them. */
static inline bool timer_wheel_is_behind(const struct timer_wheel *wheel, int64_t now)
{
    return now >> TIMER_TICK_SHIFT > wheel->tick;
}

/* When the wheel next wants to be advanced (monotonic ns, may be past), or -1: never. */
int64_t timer_wheel_due(const struct timer_wheel *wheel);

/* Nanoseconds until then, or -1: never. */
int64_t timer_wheel_wait(const struct timer_wheel *wheel, int64_t now);

#endif
