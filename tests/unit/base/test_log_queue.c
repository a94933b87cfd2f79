#include "unit.h"

#include "base/clock.h"
#include "base/log_queue.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define SIZE ((size_t)2 * LOG_QUEUE_LINE_MAX)
#define PATIENCE (100 * NS_PER_MS)
#define LINE "a line of some length that fills the pipe and the queue in a while\n"
#define LINE_LEN (sizeof LINE - 1)

/* A queue in front of a pipe that holds one page. */
struct fixture {
    int read_end;
    int write_end;
    struct log_queue *queue;
};

static size_t notice(uint64_t lost, char text[LOG_QUEUE_LINE_MAX])
{
    return (size_t)snprintf(text, LOG_QUEUE_LINE_MAX, "lost %llu\n", (unsigned long long)lost);
}

static int set_up(void **state)
{
    static struct fixture fixture;
    int ends[2];
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4096) > 0);
    fixture = (struct fixture){.read_end = ends[0], .write_end = ends[1]};
    assert_int_equal(log_queue_create(ends[1], SIZE, notice, &fixture.queue), OK);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    log_queue_stop(fixture->queue, PATIENCE);
    log_queue_destroy(fixture->queue);
    close(fixture->read_end);
    close(fixture->write_end);
    return 0;
}

/* Puts lines until one is lost. Returns how many were kept. */
static unsigned fill(struct fixture *fixture)
{
    unsigned kept = 0;
    while (log_queue_put(fixture->queue, LINE, LINE_LEN))
        kept++;
    return kept;
}

/* Reads until a whole text has come. */
static void read_until(struct fixture *fixture, const char *end, char *text, size_t size)
{
    size_t len = 0;
    text[0] = '\0';
    while (strstr(text, end) == NULL) {
        ssize_t got = read(fixture->read_end, text + len, size - len - 1);
        assert_true(got > 0);
        len += (size_t)got;
        text[len] = '\0';
    }
}

static void nobody_waits_for_a_sink_that_is_not_read(void **state)
{
    struct fixture *fixture = *state;
    int64_t before = clock_monotonic();
    unsigned kept = fill(fixture);
    assert_true(kept >= SIZE / LINE_LEN);
    for (int i = 0; i < 1000; i++)
        (void)log_queue_put(fixture->queue, LINE, LINE_LEN);
    assert_true(log_queue_lost(fixture->queue) > 0);
    assert_true(clock_monotonic() - before < 5 * NS_PER_S);
}

static void notice_stands_where_lines_are_missing(void **state)
{
    struct fixture *fixture = *state;
    char text[8 * LOG_QUEUE_LINE_MAX];
    fill(fixture);
    read_until(fixture, "lost 1\n", text, sizeof text);
    assert_string_equal(strstr(text, "lost 1\n"), "lost 1\n");
    for (size_t at = 0; strcmp(text + at, "lost 1\n") != 0; at += LINE_LEN)
        assert_memory_equal(text + at, LINE, LINE_LEN);
    assert_true(log_queue_put(fixture->queue, "and on\n", 7));
    read_until(fixture, "and on\n", text, sizeof text);
    assert_int_equal(log_queue_lost(fixture->queue), 1);
}

static void stop_writes_what_is_queued(void **state)
{
    struct fixture *fixture = *state;
    char text[LOG_QUEUE_LINE_MAX];
    /* A pipe of one page takes no second write, as far as poll knows. */
    assert_int_equal(fcntl(fixture->write_end, F_SETPIPE_SZ, 1 << 16), 1 << 16);
    for (int i = 0; i < 20; i++)
        assert_true(log_queue_put(fixture->queue, LINE, LINE_LEN));
    assert_true(log_queue_put(fixture->queue, "the last\n", 9));
    log_queue_stop(fixture->queue, PATIENCE);
    ssize_t got = read(fixture->read_end, text, sizeof text);
    assert_int_equal(got, 20 * LINE_LEN + 9);
    assert_memory_equal(text + got - 9, "the last\n", 9);
}

static void stop_gives_up_a_sink_that_is_not_read(void **state)
{
    struct fixture *fixture = *state;
    fill(fixture);
    int64_t before = clock_monotonic();
    log_queue_stop(fixture->queue, PATIENCE);
    assert_true(clock_monotonic() - before < 5 * NS_PER_S);
    assert_false(log_queue_put(fixture->queue, LINE, LINE_LEN));
}

static void sink_that_is_closed_holds_nothing_up(void **state)
{
    struct fixture *fixture = *state;
    close(fixture->read_end);
    fixture->read_end = -1;
    for (int i = 0; i < 1000; i++)
        (void)log_queue_put(fixture->queue, LINE, LINE_LEN);
    int64_t before = clock_monotonic();
    log_queue_stop(fixture->queue, 10 * NS_PER_S);
    assert_true(clock_monotonic() - before < 5 * NS_PER_S);
}

static void rescue_writes_what_is_queued(void **state)
{
    struct fixture *fixture = *state;
    char text[16 * LOG_QUEUE_LINE_MAX];
    unsigned kept = fill(fixture);
    size_t len = 0;
    /* The writer and the rescue both wait for the pipe: one reads meanwhile. */
    assert_int_equal(fcntl(fixture->write_end, F_SETPIPE_SZ, 1 << 16), 1 << 16);
    log_queue_rescue(fixture->queue);
    log_queue_stop(fixture->queue, PATIENCE);
    close(fixture->write_end);
    fixture->write_end = -1;
    ssize_t got;
    while ((got = read(fixture->read_end, text + len, sizeof text - len)) > 0)
        len += (size_t)got;
    assert_true(len >= kept * LINE_LEN);
}

/* -- a file whose disk is full, which a limit of this process's plays -- */

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Has the queue write to a new file without a name. */
static int redirect_to_file(struct fixture *fixture)
{
    int fd = open("/tmp", O_RDWR | O_TMPFILE | O_APPEND | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    log_queue_redirect(fixture->queue, fcntl(fd, F_DUPFD_CLOEXEC, 3));
    return fd;
}

/* Waits until the file has refused a write, and then one more. */
static void wait_for_refusals(struct fixture *fixture)
{
    while (log_queue_failed_writes(fixture->queue) < 2)
        sched_yield();
}

static void assert_whole_lines(const char *text, size_t len, unsigned count)
{
    assert_int_equal(len, count * LINE_LEN);
    for (unsigned i = 0; i < count; i++)
        assert_memory_equal(text + i * LINE_LEN, LINE, LINE_LEN);
}

static void a_full_disk_makes_lines_wait_and_cuts_none(void **state)
{
    struct fixture *fixture = *state;
    char text[SIZE];
    int file = redirect_to_file(fixture);
    limit_files(LINE_LEN + 5);
    for (int i = 0; i < 4; i++)
        assert_true(log_queue_put(fixture->queue, LINE, LINE_LEN));
    wait_for_refusals(fixture);
    limit_files(RLIM_INFINITY);
    log_queue_stop(fixture->queue, PATIENCE);
    assert_whole_lines(text, (size_t)pread(file, text, sizeof text, 0), 4);
    assert_int_equal(log_queue_lost(fixture->queue), 0);
    close(file);
}

static void a_line_of_which_a_full_disk_took_a_part_is_whole_in_the_next_file(void **state)
{
    struct fixture *fixture = *state;
    char text[SIZE];
    int full = redirect_to_file(fixture);
    limit_files(LINE_LEN + 5);
    for (int i = 0; i < 4; i++)
        assert_true(log_queue_put(fixture->queue, LINE, LINE_LEN));
    wait_for_refusals(fixture);
    int file = redirect_to_file(fixture);
    limit_files(RLIM_INFINITY);
    log_queue_stop(fixture->queue, PATIENCE);
    ssize_t before = pread(full, text, sizeof text, 0) / LINE_LEN;
    ssize_t got = pread(file, text, sizeof text, 0);
    assert_whole_lines(text, (size_t)got, 4 - (unsigned)before);
    close(full);
    close(file);
}

static void a_full_disk_loses_lines_when_the_queue_is_full_too(void **state)
{
    struct fixture *fixture = *state;
    int file = redirect_to_file(fixture);
    limit_files(1);
    fill(fixture);
    assert_true(log_queue_lost(fixture->queue) > 0);
    int64_t before = clock_monotonic();
    log_queue_stop(fixture->queue, PATIENCE);
    assert_true(clock_monotonic() - before < 5 * NS_PER_S);
    limit_files(RLIM_INFINITY);
    close(file);
}

static void a_sink_that_is_not_read_holds_no_redirection_up(void **state)
{
    struct fixture *fixture = *state;
    char text[2 * SIZE];
    unsigned kept = fill(fixture);
    int file = redirect_to_file(fixture);
    log_queue_stop(fixture->queue, 10 * NS_PER_S);
    ssize_t got = pread(file, text, sizeof text, 0);
    assert_true(got > 0 && (size_t)got <= kept * LINE_LEN + LOG_QUEUE_LINE_MAX);
    assert_memory_equal(text, LINE, LINE_LEN);
    close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nobody_waits_for_a_sink_that_is_not_read, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(notice_stands_where_lines_are_missing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stop_writes_what_is_queued, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stop_gives_up_a_sink_that_is_not_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sink_that_is_closed_holds_nothing_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rescue_writes_what_is_queued, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_disk_makes_lines_wait_and_cuts_none, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            a_line_of_which_a_full_disk_took_a_part_is_whole_in_the_next_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_disk_loses_lines_when_the_queue_is_full_too, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_sink_that_is_not_read_holds_no_redirection_up, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
