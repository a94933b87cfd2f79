/* core/cli/stop_signals.c with signals to this process. */
#include "unit.h"

#include "cli/stop_signals.h"
#include "config/config.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

/* Sends a signal and waits until the thread has taken it. */
static void send_signal(int number)
{
    sigset_t pending;
    assert_int_equal(kill(getpid(), number), 0);
    do {
        sched_yield();
        assert_int_equal(sigpending(&pending), 0);
    } while (sigismember(&pending, number) == 1);
}

/* The next signal; waits for it. */
static int take(struct stop_signals *signals)
{
    struct pollfd watched = {.fd = stop_signals_fd(signals), .events = POLLIN};
    assert_int_equal(poll(&watched, 1, 30000), 1);
    return stop_signals_take(signals);
}

static void reloads_that_wait_are_one_and_a_stop_comes_behind_it(void **state)
{
    const struct config config = {.watchdog_stop = 0};
    struct stop_signals *signals;
    (void)state;
    assert_int_equal(stop_signals_create(&config, &signals), OK);
    for (int i = 0; i < 100; i++)
        send_signal(SIGHUP);
    send_signal(SIGTERM);
    assert_int_equal(take(signals), SIGHUP);
    assert_int_equal(take(signals), SIGTERM);
    send_signal(SIGHUP);
    assert_int_equal(take(signals), SIGHUP);
    assert_int_equal(stop_signals_take(signals), 0);
    stop_signals_destroy(signals);
}

static void each_kind_of_signal_waits_once(void **state)
{
    const struct config config = {.watchdog_stop = 0};
    struct stop_signals *signals;
    (void)state;
    assert_int_equal(stop_signals_create(&config, &signals), OK);
    for (int i = 0; i < 100; i++) {
        send_signal(SIGUSR1);
        send_signal(SIGHUP);
    }
    send_signal(SIGTERM);
    assert_int_equal(take(signals), SIGUSR1);
    send_signal(SIGUSR1); /* The one before may have been done already. */
    assert_int_equal(take(signals), SIGHUP);
    assert_int_equal(take(signals), SIGTERM);
    assert_int_equal(take(signals), SIGUSR1);
    assert_int_equal(stop_signals_take(signals), 0);
    stop_signals_destroy(signals);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reloads_that_wait_are_one_and_a_stop_comes_behind_it),
        cmocka_unit_test(each_kind_of_signal_waits_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
