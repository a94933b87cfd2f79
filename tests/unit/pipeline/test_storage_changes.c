#include "pipeline/storage_changes.h"
#include "pipeline/tracked_table.h"

#include "failing_memory.h"
#include "unit.h"

#include <stdio.h>

static void take(void)
{
    struct storage_changes_walk walk = {.shard = 0};
    assert_true(storage_batch_take(batch, table, &walk));
}

/* Takes all changes, and settles them. Returns how many there were. */
static size_t write(bool is_written)
{
    take();
    size_t count = batch->count;
    storage_batch_settle(batch, is_written);
    assert_int_equal(batch->count, 0);
    return count;
}

static void a_value_is_taken_once_however_often_it_changed(void **state)
{
    int64_t sum;
    (void)state;
    set("key", "a");
    set("key", "longer");
    for (int i = 0; i < 10; i++)
        assert_int_equal(storage_table_add(table, bytes("n"), 1, 0, &sum, read_clock), 0);
    assert_int_equal(storage_changes_count(table), 2);
    take();
    assert_int_equal(batch->count, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct storage_change *change = &batch->changes[i];
        bool is_counter = change->key.len == 1;
        int64_t ten = 10;
        assert_null(change->deleted);
        assert_int_equal(change->value.len, is_counter ? 8 : 6);
        assert_memory_equal(change->value.data, is_counter ? (void *)&ten : "longer",
                            change->value.len);
    }
    storage_batch_settle(batch, true);
    assert_int_equal(write(true), 0);
    assert_int_equal(storage_table_add(table, bytes("n"), 1, 0, &sum, read_clock), 0);
    assert_int_equal(write(true), 1);
}

static void what_the_file_never_had_is_not_deleted_there(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        set("key", "value");
        delete ("key");
    }
    assert_int_equal(storage_changes_count(table), 0);
}

static void a_key_that_is_set_again_is_deleted_first(void **state)
{
    (void)state;
    set("key", "value");
    assert_int_equal(write(true), 1);
    delete ("key");
    set("key", "other");
    take();
    assert_int_equal(batch->count, 2);
    assert_non_null(batch->changes[0].deleted);
    assert_null(batch->changes[1].deleted);
    assert_memory_equal(batch->changes[1].value.data, "other", 5);
    storage_batch_settle(batch, true);
}

static void what_could_not_be_written_is_taken_again(void **state)
{
    (void)state;
    set("old", "value");
    set("gone", "value");
    assert_int_equal(write(true), 2);
    set("old", "changed");
    set("fresh", "value");
    delete ("gone");
    assert_int_equal(write(false), 3);
    assert_int_equal(write(false), 3);
    assert_int_equal(write(true), 3);
    assert_int_equal(write(true), 0);
}

/* However often that happens, nothing is left of keys that never came into the file. */
static void keys_of_writes_that_fail_leave_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        set("key", "value");
        take();
        delete ("key");
        storage_batch_settle(batch, false);
    }
    assert_int_equal(storage_changes_count(table), 0);
    set("key", "value");
    take();
    delete ("key");
    storage_batch_settle(batch, true);
    assert_int_equal(storage_changes_count(table), 1); /* The file has it. */
    assert_int_equal(write(false), 1);
    assert_int_equal(write(true), 1);
}

static void a_change_while_a_batch_is_written_is_one_more(void **state)
{
    (void)state;
    set("key", "a");
    take();
    set("key", "b");
    storage_batch_settle(batch, true);
    take();
    assert_int_equal(batch->count, 1);
    assert_memory_equal(batch->changes[0].value.data, "b", 1);
    delete ("key");
    set("key", "c");
    storage_batch_settle(batch, false);
    assert_int_equal(write(true), 2); /* The first value is in the file: deleted, and set. */
}

static void entries_that_are_over_are_deleted_in_the_file(void **state)
{
    (void)state;
    assert_int_equal(storage_table_set(table, bytes("key"), bytes("v"), 5, NULL, read_clock), 0);
    assert_int_equal(write(true), 1);
    now = 6;
    assert_true(storage_table_sweep(table, read_clock));
    assert_false(storage_table_sweep(table, read_clock));
    take();
    assert_int_equal(batch->count, 1);
    assert_non_null(batch->changes[0].deleted);
    assert_memory_equal(batch->changes[0].key.data, "key", 3);
    storage_batch_settle(batch, true);
}

static void what_is_loaded_is_no_change_and_whole(void **state)
{
    const struct siphash_key key = {.words = {3, 4}};
    struct storage_totals totals;
    char value[8];
    (void)state;
    struct storage_table *other = storage_table_create(&key);
    assert_non_null(other);
    storage_table_set_limits(other, 1, 1); /* Limits that became lower take nothing away. */
    assert_int_equal(storage_changes_load(other, bytes("a"), bytes("one"), 0), OK);
    assert_int_equal(storage_changes_load(other, bytes("b"), bytes("two"), 50), OK);
    assert_int_equal(storage_changes_track(other), OK);
    assert_int_equal(storage_changes_count(other), 0);
    storage_table_totals(other, &totals);
    assert_int_equal(totals.entries, 2);
    assert_int_equal(storage_table_get(other, bytes("b"), value, sizeof value, read_clock), 3);
    now = 50;
    assert_int_equal(storage_table_get(other, bytes("b"), value, sizeof value, read_clock),
                     SL_STORAGE_NONE);
    assert_int_equal(storage_table_delete(other, bytes("a"), NULL, read_clock), 0);
    assert_true(storage_changes_count(other) > 0);
    storage_changes_untrack(other);
    assert_int_equal(storage_changes_count(other), 0);
    storage_table_unref(other);
}

static void a_table_that_is_let_go_of_meanwhile_leaves_nothing(void **state)
{
    (void)state;
    set("a", "value");
    set("b", "value");
    assert_int_equal(write(true), 2);
    delete ("a");
    set("b", "other");
    take();
    storage_changes_untrack(table);
    storage_batch_settle(batch, false);
    set("c", "value");
    delete ("b");
    assert_int_equal(storage_changes_count(table), 0);
}

static int attempt_load_and_write(void *context)
{
    const struct siphash_key key = {.words = {3, 4}};
    struct storage_table *other = storage_table_create(&key);
    int error =
        other == NULL ? ERR_NO_MEMORY : storage_changes_load(other, bytes("a"), bytes("b"), 7);
    (void)context;
    if (error == OK)
        error = storage_changes_track(other);
    if (error == OK) {
        storage_table_set_limits(other, 1 << 20, 100);
        for (char name[] = "a"; name[0] <= 'z' && error == OK; name[0]++)
            error = storage_table_set(other, bytes(name), bytes("v"), 0, NULL, read_clock) == 0
                        ? OK
                        : ERR_NO_MEMORY;
    }
    if (error == OK)
        assert_int_equal(storage_changes_count(other), 26);
    storage_table_unref(other);
    return error;
}

static void survives_failing_allocations(void **state)
{
    (void)state;
    assert_true(survive_failing_allocations(attempt_load_and_write, NULL) > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_value_is_taken_once_however_often_it_changed,
                                        set_up_table, tear_down_table),
        cmocka_unit_test_setup_teardown(what_the_file_never_had_is_not_deleted_there, set_up_table,
                                        tear_down_table),
        cmocka_unit_test_setup_teardown(a_key_that_is_set_again_is_deleted_first, set_up_table,
                                        tear_down_table),
        cmocka_unit_test_setup_teardown(what_could_not_be_written_is_taken_again, set_up_table,
                                        tear_down_table),
        cmocka_unit_test_setup_teardown(keys_of_writes_that_fail_leave_nothing, set_up_table,
                                        tear_down_table),
        cmocka_unit_test_setup_teardown(a_change_while_a_batch_is_written_is_one_more, set_up_table,
                                        tear_down_table),
        cmocka_unit_test_setup_teardown(entries_that_are_over_are_deleted_in_the_file, set_up_table,
                                        tear_down_table),
        cmocka_unit_test_setup_teardown(what_is_loaded_is_no_change_and_whole, set_up_table,
                                        tear_down_table),
        cmocka_unit_test_setup_teardown(a_table_that_is_let_go_of_meanwhile_leaves_nothing,
                                        set_up_table, tear_down_table),
        cmocka_unit_test_setup_teardown(survives_failing_allocations, set_up_table,
                                        tear_down_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
