#include "pipeline/descriptor_watch.h"
#include "pipeline/hook.h"
#include "pipeline/rig.h"

#include "captured_log.h"
#include "current_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define FDS 40

static const struct sl_plugin plain = {SL_PLUGIN_HEADER, .name = "plain", .version = "1"};
static struct chain *chain;
static struct instance *instance;
static unsigned calls, event_ends;
static uint32_t last_events;
static int last_fd;

static void on_event_end(struct loop *loop)
{
    (void)loop;
    event_ends++;
}

static int set_up(void **state)
{
    const struct rig_stage stage = {.table = &plain};
    calls = event_ends = last_events = 0;
    int result = rig_set_up(state);
    atomic_store(&rig.pipeline.descriptors_max, FDS);
    chain = rig_chain(&stage, 1);
    instance = chain->stages[0].instance;
    rig.loops[0].on_event_end = on_event_end;
    return result;
}

static int tear_down(void **state)
{
    chain_destroy(chain);
    return rig_tear_down(state);
}

static int readable(void)
{
    int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_true(fd >= 0);
    return fd;
}

static void count_call(struct sl_instance *self, uint64_t watch, int fd, uint32_t events,
                       void *context)
{
    assert_ptr_equal(self, &instance->seen);
    assert_ptr_equal(hook_instance(), instance);
    assert_true(watch != 0);
    assert_ptr_equal(context, &calls);
    last_fd = fd;
    last_events = events;
    calls++;
}

static uint64_t watch(int fd, uint32_t events)
{
    return descriptor_watch(instance, fd, events, count_call, &calls);
}

/* What the home loop's thread would do in one iteration, beside its mail. Returns how many calls
 * there were. */
static unsigned iterate(void)
{
    struct epoll_event events[8];
    unsigned before = calls;
    int count = epoll_wait(rig.loops[0].epoll_fd, events, 8, 0);
    for (int i = 0; i < count; i++) {
        struct io_source *source = events[i].data.ptr;
        if (source != NULL) /* Else it is the mailbox. */
            source->on_ready(&rig.loops[0], source, events[i].events);
    }
    return calls - before;
}

static void is_called_at_home_as_long_as_it_is_ready(void **state)
{
    int fd = readable();
    (void)state;
    uint64_t id = watch(fd, SL_FD_READ);
    assert_int_not_equal(id, 0);
    assert_int_equal(iterate(), 0); /* The main thread has not come back from create. */
    rig_deliver();
    assert_int_equal(iterate(), 1);
    assert_int_equal(iterate(), 1);
    assert_int_equal(last_fd, fd);
    assert_int_equal(last_events, SL_FD_READ);
    assert_int_equal(descriptor_watch_change(instance, id, 0), OK);
    assert_int_equal(iterate(), 0);
    assert_int_equal(descriptor_watch_change(instance, id, SL_FD_WRITE), OK);
    assert_int_equal(iterate(), 1);
    assert_int_equal(last_events, SL_FD_WRITE);
    descriptor_unwatch(instance, id);
    descriptor_unwatch(instance, id);
    assert_int_equal(descriptor_watch_change(instance, id, SL_FD_READ), ERR_NOT_FOUND);
    assert_int_equal(iterate(), 0);
    close(fd);
}

static void a_hook_at_home_begins_them_at_once(void **state)
{
    int fd = readable();
    (void)state;
    current_loop = &rig.loops[0];
    assert_int_not_equal(watch(fd, SL_FD_READ), 0);
    assert_int_equal(iterate(), 1);
    current_loop = NULL;
    close(fd);
}

static void what_a_timer_watches_while_create_runs_waits_for_its_end(void **state)
{
    int fd = readable();
    (void)state;
    atomic_store(&instance->is_created, false);
    current_loop = &rig.loops[0];
    assert_int_not_equal(watch(fd, SL_FD_READ), 0);
    assert_int_equal(iterate(), 0);
    atomic_store(&instance->is_created, true);
    current_loop = NULL;
    rig_deliver();
    assert_int_equal(iterate(), 1);
    close(fd);
}

static void what_is_always_ready_has_its_share_of_a_turn(void **state)
{
    int fds[FDS];
    (void)state;
    for (int i = 0; i < FDS; i++) {
        fds[i] = readable();
        assert_int_not_equal(watch(fds[i], SL_FD_READ), 0);
    }
    rig_deliver();
    event_ends = 0;
    assert_int_equal(iterate(), 16);
    assert_int_equal(event_ends, 15); /* After the last one the loop does it. */
    for (int i = 0; i < FDS; i++)
        close(fds[i]);
}

static void there_are_no_more_than_may_be(void **state)
{
    struct descriptor_watch_stats stats;
    int fds[3] = {readable(), readable(), readable()};
    (void)state;
    assert_false(descriptor_watches_read(instance, &stats));
    atomic_store(&rig.pipeline.descriptors_max, 2);
    uint64_t id = watch(fds[0], SL_FD_READ);
    assert_int_not_equal(watch(fds[1], SL_FD_READ), 0);
    assert_int_equal(watch(fds[2], SL_FD_READ), 0);
    assert_true(descriptor_watches_read(instance, &stats));
    assert_int_equal(stats.watched, 2);
    assert_int_equal(stats.refused, 1);
    descriptor_unwatch(instance, id);
    assert_int_not_equal(watch(fds[2], SL_FD_READ), 0);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
}

static void refuses_what_is_no_watch(void **state)
{
    int fd = readable();
    (void)state;
    assert_int_equal(descriptor_watch_change(instance, 1, SL_FD_READ), ERR_NOT_FOUND);
    descriptor_unwatch(instance, 1); /* There is none. */
    assert_int_equal(watch(-1, SL_FD_READ), 0);
    assert_int_equal(watch(fd, SL_FD_ERROR), 0);
    assert_int_equal(descriptor_watch(instance, fd, SL_FD_READ, NULL, NULL), 0);
    uint64_t id = watch(fd, SL_FD_READ);
    assert_int_equal(watch(fd, SL_FD_READ), 0);
    assert_int_equal(descriptor_watch_change(instance, id, SL_FD_ERROR), ERR_INVALID);
    close(fd);
}

static uint64_t other; /* that the callback ends */

static void unwatch_the_other(struct sl_instance *self, uint64_t own, int fd, uint32_t events,
                              void *context)
{
    count_call(self, own, fd, events, context);
    descriptor_unwatch(instance, other == own ? other + 1 : other);
}

static void a_watch_that_a_callback_has_ended_is_not_called(void **state)
{
    int fds[2] = {readable(), readable()};
    (void)state;
    other = descriptor_watch(instance, fds[0], SL_FD_READ, unwatch_the_other, &calls);
    descriptor_watch(instance, fds[1], SL_FD_READ, unwatch_the_other, &calls);
    rig_deliver();
    assert_int_equal(iterate(), 1);
    close(fds[0]);
    close(fds[1]);
}

static void what_is_closed_while_it_is_watched_is_dropped_with_a_warning(void **state)
{
    struct descriptor_watch_stats stats;
    int fd = readable();
    int duplicate = dup(fd); /* Keeps it in the epoll. */
    (void)state;
    watch(fd, SL_FD_READ);
    rig_deliver();
    begin_capture();
    log_configure(LOG_LEVEL_WARN, LOG_FORMAT_TEXT);
    close(fd); /* Only now, or the capture would get its number. */
    unsigned called = iterate();
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    assert_non_null(strstr(end_capture(), "while it was watched"));
    assert_int_equal(called, 0);
    descriptor_watches_read(instance, &stats);
    assert_int_equal(stats.watched, 0);
    struct epoll_event events[2];
    assert_int_equal(epoll_wait(rig.loops[0].epoll_fd, events, 2, 0), 0); /* It does not spin. */
    close(duplicate);
}

static void watches_end_with_their_instance(void **state)
{
    int fd = readable();
    (void)state;
    watch(fd, SL_FD_READ);
    rig_deliver();
    size_t watched = rig.loops[0].watched;
    chain_destroy(chain);
    rig_deliver();
    assert_int_equal(rig.loops[0].watched, watched - 1);
    assert_int_equal(iterate(), 0);
    chain = NULL;
    close(fd);
}

static void an_instance_that_ends_before_they_begin_has_none(void **state)
{
    int fd = readable();
    (void)state;
    watch(fd, SL_FD_READ);
    chain_destroy(chain); /* Its mail is still on its way. */
    rig_deliver();
    assert_int_equal(iterate(), 0);
    assert_int_equal(rig.loops[0].watched, 0);
    chain = NULL;
    close(fd);
}

#define watch_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        watch_test(is_called_at_home_as_long_as_it_is_ready),
        watch_test(a_hook_at_home_begins_them_at_once),
        watch_test(what_a_timer_watches_while_create_runs_waits_for_its_end),
        watch_test(what_is_always_ready_has_its_share_of_a_turn),
        watch_test(there_are_no_more_than_may_be),
        watch_test(refuses_what_is_no_watch),
        watch_test(a_watch_that_a_callback_has_ended_is_not_called),
        watch_test(what_is_closed_while_it_is_watched_is_dropped_with_a_warning),
        watch_test(watches_end_with_their_instance),
        watch_test(an_instance_that_ends_before_they_begin_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
