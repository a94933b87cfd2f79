/* Threads that signals to the process do not reach. */
#include "base/thread.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void *read_mask(void *mask)
{
    pthread_sigmask(SIG_BLOCK, NULL, mask);
    return mask;
}

static void read_mask_of_a_thread(sigset_t *mask)
{
    pthread_t thread;
    sigemptyset(mask);
    assert_int_equal(thread_begin(&thread, "masked", read_mask, mask), 0);
    void *result;
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, mask);
}

static void test_signals_to_the_process_are_blocked(void **state)
{
    sigset_t mask;
    (void)state;
    read_mask_of_a_thread(&mask);
    static const int blocked[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD, SIGPIPE};
    for (size_t i = 0; i < sizeof blocked / sizeof *blocked; i++)
        assert_int_equal(sigismember(&mask, blocked[i]), 1);
}

static void test_faults_of_its_own_reach_it(void **state)
{
    sigset_t mask;
    (void)state;
    read_mask_of_a_thread(&mask);
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        assert_int_equal(sigismember(&mask, faults[i]), 0);
}

static void test_the_callers_mask_stays(void **state)
{
    sigset_t mask, before, after;
    (void)state;
    pthread_sigmask(SIG_BLOCK, NULL, &before);
    read_mask_of_a_thread(&mask);
    pthread_sigmask(SIG_BLOCK, NULL, &after);
    assert_int_equal(sigismember(&after, SIGTERM), sigismember(&before, SIGTERM));
    assert_int_equal(sigismember(&after, SIGSEGV), sigismember(&before, SIGSEGV));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signals_to_the_process_are_blocked),
        cmocka_unit_test(test_faults_of_its_own_reach_it),
        cmocka_unit_test(test_the_callers_mask_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
