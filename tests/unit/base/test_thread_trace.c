#include "unit.h"

#include "base/thread_trace.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static _Atomic pid_t waiting_thread;
static sem_t has_begun;
static sem_t may_end;

/* Waits where a backtrace finds it. */
__attribute__((noinline, visibility("default"))) void wait_here(void);
void wait_here(void)
{
    sem_post(&has_begun);
    while (sem_wait(&may_end) != 0)
        continue;
}

static void *run(void *blocks_signals)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    if (blocks_signals == NULL)
        thread_trace_allow();
    atomic_store(&waiting_thread, gettid());
    wait_here();
    return NULL;
}

static size_t trace_of(void *blocks_signals, void *frames[THREAD_TRACE_MAX])
{
    pthread_t thread;
    sem_init(&has_begun, 0, 0);
    sem_init(&may_end, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, run, blocks_signals), 0);
    while (sem_wait(&has_begun) != 0)
        continue;
    size_t count = thread_trace(atomic_load(&waiting_thread), frames);
    sem_post(&may_end);
    pthread_join(thread, NULL);
    return count;
}

static void shows_where_a_thread_is(void **state)
{
    void *frames[THREAD_TRACE_MAX];
    char text[512];
    bool is_found = false;
    (void)state;
    size_t count = trace_of(NULL, frames);
    assert_true(count > 1);
    for (size_t i = 0; i < count; i++) {
        char *begin = (char *)(uintptr_t)wait_here;
        is_found = is_found || ((char *)frames[i] > begin && (char *)frames[i] < begin + 256);
        thread_trace_describe(frames[i], "", text, sizeof text);
        assert_non_null(strstr(text, "0x"));
    }
    assert_true(is_found);
}

static void thread_that_does_not_answer_has_none(void **state)
{
    void *frames[THREAD_TRACE_MAX];
    (void)state;
    assert_int_equal(trace_of(&has_begun, frames), 0);
    assert_true(trace_of(NULL, frames) > 1); /* The next question is answered. */
}

static void thread_that_is_gone_has_none(void **state)
{
    void *frames[THREAD_TRACE_MAX];
    (void)state;
    trace_of(NULL, frames);
    assert_int_equal(thread_trace(atomic_load(&waiting_thread), frames), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_where_a_thread_is),
        cmocka_unit_test(thread_that_does_not_answer_has_none),
        cmocka_unit_test(thread_that_is_gone_has_none),
    };
    thread_trace_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
