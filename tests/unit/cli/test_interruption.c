#include "cli/interruption.h"

#include "base/clock.h"

#include "unit.h"

#include <signal.h>
#include <unistd.h>

static void a_signal_is_noted_and_ends_a_wait_at_once(void **state)
{
    static const int signals[] = {SIGINT, SIGTERM};
    (void)state;
    for (int i = 0; i < 2; i++) {
        interruption_note();
        assert_false(interruption_came());
        assert_int_equal(raise(signals[i]), 0);
        assert_true(interruption_came());
        interruption_wait(3600 * NS_PER_S);
    }
}

static void without_one_the_time_passes(void **state)
{
    (void)state;
    interruption_note();
    int64_t before = clock_monotonic();
    interruption_wait(NS_PER_MS);
    assert_true(clock_monotonic() - before >= NS_PER_MS);
    assert_false(interruption_came());
}

static void what_is_ready_ends_a_wait(void **state)
{
    int pipe_fds[2];
    (void)state;
    assert_int_equal(pipe(pipe_fds), 0);
    struct pollfd fd = {.fd = pipe_fds[0], .events = POLLIN};
    interruption_note();
    assert_int_equal(interruption_poll(&fd, 1, 0), 0);
    assert_int_equal(write(pipe_fds[1], "x", 1), 1);
    assert_int_equal(interruption_poll(&fd, 1, 3600 * NS_PER_S), 1);
    assert_int_equal(raise(SIGINT), 0);
    assert_int_equal(interruption_poll(&fd, 1, 3600 * NS_PER_S), 0);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signal_is_noted_and_ends_a_wait_at_once),
        cmocka_unit_test(without_one_the_time_passes),
        cmocka_unit_test(what_is_ready_ends_a_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
