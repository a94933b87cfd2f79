#include "base/ticks.h"
#include "unit.h"

static void stamps_are_nanoseconds_before_the_counter_is_measured(void **state)
{
    (void)state;
    int64_t before = clock_monotonic();
    uint64_t stamp = ticks_now();
    int64_t after = clock_monotonic();
    assert_in_range(stamp, (uint64_t)before, (uint64_t)after);
    assert_int_equal(ticks_to_ns(12345), 12345);
}

static void ticks_follow_the_clock(void **state)
{
    (void)state;
    ticks_init();
    int64_t start = clock_monotonic();
    uint64_t first = ticks_now();
    while (clock_monotonic() - start < 20 * NS_PER_MS)
        continue;
    uint64_t ns = ticks_to_ns(ticks_now() - first);
    int64_t real = clock_monotonic() - start;
    assert_true((int64_t)ns > real * 9 / 10 - NS_PER_MS);
    assert_true((int64_t)ns < real * 11 / 10 + NS_PER_MS);
}

static void a_difference_below_zero_is_0(void **state)
{
    (void)state;
    assert_int_equal(ticks_to_ns(0), 0);
    assert_int_equal(ticks_to_ns(UINT64_MAX), 0);
    assert_int_equal(ticks_to_ns((uint64_t)INT64_MIN), 0);
}

static void long_differences_do_not_overflow(void **state)
{
    (void)state;
    struct ticks_scale before = ticks_scale;
    ticks_scale.multiplier = UINT64_C(1) << (TICKS_SHIFT - 1); /* two ticks a nanosecond */
    assert_int_equal(ticks_to_ns(UINT64_C(1) << 60), UINT64_C(1) << 59);
    ticks_scale = before;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stamps_are_nanoseconds_before_the_counter_is_measured),
        cmocka_unit_test(ticks_follow_the_clock),
        cmocka_unit_test(a_difference_below_zero_is_0),
        cmocka_unit_test(long_differences_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
