#include "workbench.h"

static struct sl_metric *metric;
static enum sl_metric_kind kind;

static int make_metric(struct sl_instance *self)
{
    static const double buckets[] = {1, 2};
    bool has_buckets = kind == SL_HISTOGRAM;
    metric = self->host->metric(self, kind, "things", "Things", has_buckets ? buckets : NULL,
                                has_buckets ? 2 : 0);
    return 0;
}

static int make_wrong_metrics(struct sl_instance *self)
{
    static const double buckets[] = {1};
    const struct sl_host *host = self->host;
    REQUIRE(host->metric(self, SL_COUNTER, "Things", "Things", NULL, 0) == NULL);
    REQUIRE(host->metric(self, SL_COUNTER, "things-a", "Things", NULL, 0) == NULL);
    REQUIRE(host->metric(self, SL_COUNTER, "", "Things", NULL, 0) == NULL);
    REQUIRE(host->metric(self, SL_COUNTER, "things", "Things", buckets, 1) == NULL);
    REQUIRE(host->metric(self, SL_HISTOGRAM, "things", "Things", NULL, 0) == NULL);
    return 0;
}

static struct fake_instance *instance;

static const struct sl_host *begin_with(enum sl_metric_kind wanted)
{
    situation_begin_host();
    kind = wanted;
    instance = instance_with((struct sl_plugin){.create = make_metric});
    return fake_instance_seen(instance)->host;
}

static double value_of(const char *name)
{
    double value = -1;
    REQUIRE(fake_metric(instance, name, &value));
    return value;
}

static void use_metrics(void *argument)
{
    double value;
    (void)argument;
    const struct sl_host *host = begin_with(SL_COUNTER);
    REQUIRE(value_of("things") == 0);
    host->metric_add(metric, 2);
    host->metric_add(metric, 1.5);
    host->metric_add(NULL, 1);
    REQUIRE(value_of("things") == 3.5);
    REQUIRE(!fake_metric(instance, "others", &value));
    host = begin_with(SL_GAUGE);
    host->metric_set(metric, 10);
    host->metric_add(metric, -4);
    REQUIRE(value_of("things") == 6);
    host = begin_with(SL_HISTOGRAM);
    host->metric_observe(metric, 1000);
    host->metric_observe(metric, 1.5);
    REQUIRE(value_of("things") == 2);
}

static void keeps_values_by_name(void **state)
{
    (void)state;
    assert_passes(use_metrics, NULL);
}

static void make_wrong_ones(void *argument)
{
    (void)argument;
    situation_begin_host();
    instance_with((struct sl_plugin){.create = make_wrong_metrics});
}

static void gives_none_for_wrong_arguments(void **state)
{
    (void)state;
    assert_passes(make_wrong_ones, NULL);
}

static void make_a_counter_smaller(void *argument)
{
    (void)argument;
    begin_with(SL_COUNTER)->metric_add(metric, -1);
}

static void set_a_counter(void *argument)
{
    (void)argument;
    begin_with(SL_COUNTER)->metric_set(metric, 1);
}

static void observe_a_gauge(void *argument)
{
    (void)argument;
    begin_with(SL_GAUGE)->metric_observe(metric, 1);
}

static void register_late(void *argument)
{
    (void)argument;
    situation_begin_host();
    make_metric(fake_instance_seen(instance_with((struct sl_plugin){.flags = 0})));
}

static void wrong_uses_are_failures(void **state)
{
    (void)state;
    assert_fails(make_a_counter_smaller, NULL, "the counter 'things' was made smaller");
    assert_fails(set_a_counter, NULL, "'things' was set, but is no gauge");
    assert_fails(observe_a_gauge, NULL, "is no histogram");
    assert_fails(register_late, NULL, "host->metric was called outside create");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_values_by_name),
        cmocka_unit_test(gives_none_for_wrong_arguments),
        cmocka_unit_test(wrong_uses_are_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
