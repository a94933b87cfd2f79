#include "pipeline/descriptor_set.h"
#include "unit.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct descriptor_set set;

static int set_up(void **state)
{
    (void)state;
    return descriptor_set_init(&set);
}

static int tear_down(void **state)
{
    (void)state;
    descriptor_set_deinit(&set);
    return 0;
}

/* A descriptor that can be read at once. */
static int readable(void)
{
    int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_true(fd >= 0);
    return fd;
}

static struct descriptor_watch *watch(int fd, uint32_t events)
{
    const struct descriptor_watch wanted = {.fd = fd, .events = events};
    const struct descriptor_watch *watch = descriptor_set_add(&set, &wanted);
    return watch != NULL ? descriptor_set_find(&set, watch->id) : NULL;
}

/* Whether that watch, and nothing else, is ready for these events; id 0: nothing is. */
static void expect_ready(uint64_t id, uint32_t events)
{
    struct epoll_event ready[2];
    int count = epoll_wait(set.epoll_fd, ready, 2, 0);
    assert_int_equal(count, id != 0);
    if (id == 0)
        return;
    assert_int_equal(ready[0].data.u64, id);
    assert_int_equal(descriptor_events_of(ready[0].events), events);
}

static void tells_what_is_watched_for(void **state)
{
    int fd = readable();
    (void)state;
    struct descriptor_watch *one = watch(fd, SL_FD_READ);
    assert_non_null(one);
    expect_ready(one->id, SL_FD_READ);
    assert_int_equal(descriptor_set_change(&set, one, SL_FD_READ | SL_FD_WRITE), OK);
    expect_ready(one->id, SL_FD_READ | SL_FD_WRITE);
    assert_int_equal(descriptor_set_change(&set, one, 0), OK);
    assert_int_equal(descriptor_set_change(&set, one, 0), OK);
    expect_ready(0, 0);
    assert_int_equal(descriptor_set_change(&set, one, SL_FD_WRITE), OK);
    expect_ready(one->id, SL_FD_WRITE);
    descriptor_set_remove(&set, one);
    expect_ready(0, 0);
    assert_int_equal(set.count, 0);
    assert_false(set.may_have_lost);
    close(fd);
}

static void begins_with_nothing_if_nothing_is_watched_for(void **state)
{
    int fds[2];
    (void)state;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    close(fds[1]);
    struct descriptor_watch *one = watch(fds[0], 0);
    assert_non_null(one);
    expect_ready(one->id, SL_FD_READ | SL_FD_ERROR); /* Nobody has asked, so once only. */
    expect_ready(0, 0);
    assert_int_equal(descriptor_set_change(&set, one, SL_FD_READ), OK);
    expect_ready(one->id, SL_FD_READ | SL_FD_ERROR);
    assert_int_equal(descriptor_set_change(&set, one, 0), OK);
    expect_ready(one->id, SL_FD_READ | SL_FD_ERROR);
    expect_ready(0, 0);
    close(fds[0]);
}

static void a_descriptor_whose_watch_is_asleep_is_watched_already(void **state)
{
    int fd = readable();
    (void)state;
    struct descriptor_watch *one = watch(fd, SL_FD_READ);
    assert_int_equal(descriptor_set_change(&set, one, 0), OK);
    assert_null(watch(fd, SL_FD_READ));
    assert_null(watch(fd, 0));
    close(descriptor_set_renew(&set, epoll_create1(EPOLL_CLOEXEC)));
    assert_null(watch(fd, SL_FD_READ));
    assert_int_equal(set.count, 1);
    assert_int_equal(descriptor_set_change(&set, one, SL_FD_READ), OK);
    expect_ready(one->id, SL_FD_READ);
    close(fd);
}

static void another_descriptor_takes_the_place_of_one_that_was_closed_asleep(void **state)
{
    int first = readable();
    (void)state;
    uint64_t id = watch(first, 0)->id;
    close(first);
    int second = readable();
    assert_int_equal(second, first);
    struct descriptor_watch *other = watch(second, SL_FD_READ);
    assert_non_null(other);
    assert_null(descriptor_set_find(&set, id));
    expect_ready(other->id, SL_FD_READ);
    close(second);
}

static void the_end_of_a_pipe_can_be_read(void **state)
{
    int fds[2];
    (void)state;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    struct descriptor_watch *one = watch(fds[0], SL_FD_READ);
    assert_non_null(one);
    expect_ready(0, 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    close(fds[1]);
    expect_ready(one->id, SL_FD_READ | SL_FD_ERROR); /* The last of what was written. */
    char byte;
    assert_int_equal(read(fds[0], &byte, 1), 1);
    expect_ready(one->id, SL_FD_READ | SL_FD_ERROR); /* The end. */
    assert_int_equal(read(fds[0], &byte, 1), 0);
    close(fds[0]);
}

static void refuses_what_cannot_be_watched(void **state)
{
    int fd = readable();
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    (void)state;
    assert_null(watch(-1, SL_FD_READ));
    assert_null(watch(file, SL_FD_READ));
    assert_non_null(watch(fd, SL_FD_READ));
    assert_null(watch(fd, SL_FD_READ)); /* It is already. */
    assert_int_equal(set.count, 1);
    assert_null(descriptor_set_find(&set, 4711));
    close(file);
    close(fd);
}

static void what_was_closed_is_lost_and_renewing_gets_rid_of_it(void **state)
{
    int kept = readable(), closed = readable();
    int duplicate = dup(closed);
    (void)state;
    struct descriptor_watch *one = watch(kept, SL_FD_WRITE);
    uint64_t id = one->id;
    struct descriptor_watch *gone = watch(closed, SL_FD_READ);
    assert_int_equal(descriptor_set_change(&set, one, 0), OK);
    close(closed);
    descriptor_set_remove(&set, gone);
    assert_true(set.may_have_lost);
    expect_ready(id + 1, SL_FD_READ); /* Of a watch that is over. */
    assert_int_equal(descriptor_set_change(&set, one, SL_FD_WRITE), OK);
    int before = descriptor_set_renew(&set, epoll_create1(EPOLL_CLOEXEC));
    close(before);
    assert_false(set.may_have_lost);
    expect_ready(id, SL_FD_WRITE);
    close(kept);
    close(duplicate);
}

static void another_descriptor_with_the_number_of_one_that_was_closed_takes_its_place(void **state)
{
    int first = readable();
    (void)state;
    uint64_t id = watch(first, SL_FD_READ)->id;
    close(first);
    int second = readable();
    assert_int_equal(second, first);
    struct descriptor_watch *other = watch(second, SL_FD_READ);
    assert_non_null(other);
    assert_null(descriptor_set_find(&set, id));
    assert_int_equal(set.count, 1);
    expect_ready(other->id, SL_FD_READ);
    close(second);
}

static void what_was_closed_is_watched_for_nothing_after_renewing(void **state)
{
    int fd = readable();
    (void)state;
    struct descriptor_watch *one = watch(fd, SL_FD_READ);
    close(fd);
    int before = descriptor_set_renew(&set, epoll_create1(EPOLL_CLOEXEC));
    close(before);
    assert_int_equal(one->events, 0);
    assert_int_equal(descriptor_set_change(&set, one, SL_FD_READ), ERR_SYSTEM);
}

#define set_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        set_test(tells_what_is_watched_for),
        set_test(begins_with_nothing_if_nothing_is_watched_for),
        set_test(a_descriptor_whose_watch_is_asleep_is_watched_already),
        set_test(another_descriptor_takes_the_place_of_one_that_was_closed_asleep),
        set_test(the_end_of_a_pipe_can_be_read),
        set_test(refuses_what_cannot_be_watched),
        set_test(what_was_closed_is_lost_and_renewing_gets_rid_of_it),
        set_test(another_descriptor_with_the_number_of_one_that_was_closed_takes_its_place),
        set_test(what_was_closed_is_watched_for_nothing_after_renewing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
