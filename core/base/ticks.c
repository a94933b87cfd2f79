#include "base/ticks.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define CALIBRATION (2 * NS_PER_MS)

struct ticks_scale ticks_scale = {.multiplier = UINT64_C(1) << TICKS_SHIFT};

#if defined(__x86_64__)
/* Whether the counter runs at one rate in all power states ("invariant TSC"). */
static bool counter_is_even(void)
{
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid(0x80000007, &a, &b, &c, &d) != 0 && (d & 1u << 8) != 0;
}
#elif defined(__aarch64__)
static bool counter_is_even(void)
{
    return true; /* By the architecture's definition of the generic timer. */
}
#else
static bool counter_is_even(void)
{
    return false;
}
#endif

void ticks_init(void)
{
    if (!counter_is_even())
        return;
    int64_t start = clock_monotonic();
    uint64_t first = ticks_counter();
    int64_t now = start;
    while (now - start < CALIBRATION)
        now = clock_monotonic();
    uint64_t ticks = ticks_counter() - first;
    if (ticks == 0)
        return;
    ticks_scale.multiplier = ((uint64_t)(now - start) << TICKS_SHIFT) / ticks;
    ticks_scale.is_counter = true;
}
