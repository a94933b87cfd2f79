#include "base/trusted_path.h"
#include "unit.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char own[] = "/tmp/sluice-test-XXXXXX";
static char text[512];

/* A path below our own folder; four at a time. */
static const char *at(const char *name)
{
    static char paths[4][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, PATH_MAX, "%s/%s", own, name);
    return path;
}

static int set_up(void **state)
{
    (void)state;
    memcpy(own + sizeof own - 7, "XXXXXX", 6);
    if (mkdtemp(own) == NULL || mkdir(at("upper"), 0755) != 0 ||
        mkdir(at("upper/lower"), 0755) != 0)
        return -1;
    int file = open(at("upper/lower/file"), O_WRONLY | O_CREAT | O_EXCL, 0644);
    return file >= 0 && close(file) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", own);
    return system(command);
}

static bool opens(const char *path)
{
    struct stat status, expected;
    text[0] = '\0';
    int file = trusted_path_open(path, &status, text, sizeof text);
    if (file < 0)
        return false;
    assert_int_equal(fstat(file, &expected), 0);
    assert_int_equal(status.st_ino, expected.st_ino);
    close(file);
    return true;
}

static void assert_refused(const char *path, const char *part)
{
    assert_false(opens(path));
    if (strstr(text, part) == NULL)
        fail_msg("'%s' is not in: %s", part, text);
}

static void opens_what_only_its_owner_may_change(void **state)
{
    char here[PATH_MAX];
    (void)state;
    assert_true(opens(at("upper/lower/file")));
    assert_true(opens(at("upper//lower/./../lower/file")));
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(at("upper")), 0);
    assert_true(opens("lower/file"));
    assert_int_equal(chdir(here), 0);
}

static void refuses_a_folder_anywhere_on_the_way(void **state)
{
    char expected[256];
    static const char *const folders[] = {"upper/lower", "upper"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(chmod(at(folders[i]), 0757), 0);
        snprintf(expected, sizeof expected, "%s is a folder that others may write to",
                 at(folders[i]));
        assert_refused(at("upper/lower/file"), expected);
        snprintf(expected, sizeof expected, "chmod go-w %s", at(folders[i]));
        assert_refused(at("upper/lower/file"), expected);
        assert_int_equal(chmod(at(folders[i]), 0757), 0);
        assert_refused(at("upper/lower/file"), "go-w");
        assert_int_equal(chmod(at(folders[i]), 0755), 0);
    }
}

static void refuses_the_file(void **state)
{
    (void)state;
    assert_int_equal(chmod(at("upper/lower/file"), 0646), 0);
    assert_refused(at("upper/lower/file"),
                   "others may write to it; mend it with: chmod go-w /tmp/");
    assert_refused(at("upper/lower"), "not a regular file");
    assert_refused(at("upper/lower/missing"), "upper/lower/missing: No such file");
    assert_refused(at("upper/nothing/file"), "upper/nothing: No such file");
    assert_int_equal(mkfifo(at("upper/fifo"), 0600), 0);
    assert_refused(at("upper/fifo"), "not a regular file");
    assert_int_equal(chmod(at("upper/lower/file"), 0644), 0);
    assert_refused(at("upper/lower/file/more"), "Not a directory");
}

/* What a link leads through counts, as well as where it lies. */
static void follows_links_and_checks_their_way(void **state)
{
    (void)state;
    assert_int_equal(symlink("upper", at("short")), 0);
    assert_int_equal(symlink(at("short/lower"), at("long")), 0);
    assert_int_equal(symlink("../short/lower/file", at("upper/link")), 0);
    assert_true(opens(at("long/file")));
    assert_true(opens(at("upper/link")));
    assert_int_equal(chmod(at("upper"), 0777), 0);
    assert_refused(at("long/file"), "/upper is a folder");
    assert_int_equal(chmod(at("upper"), 0755), 0);
    assert_int_equal(symlink("round", at("round")), 0);
    assert_refused(at("round"), "round: Too many levels");
}

/* As in /tmp: others cannot exchange what is ours, but what is theirs is theirs. */
static void a_sticky_folder_is_fine_for_what_is_our_own(void **state)
{
    (void)state;
    assert_int_equal(chmod(at("upper"), 01777), 0);
    assert_true(opens(at("upper/lower/file")));
    if (geteuid() != 0)
        return;
    assert_int_equal(chown(at("upper/lower"), 12345, 0), 0);
    assert_refused(at("upper/lower/file"), "upper/lower belongs to user 12345");
    assert_int_equal(symlink("lower", at("upper/link")), 0);
    assert_int_equal(lchown(at("upper/link"), 12345, 0), 0);
    assert_refused(at("upper/link/file"), "upper/link belongs to user 12345");
}

static void paths_that_are_too_long_are_errors(void **state)
{
    char *endless = malloc(3 * PATH_MAX);
    (void)state;
    assert_non_null(endless);
    memset(endless, 'x', 3 * PATH_MAX - 1);
    endless[3 * PATH_MAX - 1] = '\0';
    assert_refused(endless, "too long");
    endless[300] = '\0';
    endless[0] = '/';
    assert_false(opens(endless));
    free(endless);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(opens_what_only_its_owner_may_change),
        TEST(refuses_a_folder_anywhere_on_the_way),
        TEST(refuses_the_file),
        TEST(follows_links_and_checks_their_way),
        TEST(a_sticky_folder_is_fine_for_what_is_our_own),
        TEST(paths_that_are_too_long_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
