/*
 * Time stamps that cost a few nanoseconds, for measuring what is measured all the time.
 *
 * On x86-64 and 64-bit ARM they are read from the processor's own counter where it runs evenly,
 * else they are nanoseconds of the monotonic clock. Stamps of different threads can be compared.
 */
#ifndef SLUICE_BASE_TICKS_H
#define SLUICE_BASE_TICKS_H

#include "base/clock.h"

#include <stdbool.h>
#include <stdint.h>

/* How stamps become nanoseconds: ticks * multiplier >> TICKS_SHIFT. Set once by ticks_init; until
 * then stamps are nanoseconds. */
#define TICKS_SHIFT 32
struct ticks_scale {
    uint64_t multiplier;
    bool is_counter; /* the processor's counter is used */
};
extern struct ticks_scale ticks_scale;

/* Measures the counter against the clock, which takes 2 ms. Main thread, before others start. */
void ticks_init(void);

#if defined(__x86_64__)
static inline uint64_t ticks_counter(void)
{
    return __builtin_ia32_rdtsc();
}
#elif defined(__aarch64__)
static inline uint64_t ticks_counter(void)
{
    uint64_t value;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));
    return value;
}
#else
static inline uint64_t ticks_counter(void)
{
    return (uint64_t)clock_monotonic();
}
#endif

/* A stamp. Any thread. */
static inline uint64_t ticks_now(void)
{
    return ticks_scale.is_counter ? ticks_counter() : (uint64_t)clock_monotonic();
}

/* A difference of stamps in nanoseconds. A difference below zero, which a thread may see that has
 * moved to another processor, is 0. */
static inline uint64_t ticks_to_ns(uint64_t ticks)
{
    if ((int64_t)ticks < 0)
        return 0;
    return (uint64_t)((unsigned __int128)ticks * ticks_scale.multiplier >> TICKS_SHIFT);
}

#endif
