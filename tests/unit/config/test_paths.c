#include "config/paths.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/sluice-paths-XXXXXX";

static void expect(char *found, const char *expected)
{
    assert_non_null(found);
    assert_string_equal(found, expected);
    free(found);
}

static void touch(const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
}

static void takes_the_folder_of_a_file(void **state)
{
    (void)state;
    expect(path_folder("a/b/c.yaml"), "a/b");
    expect(path_folder("/c.yaml"), "/");
    expect(path_folder("c.yaml"), ".");
}

/* The working directory is `folder`, the configuration's folder is `folder`/etc. */
static void prefers_the_configurations_folder_then_the_working_directory(void **state)
{
    (void)state;
    touch("etc/both.pem");
    touch("both.pem");
    touch("here.pem");
    expect(path_resolve("etc", "both.pem"), "etc/both.pem");
    expect(path_resolve("etc", "here.pem"), "here.pem");
    expect(path_resolve("etc", "nowhere.pem"), "etc/nowhere.pem");
    expect(path_resolve("etc", "/abs/x.pem"), "/abs/x.pem");
    expect(path_resolve(".", "nowhere.pem"), "nowhere.pem");
    expect(path_resolve("/", "nowhere.pem"), "/nowhere.pem");
}

static void an_absolute_path_begins_at_the_root(void **state)
{
    (void)state;
    char expected[sizeof folder + 16];
    expect(path_absolute("/a/../b"), "/a/../b");
    snprintf(expected, sizeof expected, "%s/etc/x", folder);
    expect(path_absolute("etc/x"), expected);
    expect(path_absolute("././etc/x"), expected);
}

static void finds_what_is_beside_the_binary(void **state)
{
    (void)state;
    char *path = path_beside_binary("plugins");
    assert_non_null(path);
    assert_int_equal(path[0], '/');
    assert_string_equal(strrchr(path, '/'), "/plugins");
    free(path);
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL || chdir(folder) != 0)
        return -1;
    return mkdir("etc", 0700);
}

static int tear_down(void **state)
{
    (void)state;
    remove("etc/both.pem");
    remove("both.pem");
    remove("here.pem");
    remove("etc");
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_folder_of_a_file),
        cmocka_unit_test(prefers_the_configurations_folder_then_the_working_directory),
        cmocka_unit_test(an_absolute_path_begins_at_the_root),
        cmocka_unit_test(finds_what_is_beside_the_binary),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
