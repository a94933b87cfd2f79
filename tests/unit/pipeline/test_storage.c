#include "pipeline/storage.h"

#include "config/config.h"
#include "pipeline/storage_table.h"

#include "failing_memory.h"
#include "unit.h"

static struct storage storage;
static const struct storage_limits none; /* of a table's own */

static struct named_table *take(const char *endpoint, const char *instance)
{
    struct named_table *named = NULL;
    assert_int_equal(storage_take(&storage, endpoint, instance, &none, &named), OK);
    return named;
}

/* What a configuration has: an instance of one name, or none (NULL), at /ws. */
static void keep(const char *instance)
{
    storage_keep_begin(&storage);
    storage_keep(&storage, "/ws", NULL, &none);
    if (instance != NULL)
        storage_keep(&storage, "/ws", instance, &none);
    storage_keep_end(&storage);
}

static int set_up(void **state)
{
    (void)state;
    storage = (struct storage){.first = NULL};
    assert_int_equal(storage_init(&storage), OK);
    storage_set_limits(&storage, 1 << 16, 10);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    storage_keep_begin(&storage);
    storage_keep_end(&storage);
    assert_null(storage.first);
    return 0;
}

static void each_name_has_a_table_of_its_own(void **state)
{
    struct named_table *tables[] = {take("/ws", NULL), take("/ws", "a#1"), take("/ws", "a#2"),
                                    take("/other", "a#1"), take("/other", NULL)};
    (void)state;
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < i; j++)
            assert_ptr_not_equal(tables[i], tables[j]);
    struct named_table *again = take("/ws", "a#1");
    assert_ptr_equal(again, tables[1]);
    storage_give_back(&storage, again);
    for (int i = 0; i < 5; i++)
        storage_give_back(&storage, tables[i]);
    storage_give_back(&storage, NULL);
    assert_null(storage.first);
}

static void a_table_stays_while_the_configuration_has_its_name(void **state)
{
    struct named_table *first = take("/ws", "a#1");
    (void)state;
    keep("a#1");
    keep("a#1");
    storage_give_back(&storage, first);
    struct named_table *second = take("/ws", "a#1");
    assert_ptr_equal(second, first);
    storage_give_back(&storage, second);
}

static void an_instance_that_is_left_over_keeps_its_table_and_a_new_one_gets_another(void **state)
{
    struct named_table *old = take("/ws", "a#1");
    struct named_table *endpoint = take("/ws", NULL);
    (void)state;
    keep("a#1");
    keep(NULL);
    struct named_table *new = take("/ws", "a#1");
    assert_ptr_not_equal(new, old);
    assert_int_equal(storage_table_set(old->table, (struct storage_bytes){"k", 1},
                                       (struct storage_bytes){"v", 1}, 0, NULL, NULL),
                     0);
    assert_int_equal(storage_table_get(new->table, (struct storage_bytes){"k", 1}, NULL, 0, NULL),
                     SL_STORAGE_NONE);
    keep("a#1");
    storage_give_back(&storage, old);
    storage_give_back(&storage, new);
    storage_give_back(&storage, endpoint);
    struct named_table *same = take("/ws", NULL);
    assert_ptr_equal(same, endpoint);
    storage_give_back(&storage, same);
}

static void limits_are_those_of_all_tables_at_once(void **state)
{
    struct named_table *named = take("/ws", NULL);
    const struct storage_bytes one = {"1", 1}, two = {"2", 1};
    (void)state;
    storage_set_limits(&storage, 1 << 16, 1);
    assert_int_equal(storage_table_set(named->table, one, one, 0, NULL, NULL), 0);
    assert_int_equal(storage_table_set(named->table, two, one, 0, NULL, NULL), SL_STORAGE_FULL);
    storage_set_limits(&storage, 1 << 16, 2);
    assert_int_equal(storage_table_set(named->table, two, one, 0, NULL, NULL), 0);
    storage_give_back(&storage, named);
}

/* They come with the configuration: with a table that is new, or when it is kept. */
static void a_table_may_have_limits_of_its_own(void **state)
{
    const struct storage_limits two = {.max_entries = 2}, none_larger = {.max_bytes = 4096};
    struct storage_totals totals;
    struct named_table *named, *again;
    (void)state;
    assert_int_equal(storage_take(&storage, "/ws", "a#1", &two, &named), OK);
    assert_int_equal(storage_take(&storage, "/ws", "a#1", &none_larger, &again), OK);
    storage_table_totals(named->table, &totals);
    assert_int_equal(totals.max_entries, 2);
    assert_int_equal(totals.max_bytes, 1 << 16);
    storage_set_limits(&storage, 1 << 17, 20);
    storage_table_totals(named->table, &totals);
    assert_int_equal(totals.max_entries, 2);
    assert_int_equal(totals.max_bytes, 1 << 17);
    storage_keep_begin(&storage);
    storage_keep(&storage, "/ws", "a#1", &none_larger);
    storage_keep_end(&storage);
    storage_table_totals(named->table, &totals);
    assert_int_equal(totals.max_entries, 20);
    assert_int_equal(totals.max_bytes, 4096);
    storage_give_back(&storage, again);
    storage_give_back(&storage, named);
}

static int take_one(void *context)
{
    return storage_take(&storage, "/ws", "a#1", &none, context);
}

static void without_memory_there_is_no_table(void **state)
{
    struct named_table *named;
    (void)state;
    assert_true(survive_failing_allocations(take_one, &named) >= 4);
    storage_give_back(&storage, named);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_name_has_a_table_of_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_table_stays_while_the_configuration_has_its_name, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            an_instance_that_is_left_over_keeps_its_table_and_a_new_one_gets_another, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(limits_are_those_of_all_tables_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_table_may_have_limits_of_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_memory_there_is_no_table, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
