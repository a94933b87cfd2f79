#include "unit.h"

#include "loop/timer.h"

#define TICK (INT64_C(1) << TIMER_TICK_SHIFT)
#define SECOND INT64_C(1000000000)

struct probe {
    struct timer timer; /* first */
    unsigned fired;
};

static void count_fire(struct loop *loop, struct timer *timer)
{
    (void)loop;
    ((struct probe *)timer)->fired++;
}

/* Turns the wheel up to `until`, a tick at a time or in one go. */
static void turn(struct timer_wheel *wheel, int64_t from, int64_t until, int64_t step)
{
    for (int64_t now = from; now < until; now += step)
        timer_wheel_advance(wheel, NULL, now, NULL);
    timer_wheel_advance(wheel, NULL, until, NULL);
}

static void fires_once_not_early_and_at_most_two_ticks_late(void **state)
{
    static const int64_t delays[] = {0, 1, TICK, 10 * TICK + 5, 25 * SECOND, 3600 * SECOND};
    (void)state;
    for (size_t i = 0; i < sizeof delays / sizeof *delays; i++) {
        static struct timer_wheel wheel;
        struct probe probe = {.timer.fire = count_fire};
        int64_t start = 12345678901;
        timer_wheel_init(&wheel, start);
        timer_start(&wheel, &probe.timer, start + delays[i]);
        if (delays[i] > 0)
            turn(&wheel, start, start + delays[i] - 1, TICK);
        assert_int_equal(probe.fired, 0);
        turn(&wheel, start + delays[i], start + delays[i] + 2 * TICK, TICK);
        assert_int_equal(probe.fired, 1);
        assert_false(timer_is_running(&probe.timer));
    }
}

static void fires_after_a_sleep_longer_than_the_wheel(void **state)
{
    static struct timer_wheel wheel;
    struct probe probes[3] = {
        {.timer.fire = count_fire}, {.timer.fire = count_fire}, {.timer.fire = count_fire}};
    (void)state;
    timer_wheel_init(&wheel, 0);
    timer_start(&wheel, &probes[0].timer, SECOND);
    timer_start(&wheel, &probes[1].timer, 40 * SECOND);
    timer_start(&wheel, &probes[2].timer, 4000 * SECOND);
    timer_wheel_advance(&wheel, NULL, 1000 * SECOND, NULL);
    assert_int_equal(probes[0].fired, 1);
    assert_int_equal(probes[1].fired, 1);
    assert_int_equal(probes[2].fired, 0);
}

static void a_stopped_timer_does_not_fire(void **state)
{
    static struct timer_wheel wheel;
    struct probe probe = {.timer.fire = count_fire};
    (void)state;
    timer_wheel_init(&wheel, 0);
    timer_start(&wheel, &probe.timer, SECOND);
    timer_stop(&probe.timer);
    timer_stop(&probe.timer); /* twice is fine */
    turn(&wheel, 0, 2 * SECOND, TICK);
    assert_int_equal(probe.fired, 0);
}

static void restarting_moves_the_deadline(void **state)
{
    static struct timer_wheel wheel;
    struct probe probe = {.timer.fire = count_fire};
    (void)state;
    timer_wheel_init(&wheel, 0);
    timer_start(&wheel, &probe.timer, SECOND);
    timer_start(&wheel, &probe.timer, 3 * SECOND);
    turn(&wheel, 0, 2 * SECOND, TICK);
    assert_int_equal(probe.fired, 0);
    turn(&wheel, 2 * SECOND, 4 * SECOND, TICK);
    assert_int_equal(probe.fired, 1);
}

static struct timer_wheel shared_wheel;
static struct probe *victim;

static void stop_the_other(struct loop *loop, struct timer *timer)
{
    count_fire(loop, timer);
    timer_stop(&victim->timer);
}

static void a_timer_may_stop_another_of_the_same_slot(void **state)
{
    struct probe a = {.timer.fire = stop_the_other};
    struct probe b = {.timer.fire = stop_the_other};
    (void)state;
    timer_wheel_init(&shared_wheel, 0);
    timer_start(&shared_wheel, &a.timer, SECOND);
    timer_start(&shared_wheel, &b.timer, SECOND);
    victim = &a; /* the second in the list, as the last started is first */
    turn(&shared_wheel, 0, 2 * SECOND, TICK);
    assert_int_equal(a.fired + b.fired, 1);
}

static void restart_at_once(struct loop *loop, struct timer *timer)
{
    count_fire(loop, timer);
    timer_start(&shared_wheel, timer, 0);
}

static void a_timer_that_restarts_itself_does_not_stop_the_wheel(void **state)
{
    struct probe probe = {.timer.fire = restart_at_once};
    (void)state;
    timer_wheel_init(&shared_wheel, 0);
    timer_start(&shared_wheel, &probe.timer, 0);
    turn(&shared_wheel, 0, 10 * TICK, TICK);
    assert_in_range(probe.fired, 9, 10);
}

static void says_how_long_to_wait(void **state)
{
    static struct timer_wheel wheel;
    struct probe probe = {.timer.fire = count_fire};
    (void)state;
    timer_wheel_init(&wheel, 0);
    assert_int_equal(timer_wheel_wait(&wheel, 0), -1);
    timer_start(&wheel, &probe.timer, 5 * SECOND);
    assert_in_range(timer_wheel_wait(&wheel, 0), 5 * SECOND, 5 * SECOND + 2 * TICK);
    timer_wheel_advance(&wheel, NULL, 6 * SECOND, NULL);
    assert_int_equal(timer_wheel_wait(&wheel, 6 * SECOND), -1);
}

static void says_when_it_is_due_also_when_that_is_past(void **state)
{
    static struct timer_wheel wheel;
    struct probe probe = {.timer.fire = count_fire};
    (void)state;
    timer_wheel_init(&wheel, 0);
    assert_int_equal(timer_wheel_due(&wheel), -1);
    timer_start(&wheel, &probe.timer, 5 * TICK + 1);
    assert_int_equal(timer_wheel_due(&wheel), 6 * TICK);
    assert_int_equal(timer_wheel_wait(&wheel, 7 * TICK), 0);
    assert_false(timer_wheel_is_behind(&wheel, TICK - 1));
    assert_true(timer_wheel_is_behind(&wheel, TICK));
    timer_wheel_advance(&wheel, NULL, 7 * TICK, NULL);
    assert_false(timer_wheel_is_behind(&wheel, 7 * TICK));
    assert_int_equal(probe.fired, 1);
}

static void stopped_timer_does_not_wake_the_loop_for_ever(void **state)
{
    static struct timer_wheel wheel;
    struct probe probe = {.timer.fire = count_fire};
    (void)state;
    timer_wheel_init(&wheel, 0);
    timer_start(&wheel, &probe.timer, SECOND);
    timer_stop(&probe.timer);
    timer_wheel_advance(&wheel, NULL, SECOND + 2 * TICK, NULL);
    assert_int_equal(timer_wheel_wait(&wheel, SECOND + 2 * TICK), -1);
    assert_int_equal(probe.fired, 0);
}

static unsigned fired_before_end, ends;
static struct probe ended[3];

static void count_end(struct loop *loop)
{
    assert_null(loop);
    ends++;
    for (size_t i = 0; i < 3; i++)
        fired_before_end += ended[i].fired;
}

static void what_follows_comes_behind_each(void **state)
{
    static struct timer_wheel wheel;
    (void)state;
    timer_wheel_init(&wheel, 0);
    for (size_t i = 0; i < 3; i++) {
        ended[i] = (struct probe){.timer.fire = count_fire};
        timer_start(&wheel, &ended[i].timer, SECOND);
    }
    timer_wheel_advance(&wheel, NULL, 2 * SECOND, count_end);
    assert_int_equal(ends, 3);
    assert_int_equal(fired_before_end, 1 + 2 + 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fires_once_not_early_and_at_most_two_ticks_late),
        cmocka_unit_test(fires_after_a_sleep_longer_than_the_wheel),
        cmocka_unit_test(a_stopped_timer_does_not_fire),
        cmocka_unit_test(restarting_moves_the_deadline),
        cmocka_unit_test(a_timer_may_stop_another_of_the_same_slot),
        cmocka_unit_test(a_timer_that_restarts_itself_does_not_stop_the_wheel),
        cmocka_unit_test(says_how_long_to_wait),
        cmocka_unit_test(says_when_it_is_due_also_when_that_is_past),
        cmocka_unit_test(what_follows_comes_behind_each),
        cmocka_unit_test(stopped_timer_does_not_wake_the_loop_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
