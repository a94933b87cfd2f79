/* core/pipeline/storage_kept_list.c: what is in the list, and what of it is dropped. */
#include "pipeline/storage_kept_list.h"

#include "base/clock.h"
#include "pipeline/storage_changes.h"
#include "pipeline/storage_kept.h"
#include "pipeline/storage_table.h"

#include "unit.h"

#define COUNT 5

static struct kept_list list;
static struct kept_table *tables[COUNT]; /* the last one is the list's first */

static int set_up(void **state)
{
    const struct siphash_key key = {.words = {1, 2}};
    (void)state;
    kept_list_init(&list);
    for (size_t i = 0; i < COUNT; i++) {
        char instance[16];
        snprintf(instance, sizeof instance, "a#%zu", i);
        struct storage_table *table = storage_table_create(&key);
        assert_non_null(table);
        storage_table_set_limits(table, 1 << 20, 100);
        tables[i] = kept_table_create("/ws", instance, table);
        assert_non_null(tables[i]);
        assert_int_equal(storage_changes_track(table), OK);
        kept_list_add(&list, tables[i]);
        storage_table_unref(table);
    }
    return 0;
}

static int clean_up(void **state)
{
    (void)state;
    kept_list_deinit(&list);
    return 0;
}

static void drop(struct kept_table *kept)
{
    storage_changes_untrack(kept->table);
    kept_list_drop(&list, kept);
}

static void new_ones_come_in_front(void **state)
{
    struct kept_table *first, *found[1];
    (void)state;
    assert_int_equal(kept_list_find_dropped(&list, found, 1, &first), 0);
    for (size_t i = COUNT; i-- > 0; first = first->next)
        assert_ptr_equal(first, tables[i]);
    assert_null(first);
}

static void those_that_are_dropped_are_found_in_portions_until_they_are_removed(void **state)
{
    struct kept_table *first, *found[2];
    (void)state;
    for (size_t i = 1; i <= 3; i++)
        drop(tables[i]);
    assert_int_equal(kept_list_find_dropped(&list, found, 2, &first), 2);
    assert_ptr_equal(first, tables[4]);
    assert_ptr_equal(found[0], tables[3]);
    assert_ptr_equal(found[1], tables[2]);
    kept_list_remove(&list, found[0]);
    kept_list_remove(&list, found[1]);
    assert_int_equal(kept_list_find_dropped(&list, found, 2, &first), 1);
    assert_ptr_equal(found[0], tables[1]);
    kept_list_remove(&list, found[0]);
    assert_int_equal(kept_list_find_dropped(&list, found, 2, &first), 0);
    assert_ptr_equal(first->next, tables[0]);
    assert_null(tables[0]->next);
}

static void a_name_is_dropped_as_long_as_its_table_is_there(void **state)
{
    (void)state;
    assert_false(kept_list_has_dropped(&list, NULL, NULL));
    drop(tables[1]);
    assert_true(kept_list_has_dropped(&list, NULL, NULL));
    assert_true(kept_list_has_dropped(&list, "/ws", "a#1"));
    assert_false(kept_list_has_dropped(&list, "/ws", "a#2"));
    assert_false(kept_list_has_dropped(&list, "/other", "a#1"));
    assert_false(kept_list_has_dropped(&list, "/ws", NULL));
    kept_list_remove(&list, tables[1]);
    assert_false(kept_list_has_dropped(&list, NULL, NULL));
}

static void changes_of_dropped_tables_do_not_count(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(storage_table_set(tables[i]->table, (struct storage_bytes){"key", 3},
                                           (struct storage_bytes){"value", 5}, 0, NULL,
                                           clock_monotonic),
                         0);
    assert_int_equal(kept_list_changes(&list), 2);
    drop(tables[0]);
    assert_int_equal(kept_list_changes(&list), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(new_ones_come_in_front, set_up, clean_up),
        cmocka_unit_test_setup_teardown(
            those_that_are_dropped_are_found_in_portions_until_they_are_removed, set_up, clean_up),
        cmocka_unit_test_setup_teardown(a_name_is_dropped_as_long_as_its_table_is_there, set_up,
                                        clean_up),
        cmocka_unit_test_setup_teardown(changes_of_dropped_tables_do_not_count, set_up, clean_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
