#include "base/unloaded.h"

#include "unit.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

/* Addresses that nothing is loaded at. */
#define PLACE(n) ((uintptr_t)0x1000 * (2 * (uintptr_t)(n) + 1))

static void note(uintptr_t at, const char *path)
{
    unloaded_note(
        &(struct unloaded_range){
            .begin = at, .end = at + 0x1000, .code_begin = at + 0x400, .code_end = at + 0x800},
        path);
}

static const struct unloaded_file *find(uintptr_t at)
{
    return unloaded_find((const void *)at);
}

static void knows_files_by_their_addresses(void **state)
{
    (void)state;
    assert_null(find(PLACE(1)));
    note(PLACE(1), "/plugins/a.so");
    note(PLACE(2), "/plugins/b.so");
    assert_string_equal(find(PLACE(1))->path, "/plugins/a.so");
    assert_string_equal(find(PLACE(2) + 0xfff)->path, "/plugins/b.so");
    assert_null(find(PLACE(2) + 0x1000));
    assert_null(find(PLACE(1) - 1));
}

static void tells_code_from_data(void **state)
{
    (void)state;
    note(PLACE(3), "/plugins/c.so");
    const struct unloaded_file *file = find(PLACE(3));
    assert_false(unloaded_is_code(file, (const void *)(PLACE(3) + 0x3ff)));
    assert_true(unloaded_is_code(file, (const void *)(PLACE(3) + 0x400)));
    assert_true(unloaded_is_code(file, (const void *)(PLACE(3) + 0x7ff)));
    assert_false(unloaded_is_code(file, (const void *)(PLACE(3) + 0x800)));
}

static void remembers_what_unloaded_them(void **state)
{
    (void)state;
    note(PLACE(4), "first");
    assert_false(unloaded_is_by_reload());
    unloaded_by_reload(7);
    assert_true(unloaded_is_by_reload());
    note(PLACE(5), "second");
    unloaded_at_end();
    assert_false(unloaded_is_by_reload());
    note(PLACE(6), "third");
    unloaded_by_reload(0);
    assert_int_equal(find(PLACE(4))->reload, 0);
    assert_int_equal(find(PLACE(5))->reload, 7);
    assert_false(find(PLACE(5))->at_end);
    assert_true(find(PLACE(6))->at_end);
}

static void the_last_file_at_an_address_counts(void **state)
{
    (void)state;
    note(PLACE(7), "old");
    note(PLACE(7), "new");
    assert_string_equal(find(PLACE(7))->path, "new");
}

static void a_file_that_stays_is_taken_back(void **state)
{
    (void)state;
    note(PLACE(11), "gone");
    note(PLACE(10), "stays");
    unloaded_take_back();
    assert_null(find(PLACE(10)));
    assert_string_equal(find(PLACE(11))->path, "gone");
}

/* Of as many as are remembered, the oldest is there again when the note that took its place is not.
 */
static void what_is_taken_back_displaces_nothing(void **state)
{
    (void)state;
    note(PLACE(12), "oldest");
    for (int i = 0; i < UNLOADED_KEPT - 1; i++)
        note(PLACE(13), "new");
    note(PLACE(14), "stays");
    unloaded_take_back();
    assert_string_equal(find(PLACE(12))->path, "oldest");
    assert_string_equal(find(PLACE(13))->path, "new");
    assert_null(find(PLACE(14)));
}

static void forgets_the_oldest(void **state)
{
    (void)state;
    note(PLACE(8), "old");
    for (int i = 0; i < UNLOADED_KEPT - 1; i++)
        note(PLACE(9), "new");
    assert_non_null(find(PLACE(8)));
    note(PLACE(9), "new");
    assert_null(find(PLACE(8)));
}

static void cuts_a_long_path(void **state)
{
    char path[2 * UNLOADED_PATH_MAX];
    (void)state;
    memset(path, 'x', sizeof path);
    path[sizeof path - 1] = '\0';
    note(PLACE(10), path);
    assert_int_equal(strlen(find(PLACE(10))->path), UNLOADED_PATH_MAX - 1);
}

static void what_is_loaded_is_not_gone(void **state)
{
    struct unloaded_range range;
    void *handle = dlopen(NULL, RTLD_NOW);
    (void)state;
    assert_true(unloaded_measure(handle, &range));
    uintptr_t here = (uintptr_t)what_is_loaded_is_not_gone;
    assert_true(here >= range.code_begin && here < range.code_end);
    assert_true(range.code_begin >= range.begin && range.code_end <= range.end);
    unloaded_note(&range, "this program");
    assert_null(find(here));
    dlclose(handle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_files_by_their_addresses),
        cmocka_unit_test(tells_code_from_data),
        cmocka_unit_test(remembers_what_unloaded_them),
        cmocka_unit_test(the_last_file_at_an_address_counts),
        cmocka_unit_test(a_file_that_stays_is_taken_back),
        cmocka_unit_test(what_is_taken_back_displaces_nothing),
        cmocka_unit_test(forgets_the_oldest),
        cmocka_unit_test(cuts_a_long_path),
        cmocka_unit_test(what_is_loaded_is_not_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
