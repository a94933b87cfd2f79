#include "one_instance.h"
#include "workbench.h"

#include <sys/eventfd.h>
#include <unistd.h>

#define PATIENCE 10000 /* ms */

static unsigned calls;
static uint32_t last_events;

static void count_call(struct sl_instance *of, uint64_t watch, int fd, uint32_t events,
                       void *context)
{
    (void)of;
    (void)watch;
    (void)fd;
    (void)context;
    last_events = events;
    calls++;
}

static int begin(void **state)
{
    (void)state;
    calls = 0;
    begin_with_instance((struct sl_plugin){.flags = 0});
    return 0;
}

static int end(void **state)
{
    (void)state;
    fake_instance_destroy(instance);
    return fake_poll(0) ? -1 : 0;
}

static void a_callback_is_called_once_a_look_as_long_as_it_is_ready(void **state)
{
    int fd = eventfd(1, EFD_NONBLOCK);
    (void)state;
    assert_false(fake_poll(0));
    uint64_t watch = host->fd_watch(self, fd, SL_FD_READ, count_call, NULL);
    assert_int_not_equal(watch, 0);
    assert_int_equal(host->fd_watch(self, fd, SL_FD_READ, count_call, NULL), 0);
    assert_int_equal(calls, 0);
    assert_true(fake_poll(PATIENCE));
    assert_true(fake_poll(PATIENCE));
    assert_int_equal(calls, 2);
    assert_int_equal(last_events, SL_FD_READ);
    assert_int_equal(host->fd_change(self, watch, 0), 0);
    assert_false(fake_poll(0));
    assert_int_equal(host->fd_change(self, watch, SL_FD_WRITE), 0);
    assert_true(fake_poll(PATIENCE));
    assert_int_equal(last_events, SL_FD_WRITE);
    host->fd_unwatch(self, watch);
    assert_false(fake_poll(0));
    assert_int_not_equal(host->fd_change(self, watch, SL_FD_READ), 0);
    close(fd);
}

static void the_end_of_a_pipe_can_be_read(void **state)
{
    int fds[2];
    (void)state;
    assert_int_equal(pipe(fds), 0);
    uint64_t watch = host->fd_watch(self, fds[0], SL_FD_READ, count_call, NULL);
    assert_false(fake_poll(0));
    close(fds[1]);
    assert_true(fake_poll(PATIENCE));
    assert_int_equal(last_events, SL_FD_READ | SL_FD_ERROR);
    host->fd_unwatch(self, watch);
    close(fds[0]);
}

static void what_cannot_be_watched_is_refused(void **state)
{
    int fd = eventfd(1, EFD_NONBLOCK);
    (void)state;
    assert_int_equal(host->fd_watch(self, -1, SL_FD_READ, count_call, NULL), 0);
    assert_int_equal(host->fd_watch(self, 4711, SL_FD_READ, count_call, NULL), 0);
    assert_int_equal(host->fd_watch(self, fd, SL_FD_ERROR, count_call, NULL), 0);
    fake_fail_allocation(1);
    assert_int_equal(host->fd_watch(self, fd, SL_FD_READ, count_call, NULL), 0);
    fake_fail_allocation(0);
    close(fd);
}

/* With an instance of its own, in a process of its own. */
static void close_what_is_watched(void *argument)
{
    (void)argument;
    situation_begin_host();
    struct sl_instance *of = fake_instance_seen(instance_with((struct sl_plugin){.flags = 0}));
    int fd = eventfd(1, EFD_NONBLOCK);
    of->host->fd_watch(of, fd, SL_FD_READ, count_call, NULL);
    close(fd);
    fake_poll(PATIENCE);
}

static void closing_what_is_watched_is_a_failure(void **state)
{
    (void)state;
    assert_fails(close_what_is_watched, NULL, "was closed while it was watched");
}

#define watch_test(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        watch_test(a_callback_is_called_once_a_look_as_long_as_it_is_ready),
        watch_test(the_end_of_a_pipe_can_be_read),
        watch_test(what_cannot_be_watched_is_refused),
        cmocka_unit_test(closing_what_is_watched_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
