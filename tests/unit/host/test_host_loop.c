#include "host/host_loop.h"
#include "host/calling.h"
#include "unit.h"

#include <sys/eventfd.h>
#include <unistd.h>

static void ignore_ready(struct sl_instance *self, uint64_t watch, int fd, uint32_t events,
                         void *context)
{
    (void)self;
    (void)watch;
    (void)fd;
    (void)events;
    (void)context;
}

static void watches_change_and_end(void **state)
{
    struct sl_instance *self = &calling.instance->seen;
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    (void)state;
    uint64_t watch = host_fd_watch(self, fd, SL_FD_READ, ignore_ready, NULL);
    assert_int_not_equal(watch, 0);
    assert_int_equal(host_fd_watch(self, fd, SL_FD_READ, ignore_ready, NULL), 0);
    assert_int_equal(host_fd_change(self, watch, SL_FD_READ | SL_FD_WRITE), 0);
    assert_int_equal(host_fd_change(self, watch, SL_FD_ERROR), -1);
    host_fd_unwatch(self, watch);
    assert_int_equal(host_fd_change(self, watch, SL_FD_READ), -1);
    close(fd);
}

static void a_timer_needs_its_hook(void **state)
{
    (void)state;
    assert_int_equal(host_timer_start(&calling.instance->seen, 1, 0, 0), 0); /* It has none. */
    host_timer_stop(&calling.instance->seen, 4711);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(watches_change_and_end, start_calling, stop_calling),
        cmocka_unit_test_setup_teardown(a_timer_needs_its_hook, start_calling, stop_calling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
