/* core/pipeline/storage_file_read.c: tables, on a connection of their own. */
#include "pipeline/storage_file.h"

#include "pipeline/storage_rows.h"

static void entries_that_are_over_are_passed_over(void **state)
{
    struct storage_file *file = open_file();
    (void)state;
    put(file, "a#1", bytes("early"), bytes("v"), 500);
    put(file, "a#1", bytes("late"), bytes("v"), 900);
    put(file, "a#1", bytes("ageless"), bytes("v"), 0);
    struct seen seen = load(file, "a#1", 499);
    assert_int_equal(seen.count, 3);
    assert_false(seen.has_over);
    seen = load(file, "a#1", 500);
    assert_int_equal(seen.count, 2);
    assert_true(seen.has_over);
    assert_int_equal(load(file, "a#1", 900).count, 1);
    storage_file_close(file);
}

/* It is there from the end of the transaction on, and not before. */
static void a_transaction_that_is_under_way_is_not_waited_for(void **state)
{
    struct storage_file *file = open_file();
    int64_t number;
    (void)state;
    put(file, "a#1", bytes("old"), bytes("v"), 0);
    assert_int_equal(storage_file_begin(file, why), OK);
    assert_int_equal(storage_file_table(file, "/ws", "a#1", &number, why), OK);
    assert_int_equal(storage_file_set(file, number, bytes("new"), bytes("v"), 0, why), OK);
    assert_int_equal(load(file, "a#1", 0).count, 1);
    assert_int_equal(storage_file_drop(file, "/ws", "a#1", why), OK);
    assert_int_equal(load(file, "a#1", 0).count, 1);
    assert_int_equal(storage_file_end(file, true, why), OK);
    assert_int_equal(load(file, "a#1", 0).count, 0);
    storage_file_close(file);
}

static void what_was_written_is_seen_at_once(void **state)
{
    struct storage_file *file = open_file();
    char key[16];
    (void)state;
    for (unsigned i = 1; i <= 100; i++) {
        snprintf(key, sizeof key, "key %u", i);
        put(file, "a#1", bytes(key), bytes("v"), 0);
        assert_int_equal(load(file, "a#1", 0).count, i);
    }
    storage_file_close(file);
}

static void entries_that_the_server_does_not_write_are_refused(void **state)
{
    struct seen seen = {.count = 0};
    (void)state;
    storage_file_close(open_file());
    run_sql("PRAGMA ignore_check_constraints = ON;"
            "INSERT INTO tables VALUES (1, '/ws', 'a#1');"
            "INSERT INTO entries VALUES (1, zeroblob(513), x'00', NULL)");
    struct storage_file *file = NULL;
    why[0] = '\0';
    int error = storage_file_open(path, &file, why);
    if (error == OK)
        error = load_into(&seen, file, "a#1", 0);
    storage_file_close(file);
    assert_int_equal(error, ERR_SYSTEM);
    assert_int_equal(seen.count, 0);
    assert_string_not_equal(why, "");
}

static void what_ends_a_load_is_told(void **state)
{
    struct storage_file *file = open_file();
    struct seen seen = {.result = ERR_NO_MEMORY};
    (void)state;
    put(file, "a#1", bytes("a"), bytes("v"), 0);
    put(file, "a#1", bytes("b"), bytes("v"), 0);
    assert_int_equal(load_into(&seen, file, "a#1", 0), ERR_NO_MEMORY);
    assert_int_equal(seen.count, 1);
    storage_file_close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(entries_that_are_over_are_passed_over, set_up),
        cmocka_unit_test_setup(a_transaction_that_is_under_way_is_not_waited_for, set_up),
        cmocka_unit_test_setup(what_was_written_is_seen_at_once, set_up),
        cmocka_unit_test_setup(entries_that_the_server_does_not_write_are_refused, set_up),
        cmocka_unit_test_setup(what_ends_a_load_is_told, set_up),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
