/* core/base/log_file.c with the queue of core/base/log.c in front. */
#include "unit.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/log_file.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROTATIONS 50
#define LINES_BETWEEN 100

static char folder[] = "/tmp/sluice-log-XXXXXX";
static char path[64];
static char sentence[LOG_FILE_TEXT_MAX];

static int make_folder(void **state)
{
    (void)state;
    umask(022);
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/sluice.log", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static const char *in_folder(const char *name, char other[64])
{
    snprintf(other, 64, "%s/%s", folder, name);
    return other;
}

static void create_file(mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

/* Both ways to ask must say that the file is no good, with these words. */
static void assert_refused(const char *words)
{
    memset(sentence, 0, sizeof sentence);
    assert_int_equal(log_file_open(path, sentence), -1);
    assert_non_null(strstr(sentence, words));
    memset(sentence, 0, sizeof sentence);
    assert_int_equal(log_file_check(path, sentence), ERR_SYSTEM);
    assert_non_null(strstr(sentence, words));
}

static void a_new_file_is_for_its_owner_and_readers_of_its_group(void **state)
{
    (void)state;
    struct stat status;
    assert_int_equal(log_file_check(path, sentence), OK);
    assert_int_equal(access(path, F_OK), -1); /* A check creates nothing. */
    int fd = log_file_open(path, sentence);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
    assert_true((fcntl(fd, F_GETFL) & O_APPEND) != 0);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(log_file_check(path, sentence), OK);
    close(fd);
    unlink(path);
}

static void what_could_be_somebody_elses_is_refused(void **state)
{
    (void)state;
    char other[64];
    create_file(0666);
    assert_refused("others may write to it");
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(link(path, in_folder("second", other)), 0);
    assert_refused("hard links");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(other, path), 0);
    assert_refused("symbolic link");
    unlink(other);
    assert_refused("symbolic link");
    unlink(path);
}

static void what_is_no_regular_file_is_refused_without_waiting(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_refused("not a regular file");
    int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_refused("not a regular file");
    close(reader);
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(log_file_open(path, sentence), -1);
    assert_string_equal(sentence, "Is a directory");
    assert_int_equal(log_file_check(path, sentence), ERR_SYSTEM);
    rmdir(path);
}

static void a_folder_that_is_not_there_is_named(void **state)
{
    (void)state;
    char missing[64];
    assert_int_equal(log_file_open(in_folder("no/file", missing), sentence), -1);
    assert_string_equal(sentence, "No such file or directory");
    assert_int_equal(log_file_check(missing, sentence), ERR_SYSTEM);
    assert_non_null(strstr(sentence, "/no: No such file or directory"));
}

/* -- the file in use; these run in this order -- */

static void before_the_log_has_a_queue_it_stays_on_standard_error(void **state)
{
    (void)state;
    int fd = log_file_open(path, sentence);
    assert_int_equal(log_file_use(path, fd), ERR_SYSTEM);
    assert_int_equal(log_sink(), STDERR_FILENO);
    assert_int_equal(log_file_reopen("test", sentence), ERR_NOT_FOUND);
    assert_non_null(strstr(sentence, "standard error"));
    unlink(path);
}

static atomic_int rotated;

/* Renames the file and has it opened again, as logrotate does. */
static void *rotate(void *argument)
{
    char name[32], old[64], text[LOG_FILE_TEXT_MAX];
    (void)argument;
    for (int i = 0; i < ROTATIONS; i++) {
        snprintf(name, sizeof name, "old.%d", i);
        if (rename(path, in_folder(name, old)) != 0 || log_file_reopen("test", text) != OK)
            return NULL;
        atomic_store(&rotated, i + 1);
    }
    return argument;
}

/* Reads a file, removes it, and checks that numbers follow each other. */
static unsigned check_numbers(const char *file, unsigned next)
{
    char line[LOG_LINE_MAX + 1];
    FILE *in = fopen(file, "re");
    assert_non_null(in);
    while (fgets(line, sizeof line, in) != NULL) {
        const char *number = strstr(line, "number ");
        assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
        if (number != NULL)
            assert_int_equal(strtoul(number + 7, NULL, 10), next++);
        else
            assert_true(strstr(line, "test: opened ") != NULL ||
                        strstr(line, "the last one") != NULL);
    }
    fclose(in);
    unlink(file);
    return next;
}

static bool has_line(const char *file, const char *words)
{
    char line[LOG_LINE_MAX + 1];
    bool is_found = false;
    FILE *in = fopen(file, "re");
    assert_non_null(in);
    while (!is_found && fgets(line, sizeof line, in) != NULL)
        is_found = strstr(line, words) != NULL;
    fclose(in);
    return is_found;
}

/* Lines that wait when a file is opened again are written to the new one. */
static void await_line(const char *file, const char *words)
{
    int64_t deadline = clock_monotonic() + 60 * NS_PER_S;
    while (!has_line(file, words)) {
        assert_true(clock_monotonic() < deadline);
        sched_yield();
    }
}

static void no_line_is_lost_or_cut_while_the_file_is_rotated(void **state)
{
    (void)state;
    pthread_t rotating;
    unsigned written = 0;
    char name[32], old[64];
    unsigned long long lost = log_lost_lines();
    assert_int_equal(log_start(1 << 20), OK);
    int fd = log_file_open(path, sentence);
    assert_int_equal(log_file_use(path, fd), OK);
    assert_int_equal(pthread_create(&rotating, NULL, rotate, folder), 0);
    while (atomic_load(&rotated) < ROTATIONS && log_lost_lines() == lost) {
        int begun = atomic_load(&rotated);
        for (int i = 0; i < LINES_BETWEEN; i++)
            log_info("test", "number %u", written++);
        while (atomic_load(&rotated) == begun && log_lost_lines() == lost)
            sched_yield();
    }
    void *result;
    pthread_join(rotating, &result);
    assert_ptr_equal(result, folder);
    log_info("test", "the last one");
    await_line(path, "the last one");
    unsigned next = 0;
    for (int i = 0; i < ROTATIONS; i++) {
        snprintf(name, sizeof name, "old.%d", i);
        next = check_numbers(in_folder(name, old), next);
    }
    assert_int_equal(check_numbers(path, next), written);
    assert_int_equal(log_lost_lines(), lost);
}

static void what_cannot_be_opened_leaves_the_log_in_the_old_file(void **state)
{
    (void)state;
    char old[64], used[PATH_MAX];
    assert_int_equal(log_file_reopen("test", sentence), OK);
    assert_int_equal(rename(path, in_folder("old", old)), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(log_file_reopen("test", sentence), ERR_SYSTEM);
    assert_non_null(strstr(sentence, "Is a directory"));
    rmdir(path);
    assert_true(log_file_path(used));
    assert_string_equal(used, path);
    await_line(old, "not reopened: cannot open ");
    assert_int_equal(log_file_reopen("test", sentence), OK);
    unlink(old);
    unlink(path);
}

static void it_goes_back_to_standard_error(void **state)
{
    (void)state;
    char used[PATH_MAX];
    assert_int_equal(log_file_use(NULL, -1), OK);
    assert_false(log_file_path(used));
    struct stat log, error;
    assert_int_equal(fstat(log_sink(), &log), 0);
    assert_int_equal(fstat(STDERR_FILENO, &error), 0);
    assert_true(log.st_dev == error.st_dev && log.st_ino == error.st_ino);
    log_stop();
    assert_int_equal(log_file_reopen("test", sentence), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_file_is_for_its_owner_and_readers_of_its_group),
        cmocka_unit_test(what_could_be_somebody_elses_is_refused),
        cmocka_unit_test(what_is_no_regular_file_is_refused_without_waiting),
        cmocka_unit_test(a_folder_that_is_not_there_is_named),
        cmocka_unit_test(before_the_log_has_a_queue_it_stays_on_standard_error),
        cmocka_unit_test(no_line_is_lost_or_cut_while_the_file_is_rotated),
        cmocka_unit_test(what_cannot_be_opened_leaves_the_log_in_the_old_file),
        cmocka_unit_test(it_goes_back_to_standard_error),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
