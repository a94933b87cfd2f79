#include "pipeline/plugin_metric.h"
#include "unit.h"

#include <math.h>
#include <string.h>

static const double buckets[] = {1, 10, 100};

static double value_of(struct sl_metric *metric)
{
    return atomic_load(&metric->value);
}

static void counters_only_grow(void **state)
{
    (void)state;
    struct plugin_metrics metrics;
    plugin_metrics_init(&metrics);
    struct sl_metric *counter =
        plugin_metric_create(&metrics, SL_COUNTER, "hits_total", "Hits\nof all", NULL, 0);
    assert_non_null(counter);
    assert_string_equal(counter->help, "Hits of all");
    plugin_metric_add(counter, 2);
    plugin_metric_add(counter, -1);
    plugin_metric_add(counter, (double)NAN);
    plugin_metric_set(counter, 0);
    plugin_metric_observe(counter, 7);
    assert_true(value_of(counter) == 2);
    plugin_metric_add(NULL, 1);
    plugin_metrics_deinit(&metrics);
}

static void gauges_and_histograms(void **state)
{
    (void)state;
    struct plugin_metrics metrics;
    plugin_metrics_init(&metrics);
    struct sl_metric *gauge = plugin_metric_create(&metrics, SL_GAUGE, "open", "", NULL, 0);
    struct sl_metric *sizes =
        plugin_metric_create(&metrics, SL_HISTOGRAM, "sizes", "Sizes", buckets, 3);
    plugin_metric_set(gauge, 5);
    plugin_metric_add(gauge, -7);
    assert_true(value_of(gauge) == -2);
    for (int i = 0; i < 3; i++)
        plugin_metric_observe(sizes, 10);
    plugin_metric_observe(sizes, 1000);
    assert_int_equal(atomic_load(&sizes->counts[1]), 3);
    assert_int_equal(atomic_load(&sizes->counts[3]), 1);
    assert_true(value_of(sizes) == 1030);
    plugin_metrics_deinit(&metrics);
}

static void a_long_help_is_cut_between_characters(void **state)
{
    (void)state;
    struct plugin_metrics metrics;
    char help[2001];
    plugin_metrics_init(&metrics);
    memset(help, 'x', sizeof help - 1);
    help[sizeof help - 1] = '\0';
    struct sl_metric *metric = plugin_metric_create(&metrics, SL_GAUGE, "long", help, NULL, 0);
    assert_int_equal(strlen(metric->help), 512);
    memcpy(help + 511, "\xc3\xa4", 2);
    metric = plugin_metric_create(&metrics, SL_GAUGE, "between", help, NULL, 0);
    assert_int_equal(strlen(metric->help), 511);
    help[512] = '\0';
    help[511] = 'x';
    metric = plugin_metric_create(&metrics, SL_GAUGE, "whole", help, NULL, 0);
    assert_string_equal(metric->help, help);
    plugin_metrics_deinit(&metrics);
}

static void refuses_what_prometheus_would(void **state)
{
    (void)state;
    struct plugin_metrics metrics;
    static const double falling[] = {2, 1};
    plugin_metrics_init(&metrics);
    assert_null(plugin_metric_create(&metrics, SL_COUNTER, "Hits", "", NULL, 0));
    assert_null(plugin_metric_create(&metrics, SL_COUNTER, "", "", NULL, 0));
    assert_null(plugin_metric_create(&metrics, SL_COUNTER, "a-b", "", NULL, 0));
    assert_null(plugin_metric_create(&metrics, SL_COUNTER, "a", "", buckets, 3));
    assert_null(plugin_metric_create(&metrics, SL_HISTOGRAM, "a", "", NULL, 0));
    assert_null(plugin_metric_create(&metrics, SL_HISTOGRAM, "a", "", NULL, 3));
    assert_null(plugin_metric_create(&metrics, SL_HISTOGRAM, "a", "", falling, 2));
    assert_null(plugin_metric_create(&metrics, (enum sl_metric_kind)9, "a", "", NULL, 0));
    assert_non_null(plugin_metric_create(&metrics, SL_COUNTER, "a", "", NULL, 0));
    assert_null(plugin_metric_create(&metrics, SL_GAUGE, "a", "", NULL, 0));
    char name[] = "aa";
    for (unsigned i = 1; i < PLUGIN_METRICS_MAX; i++) {
        name[0] = (char)('a' + i / 26);
        name[1] = (char)('a' + i % 26);
        assert_non_null(plugin_metric_create(&metrics, SL_COUNTER, name, "", NULL, 0));
    }
    assert_null(plugin_metric_create(&metrics, SL_COUNTER, "one_more", "", NULL, 0));
    plugin_metrics_deinit(&metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_only_grow),
        cmocka_unit_test(gauges_and_histograms),
        cmocka_unit_test(a_long_help_is_cut_between_characters),
        cmocka_unit_test(refuses_what_prometheus_would),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
