#include "pipeline/plugin_library.h"
#include "plugins.h"

#include <sluice/plugin.h>

/* After it: cmocka has a macro with the name of one of its members. */
#include "unit.h"

#include "base/unloaded.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char own[] = "/tmp/sluice-test-XXXXXX";
static char built[PATH_MAX]; /* a plugin's file */
static char reason[PLUGIN_LIBRARY_TEXT_MAX];

static int set_up(void **state)
{
    char folder[PATH_MAX];
    (void)state;
    test_plugins_folder(folder);
    if (snprintf(built, sizeof built, "%s/nothing.so", folder) >= (int)sizeof built)
        return -1;
    return mkdtemp(own) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return rmdir(own);
}

/* A file in our own folder with those bytes; removed by the test. */
static const char *file_of(const void *bytes, size_t len, mode_t mode)
{
    static char path[64];
    snprintf(path, sizeof path, "%s/made.so", own);
    int file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, len), len);
    assert_int_equal(fchmod(file, mode), 0);
    close(file);
    return path;
}

/* A plugin's bytes; the caller frees them. */
static void *plugin_bytes(size_t *len)
{
    struct stat status;
    int file = open(built, O_RDONLY);
    assert_true(file >= 0);
    assert_int_equal(fstat(file, &status), 0);
    *len = (size_t)status.st_size;
    void *bytes = malloc(*len);
    assert_non_null(bytes);
    assert_int_equal(read(file, bytes, *len), *len);
    close(file);
    return bytes;
}

static void loads_a_private_copy(void **state)
{
    struct plugin_library library;
    size_t len;
    void *bytes = plugin_bytes(&len);
    const char *path = file_of(bytes, len, 0600);
    (void)state;
    assert_int_equal(plugin_library_open(&library, path, false, false, reason), OK);
    assert_true(library.copy >= 0);
    unlink(path); /* The copy does not need it. */
    assert_non_null(dlsym(library.handle, "sluice_plugin"));
    assert_null(plugin_library_close(&library, built));
    assert_null(library.handle);
    assert_null(plugin_library_close(&library, built)); /* Twice is fine. */
    free(bytes);
}

static void two_copies_of_a_file_are_two_plugins(void **state)
{
    struct plugin_library first, second;
    (void)state;
    assert_int_equal(plugin_library_open(&first, built, false, true, reason), OK);
    assert_int_equal(plugin_library_open(&second, built, false, true, reason), OK);
    assert_int_equal(strspn(first.hash, "0123456789abcdef"), 64);
    assert_string_equal(first.hash, second.hash);
    assert_ptr_not_equal(dlsym(first.handle, "sluice_plugin"),
                         dlsym(second.handle, "sluice_plugin"));
    plugin_library_close(&second, built);
    plugin_library_close(&first, built);
}

static void tells_where_an_unloaded_file_was(void **state)
{
    struct plugin_library library;
    (void)state;
    for (int in_place = 0; in_place < 2; in_place++) {
        assert_int_equal(plugin_library_open(&library, built, in_place == 1, true, reason), OK);
        const void *table = dlsym(library.handle, "sluice_plugin");
        assert_null(unloaded_find(table));
        plugin_library_close(&library, built);
        const struct unloaded_file *gone = unloaded_find(table);
        assert_non_null(gone);
        assert_string_equal(gone->path, built);
        assert_false(unloaded_is_code(gone, table));
    }
}

static void says_why_a_file_stays_in_memory(void **state)
{
    char path[PATH_MAX + 32], folder[PATH_MAX];
    struct plugin_library library;
    (void)state;
    test_plugins_folder(folder);
    snprintf(path, sizeof path, "%s/broken/keeps-thread-local.so", folder);
    assert_int_equal(plugin_library_open(&library, path, false, true, reason), OK);
    const struct sl_plugin *table = dlsym(library.handle, "sluice_plugin");
    assert_int_equal(table->on_message(NULL, NULL, NULL), SL_CONTINUE);
    const char *why = plugin_library_close(&library, path);
    assert_non_null(why);
    assert_non_null(strstr(why, "thread-local"));
    assert_null(unloaded_find(table));
    assert_int_equal(table->on_message(NULL, NULL, NULL), SL_CONTINUE); /* It is still there. */
}

static void loads_in_place_for_debuggers(void **state)
{
    struct plugin_library library;
    Dl_info info;
    (void)state;
    assert_int_equal(plugin_library_open(&library, built, true, true, reason), OK);
    assert_int_equal(library.copy, -1);
    assert_true(dladdr(dlsym(library.handle, "sluice_plugin"), &info) != 0);
    assert_string_equal(info.dli_fname, built);
    plugin_library_close(&library, built);
}

static void expect_refused(const char *path, bool is_trusted, const char *words)
{
    struct plugin_library library;
    assert_int_equal(plugin_library_open(&library, path, false, is_trusted, reason), ERR_PLUGIN);
    assert_non_null(strstr(reason, words));
    assert_int_equal(strncmp(reason, "/", 1), 0); /* It begins with a file's name. */
}

static void refuses_files_that_are_no_plugins(void **state)
{
    size_t len;
    char *bytes = plugin_bytes(&len);
    (void)state;
    expect_refused("/tmp/there-is-no-such-file.so", false, "No such file");
    expect_refused(own, true, "not a regular file");
    expect_refused(file_of("", 0, 0600), false, "the file is empty");
    expect_refused(file_of("no plugin", 9, 0600), false, "made.so");
    expect_refused(file_of(bytes, len / 2, 0600), false, "made.so"); /* Cut short. */
    unlink(file_of("", 0, 0600));
    free(bytes);
}

static void refuses_what_others_may_write_to(void **state)
{
    struct plugin_library library;
    size_t len;
    void *bytes = plugin_bytes(&len);
    const char *path = file_of(bytes, len, 0666);
    (void)state;
    expect_refused(path, false, "made.so");
    assert_int_equal(plugin_library_open(&library, path, false, true, reason), OK);
    plugin_library_close(&library, built);
    unlink(path);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_a_private_copy),
        cmocka_unit_test(two_copies_of_a_file_are_two_plugins),
        cmocka_unit_test(tells_where_an_unloaded_file_was),
        cmocka_unit_test(says_why_a_file_stays_in_memory),
        cmocka_unit_test(loads_in_place_for_debuggers),
        cmocka_unit_test(refuses_files_that_are_no_plugins),
        cmocka_unit_test(refuses_what_others_may_write_to),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
