#include "base/file_read.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

static int file_with(const char *text)
{
    int fd = memfd_create("file", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static void reads_all_of_a_file(void **state)
{
    (void)state;
    char data[16];
    int fd = file_with("some bytes");
    assert_int_equal(file_read(fd, data, sizeof data), 10);
    assert_memory_equal(data, "some bytes", 10);
    assert_int_equal(file_read(fd, data, sizeof data), 0);
    close(fd);
}

static void reads_no_more_than_there_is_room_for(void **state)
{
    (void)state;
    char data[] = "........";
    int fd = file_with("some bytes");
    assert_int_equal(file_read(fd, data, 4), 4);
    assert_string_equal(data, "some....");
    assert_int_equal(file_read(fd, data, 0), 0);
    close(fd);
}

static void says_when_reading_fails(void **state)
{
    (void)state;
    char data[4];
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_int_equal(file_read(fd, data, sizeof data), -1);
    assert_int_equal(errno, EBADF);
    close(fd);
}

static int pipe_ends[2];
static int pieces_left;

/* Interrupts the read that waits, and writes another piece for the next one. */
static void on_alarm(int number)
{
    (void)number;
    if (pieces_left-- > 0)
        (void)!write(pipe_ends[1], "ab", 2);
    else
        close(pipe_ends[1]);
}

static void pieces_and_signals_in_between_do_not_end_it(void **state)
{
    (void)state;
    char data[16];
    struct sigaction action = {.sa_handler = on_alarm}, before; /* without SA_RESTART */
    const struct itimerval each_ms = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    pieces_left = 3;
    assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
    sigaction(SIGALRM, &action, &before);
    setitimer(ITIMER_REAL, &each_ms, NULL);
    ssize_t len = file_read(pipe_ends[0], data, sizeof data);
    setitimer(ITIMER_REAL, &never, NULL);
    sigaction(SIGALRM, &before, NULL);
    assert_int_equal(len, 6);
    assert_memory_equal(data, "ababab", 6);
    close(pipe_ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_all_of_a_file),
        cmocka_unit_test(reads_no_more_than_there_is_room_for),
        cmocka_unit_test(says_when_reading_fails),
        cmocka_unit_test(pieces_and_signals_in_between_do_not_end_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
