#include "pipeline/instance_timer.h"
#include "failing_memory.h"
#include "pipeline/rig.h"

static uint64_t stops; /* what on_timer stops; 0: nothing */

static void on_timer(struct sl_instance *self, uint64_t timer, uint64_t tag)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)tag);
    note(text);
    assert_true(timer != 0);
    if (stops != 0)
        instance_timer_stop((struct instance *)self, stops);
}

static const struct sl_plugin ticking = {SL_PLUGIN_HEADER, .name = "ticking", .version = "1",
                                         .on_timer = on_timer};
static const struct sl_plugin silent = {SL_PLUGIN_HEADER, .name = "silent", .version = "1"};

static struct instance *made(const struct sl_plugin *table)
{
    const struct rig_stage stage = {.table = table};
    stops = 0;
    return rig_instance(&stage, 1, 0, 0);
}

/* Starts one from a thread that is not the home loop's, and lets the order arrive. */
static uint64_t start(struct instance *instance, int64_t after, int64_t interval, uint64_t tag)
{
    for (unsigned i = 0; i < RIG_LOOPS; i++) /* Deadlines are taken from the clock. */
        rig.loops[i].now = clock_monotonic();
    uint64_t id = instance_timer_start(instance, after, interval, tag);
    rig_deliver();
    return id;
}

static void fires_once(void **state)
{
    struct instance *instance = made(&ticking);
    (void)state;
    assert_true(start(instance, NS_PER_S, 0, 7) != 0);
    rig_pass(NS_PER_S / 2);
    expect_notes("");
    rig_pass(NS_PER_S);
    expect_notes("7");
    rig_pass(5 * NS_PER_S);
    expect_notes("");
    instance_unref(instance);
}

static void fires_again_and_again_with_an_interval(void **state)
{
    struct instance *instance = made(&ticking);
    (void)state;
    assert_true(start(instance, NS_PER_S, NS_PER_S, 8) != 0);
    rig_pass(2 * NS_PER_S);
    rig_pass(2 * NS_PER_S);
    expect_notes("8 8");
    instance_unref(instance);
}

static void ids_tell_timers_apart(void **state)
{
    struct instance *instance = made(&ticking);
    uint64_t ids[40]; /* more than the buckets at first */
    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        ids[i] = start(instance, NS_PER_S, 0, i);
        assert_true(i == 0 || ids[i] > ids[i - 1]);
    }
    for (unsigned i = 0; i < 40; i++)
        if (i != 17)
            instance_timer_stop(instance, ids[i]);
    rig_deliver();
    rig_pass(2 * NS_PER_S);
    expect_notes("17");
    instance_unref(instance);
}

static void fires_once_create_has_returned(void **state)
{
    struct instance *instance = made(&ticking);
    (void)state;
    instance->is_created = false;
    assert_true(start(instance, 0, 0, 7) != 0);
    rig_pass(NS_PER_S);
    rig_pass(NS_PER_S);
    expect_notes("");
    instance->is_created = true;
    rig_pass(NS_PER_S);
    expect_notes("7");
    instance_unref(instance);
}

static void stopping_one_that_is_over_does_nothing(void **state)
{
    struct instance *instance = made(&ticking);
    uint64_t id = start(instance, 0, 0, 1);
    (void)state;
    rig_pass(NS_PER_S);
    instance_timer_stop(instance, id);
    instance_timer_stop(instance, 12345);
    rig_deliver();
    expect_notes("1");
    instance_unref(instance);
}

static void a_timer_may_stop_itself(void **state)
{
    struct instance *instance = made(&ticking);
    (void)state;
    stops = start(instance, NS_PER_S, NS_PER_S, 3);
    rig_pass(2 * NS_PER_S);
    rig_deliver();
    rig_pass(5 * NS_PER_S);
    expect_notes("3");
    instance_unref(instance);
}

static void refuses_what_cannot_be(void **state)
{
    struct instance *instance = made(&ticking);
    struct instance *deaf = made(&silent);
    (void)state;
    assert_true(start(instance, -1, 0, 1) == 0);
    assert_true(start(instance, 0, -1, 1) == 0);
    assert_true(start(deaf, 0, 0, 1) == 0);
    instance_unref(instance);
    instance_unref(deaf);
}

static void the_longest_times_do_not_overflow(void **state)
{
    struct instance *instance = made(&ticking);
    (void)state;
    assert_true(start(instance, INT64_MAX, INT64_MAX, 1) != 0);
    rig_pass(NS_PER_S);
    expect_notes("");
    instance_unref(instance);
}

static void timers_end_with_their_instance(void **state)
{
    struct instance *instance = made(&ticking);
    (void)state;
    assert_true(start(instance, NS_PER_S, NS_PER_S, 1) != 0);
    instance_unref(instance);
    rig_deliver();
    rig_pass(5 * NS_PER_S);
    expect_notes("");
}

static void takes_no_more_when_the_instance_ends(void **state)
{
    struct instance *instance = made(&ticking);
    (void)state;
    instance_timers_end(instance);
    assert_true(start(instance, NS_PER_S, 0, 1) != 0); /* Whose order arrives too late. */
    rig_pass(5 * NS_PER_S);
    expect_notes("");
    instance_unref(instance);
    assert_true(instance_timer_start(instance, NS_PER_S, 0, 1) == 0); /* Nobody refers to it. */
}

static void without_memory_there_is_no_timer(void **state)
{
    struct instance *instance = made(&ticking);
    (void)state;
    for (unsigned nth = 1; nth <= 2; nth++) { /* The timer and the order. */
        fail_allocation(nth);
        assert_true(instance_timer_start(instance, 0, 0, 1) == 0);
        assert_true(has_allocation_failed());
        fail_allocation(0);
    }
    assert_true(start(instance, 0, 0, 1) != 0);
    rig_pass(NS_PER_S);
    expect_notes("1");
    instance_unref(instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(fires_once),
        rig_test(fires_again_and_again_with_an_interval),
        rig_test(ids_tell_timers_apart),
        rig_test(fires_once_create_has_returned),
        rig_test(stopping_one_that_is_over_does_nothing),
        rig_test(a_timer_may_stop_itself),
        rig_test(refuses_what_cannot_be),
        rig_test(the_longest_times_do_not_overflow),
        rig_test(timers_end_with_their_instance),
        rig_test(takes_no_more_when_the_instance_ends),
        rig_test(without_memory_there_is_no_timer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
