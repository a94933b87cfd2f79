#include "one_instance.h"

static struct {
    uint64_t id, tag;
    int64_t at;
} fired[16];
static unsigned fired_count;
static int64_t start;
static uint64_t to_stop;

static void on_timer(struct sl_instance *of, uint64_t timer, uint64_t tag)
{
    fired[fired_count].id = timer;
    fired[fired_count].tag = tag;
    fired[fired_count++].at = of->host->time_monotonic() - start;
    if (to_stop != 0)
        of->host->timer_stop(of, to_stop);
}

static int begin(void **state)
{
    (void)state;
    begin_with_instance((struct sl_plugin){.on_timer = on_timer});
    start = host->time_monotonic();
    fired_count = 0;
    to_stop = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    fake_instance_destroy(instance);
    return 0;
}

static void fires_once_when_it_is_due(void **state)
{
    (void)state;
    uint64_t id = host->timer_start(self, 100, 0, 7);
    assert_int_not_equal(id, 0);
    fake_advance(99);
    assert_int_equal(fired_count, 0);
    fake_advance(1);
    assert_int_equal(fired_count, 1);
    assert_int_equal(fired[0].id, id);
    assert_int_equal(fired[0].tag, 7);
    fake_advance(1000);
    assert_int_equal(fired_count, 1);
}

static void fires_at_each_interval_at_its_own_time(void **state)
{
    (void)state;
    host->timer_start(self, 100, 50, 1);
    host->timer_start(self, 120, 0, 2);
    fake_advance(210);
    assert_int_equal(fired_count, 4);
    static const int64_t at[] = {100, 120, 150, 200};
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(fired[i].at, at[i]);
    assert_int_equal(host->time_monotonic() - start, 210);
}

static void a_stopped_timer_does_not_fire(void **state)
{
    (void)state;
    uint64_t id = host->timer_start(self, 100, 100, 1);
    host->timer_stop(self, id);
    host->timer_stop(self, id + 1000);
    to_stop = host->timer_start(self, 100, 100, 2); /* Stops itself. */
    fake_advance(1000);
    assert_int_equal(fired_count, 1);
    assert_int_equal(fired[0].tag, 2);
}

static void an_instance_takes_its_timers_along(void **state)
{
    (void)state;
    struct fake_instance *other =
        fake_instance_create(plugin_with((struct sl_plugin){.on_timer = on_timer}), NULL, "/ws");
    host->timer_start(fake_instance_seen(other), 10, 10, 1);
    fake_instance_destroy(other);
    fake_advance(100);
    assert_int_equal(fired_count, 0);
}

static void there_may_be_no_memory_for_a_timer(void **state)
{
    (void)state;
    fake_fail_timers(true);
    assert_int_equal(host->timer_start(self, 1, 0, 0), 0);
    fake_fail_timers(false);
    assert_int_not_equal(host->timer_start(self, 1, 0, 0), 0);
}

static void on_timer_starting_another(struct sl_instance *of, uint64_t timer, uint64_t tag)
{
    (void)timer, (void)tag;
    of->host->timer_start(of, 0, 0, 0);
}

static void fire_for_ever(void *argument)
{
    (void)argument;
    situation_begin_host();
    struct sl_instance *of = fake_instance_seen(
        instance_with((struct sl_plugin){.on_timer = on_timer_starting_another}));
    of->host->timer_start(of, 1, 0, 0);
    fake_advance(10);
}

static void do_nothing(struct sl_instance *of, uint64_t timer, uint64_t tag)
{
    (void)of, (void)timer, (void)tag;
}

/* Timers fire 99 times in it. */
static void fire_often(void *limit)
{
    situation_begin_host();
    struct sl_instance *of =
        fake_instance_seen(instance_with((struct sl_plugin){.on_timer = do_nothing}));
    fake_firings_max = *(unsigned long *)limit;
    of->host->timer_start(of, 10, 10, 0);
    fake_advance(999);
}

static void a_long_time_may_pass_with_many_firings(void **state)
{
    unsigned long enough = 200, few = 50;
    (void)state;
    assert_passes(fire_often, &enough);
    assert_fails(fire_often, &few, "timers fired 50 times while the clock was moved");
}

static void start_without_on_timer(void *argument)
{
    (void)argument;
    situation_begin_host();
    struct sl_instance *of = fake_instance_seen(instance_with((struct sl_plugin){.flags = 0}));
    of->host->timer_start(of, 1, 0, 0);
}

static void wrong_uses_are_failures(void **state)
{
    (void)state;
    assert_fails(fire_for_ever, NULL, "a timer fires again and again without time passing");
    assert_fails(start_without_on_timer, NULL, "but the plugin has no on_timer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fires_once_when_it_is_due, begin, end),
        cmocka_unit_test_setup_teardown(fires_at_each_interval_at_its_own_time, begin, end),
        cmocka_unit_test_setup_teardown(a_stopped_timer_does_not_fire, begin, end),
        cmocka_unit_test(a_long_time_may_pass_with_many_firings),
        cmocka_unit_test_setup_teardown(an_instance_takes_its_timers_along, begin, end),
        cmocka_unit_test_setup_teardown(there_may_be_no_memory_for_a_timer, begin, end),
        cmocka_unit_test(wrong_uses_are_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
