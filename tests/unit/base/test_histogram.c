#include "base/histogram.h"
#include "unit.h"

static struct histogram_snapshot snapshot_of(struct histogram *histogram)
{
    struct histogram_snapshot snapshot = {.count = 0};
    histogram_merge(&snapshot, histogram);
    return snapshot;
}

static void durations_go_into_their_power_of_two(void **state)
{
    (void)state;
    assert_int_equal(histogram_bucket(0), 0);
    assert_int_equal(histogram_bucket(1), 1);
    assert_int_equal(histogram_bucket(1023), 10);
    assert_int_equal(histogram_bucket(1024), 11);
    assert_int_equal(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
    for (uint64_t ns = 1; ns < UINT64_C(1) << 38; ns *= 3)
        assert_true(ns < histogram_bound(histogram_bucket(ns)));
}

static void counts_and_sums(void **state)
{
    (void)state;
    struct histogram histogram = {.sum = 0};
    for (uint64_t ns = 1; ns <= 100; ns++)
        histogram_add(&histogram, ns);
    struct histogram_snapshot snapshot = snapshot_of(&histogram);
    assert_int_equal(snapshot.count, 100);
    assert_int_equal(snapshot.sum, 5050);
    histogram_merge(&snapshot, &histogram);
    assert_int_equal(snapshot.count, 200);
    histogram_add_many(&histogram, 1000, 7);
    snapshot = snapshot_of(&histogram);
    assert_int_equal(snapshot.buckets[histogram_bucket(1000)], 7);
    assert_int_equal(snapshot.sum, 5050 + 7000);
}

static void quantiles_lie_in_their_bucket(void **state)
{
    (void)state;
    struct histogram histogram = {.sum = 0};
    struct histogram_snapshot none = {.count = 0};
    assert_int_equal(histogram_quantile(&none, 0.5), 0);
    for (int i = 0; i < 90; i++)
        histogram_add(&histogram, 100); /* bucket of 64 to 127 */
    for (int i = 0; i < 10; i++)
        histogram_add(&histogram, 5000); /* 4096 to 8191 */
    struct histogram_snapshot snapshot = snapshot_of(&histogram);
    assert_in_range(histogram_quantile(&snapshot, 0.5), 64, 128);
    assert_in_range(histogram_quantile(&snapshot, 0.95), 4096, 8192);
    assert_in_range(histogram_quantile(&snapshot, 1), 4096, 8192);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_go_into_their_power_of_two),
        cmocka_unit_test(counts_and_sums),
        cmocka_unit_test(quantiles_lie_in_their_bucket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
