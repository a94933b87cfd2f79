#include "client/recording_file.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/sluice-test-XXXXXX";
static char path[64];
static char reason[RECORDING_FILE_TEXT_MAX];
static struct recording_file file;

static int set_up(void **state)
{
    (void)state;
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    reason[0] = '\0';
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/traffic", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    recording_file_close(&file);
    unlink(path);
    return rmdir(folder);
}

static void put(const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void assert_holds(const char *expected)
{
    char text[512];
    int fd = open(path, O_RDONLY);
    ssize_t len = read(fd, text, sizeof text - 1);
    close(fd);
    assert_true(len >= 0);
    text[len] = '\0';
    assert_string_equal(text, expected);
}

static void assert_left_alone(const char *part)
{
    assert_int_equal(recording_file_open(&file, path, 1000, reason), ERR_SYSTEM);
    if (strstr(reason, part) == NULL)
        fail_msg("'%s' is not in: %s", part, reason);
}

static void a_new_file_is_for_its_owner_only(void **state)
{
    struct stat status;
    (void)state;
    assert_int_equal(recording_file_open(&file, path, 1000, reason), OK);
    assert_false(file.is_continued);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
}

static void every_line_is_there_at_once(void **state)
{
    (void)state;
    assert_int_equal(recording_file_open(&file, path, 1000, reason), OK);
    assert_int_equal(recording_file_append(&file, "one", 3), OK);
    assert_holds("one\n");
    assert_int_equal(recording_file_append(&file, "two", 3), OK);
    assert_holds("one\ntwo\n");
}

static void goes_on_behind_the_last_whole_line(void **state)
{
    (void)state;
    put("{\"event\":\"open\"}\n{\"event\":\"mess", 0600);
    assert_int_equal(recording_file_open(&file, path, 1000, reason), OK);
    assert_true(file.is_continued);
    assert_int_equal(recording_file_append(&file, "next", 4), OK);
    assert_holds("{\"event\":\"open\"}\nnext\n");
    assert_int_equal(file.size, 22);
}

static void goes_on_where_no_line_is_whole(void **state)
{
    (void)state;
    put("{\"event\":\"op", 0600);
    assert_int_equal(recording_file_open(&file, path, 1000, reason), OK);
    assert_int_equal(recording_file_append(&file, "next", 4), OK);
    assert_holds("next\n");
}

static void leaves_everything_else_alone(void **state)
{
    (void)state;
    put("precious\n", 0600);
    assert_left_alone("is no recording");
    assert_holds("precious\n");
    put("{\"event\":\"open\"}\n", 0640);
    assert_left_alone("others may read");
    assert_holds("{\"event\":\"open\"}\n");
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_left_alone("no regular file");
    unlink(path);
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_int_equal(recording_file_open(&file, path, 1000, reason), ERR_SYSTEM);
}

static void only_one_server_records_to_a_file(void **state)
{
    struct recording_file other;
    (void)state;
    assert_int_equal(recording_file_open(&file, path, 1000, reason), OK);
    assert_int_equal(recording_file_open(&other, path, 1000, reason), ERR_SYSTEM);
    assert_non_null(strstr(reason, "another server"));
}

static void never_grows_over_its_limit(void **state)
{
    (void)state;
    assert_int_equal(recording_file_open(&file, path, 9, reason), OK);
    assert_int_equal(recording_file_append(&file, "four", 4), OK);
    assert_int_equal(recording_file_append(&file, "fours", 5), ERR_LIMIT);
    assert_int_equal(recording_file_append(&file, "1", 1), ERR_CLOSED);
    assert_holds("four\n");
}

/* A disk that is full, as a limit on the size of files has it. */
static void ends_with_a_whole_line_when_the_disk_is_full(void **state)
{
    struct rlimit before, small;
    char line[300];
    (void)state;
    memset(line, 'x', sizeof line);
    assert_int_equal(recording_file_open(&file, path, 1000, reason), OK);
    assert_int_equal(recording_file_append(&file, "one", 3), OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){.rlim_cur = 100, .rlim_max = before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int error = recording_file_append(&file, line, sizeof line);
    int reported = errno;
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(error, ERR_SYSTEM);
    assert_int_equal(reported, EFBIG);
    assert_int_equal(recording_file_append(&file, "two", 3), ERR_CLOSED);
    assert_holds("one\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_new_file_is_for_its_owner_only),
        TEST(every_line_is_there_at_once),
        TEST(goes_on_behind_the_last_whole_line),
        TEST(goes_on_where_no_line_is_whole),
        TEST(leaves_everything_else_alone),
        TEST(only_one_server_records_to_a_file),
        TEST(never_grows_over_its_limit),
        TEST(ends_with_a_whole_line_when_the_disk_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
