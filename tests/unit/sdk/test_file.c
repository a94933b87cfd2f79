/* sluice/file.h: which files are opened. */
#include "unit.h"

#include <sluice/file.h>
#include <stdlib.h>

static char folder[] = "/tmp/sluice-test-XXXXXX";
static char path[64];
static char error[256];

static int set_up(void **state)
{
    (void)state;
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/file", folder);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    return file >= 0 && close(file) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static bool opens(enum sl_file_kind kind, mode_t mode)
{
    struct stat status;
    error[0] = '\0';
    assert_int_equal(chmod(path, mode), 0);
    int file = sl_file_open(path, kind, &status, error, sizeof error);
    if (file < 0)
        return false;
    close(file);
    assert_int_equal(status.st_mode & 07777, mode);
    return true;
}

static void others_may_not_write(void **state)
{
    char expected[256];
    (void)state;
    assert_true(opens(SL_FILE_READABLE, 0644));
    assert_true(opens(SL_FILE_READABLE, 0600));
    assert_true(opens(SL_FILE_READABLE, 0444));
    assert_false(opens(SL_FILE_READABLE, 0642));
    snprintf(expected, sizeof expected, "others may write to it; mend it with: chmod go-w %s",
             path);
    assert_string_equal(error, expected);
    assert_false(opens(SL_FILE_READABLE, 0646));
    assert_string_equal(error, expected);
    assert_false(opens(SL_FILE_PRIVATE, 0602));
    assert_string_equal(error, expected);
}

static bool may_be_used(uid_t owner, gid_t group, mode_t mode)
{
    struct stat status = {.st_mode = S_IFREG | mode, .st_uid = owner, .st_gid = group};
    return sl_file_fault(&status, SL_FILE_READABLE) == NULL;
}

/* User 0 and group 0 are both called root, and nobody else is in the group; group 1 is daemon's. */
static void a_group_of_the_owner_alone_may_write(void **state)
{
    (void)state;
    assert_true(may_be_used(0, 0, 0664));
    assert_false(may_be_used(0, 0, 0666));
    assert_false(may_be_used(0, 1, 0664));
    assert_true(may_be_used(0, 1, 0644));
    assert_false(may_be_used(4000000000u, 0, 0664)); /* there is no such user */
}

static void others_may_not_read_what_is_private(void **state)
{
    char expected[256];
    (void)state;
    assert_true(opens(SL_FILE_PRIVATE, 0600));
    assert_true(opens(SL_FILE_PRIVATE, 0640)); /* a group that the operator made for it */
    assert_false(opens(SL_FILE_PRIVATE, 0644));
    snprintf(expected, sizeof expected,
             "others may read it, and it is a secret; mend it with: chmod o-r %s", path);
    assert_string_equal(error, expected);
}

static void waits_for_nobody(void **state)
{
    (void)state;
    unlink(path);
    assert_int_equal(sl_file_open(path, SL_FILE_READABLE, NULL, error, sizeof error), -1);
    assert_string_equal(error, "No such file or directory");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(opens(SL_FILE_READABLE, 0600));
    assert_string_equal(error, "it is not a regular file");
    assert_int_equal(sl_file_open(folder, SL_FILE_READABLE, NULL, error, sizeof error), -1);
    assert_string_equal(error, "it is not a regular file");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(others_may_not_write),
        cmocka_unit_test(a_group_of_the_owner_alone_may_write),
        TEST(others_may_not_read_what_is_private),
        TEST(waits_for_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
