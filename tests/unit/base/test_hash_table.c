#include "base/hash_table.h"
#include "failing_memory.h"
#include "unit.h"

#include <stdlib.h>

struct entry {
    struct hash_link link; /* first */
    uint64_t value;
};

static unsigned released;

static void release_entry(struct hash_link *link)
{
    released++;
    free(link);
}

static struct entry *add_entry(struct hash_table *table, uint64_t hash, uint64_t value)
{
    struct entry *entry = calloc(1, sizeof *entry);
    assert_non_null(entry);
    assert_int_equal(hash_table_reserve(table), OK);
    entry->value = value;
    hash_table_add(table, &entry->link, hash);
    return entry;
}

/* How many entries of a hash are found, each of them once. */
static unsigned count_with(const struct hash_table *table, uint64_t hash)
{
    unsigned count = 0;
    for (struct hash_link *link = hash_table_first(table, hash); link != NULL;
         link = hash_table_next(link)) {
        assert_true(link->hash == hash);
        count++;
    }
    return count;
}

static void an_empty_table_has_nothing_and_owns_no_memory(void **state)
{
    (void)state;
    struct hash_table table = {0};
    assert_null(hash_table_first(&table, 0));
    assert_null(hash_table_first(&table, 17));
    released = 0;
    hash_table_deinit(&table, release_entry);
    assert_int_equal(released, 0);
}

static void what_was_added_is_found_however_often_it_grows(void **state)
{
    (void)state;
    struct hash_table table = {0};
    for (uint64_t i = 0; i < 1000; i++)
        add_entry(&table, i * 64, i); /* many in the same buckets at first */
    assert_int_equal(table.used, 1000);
    for (uint64_t i = 0; i < 1000; i++) {
        assert_int_equal(count_with(&table, i * 64), 1);
        assert_int_equal(((struct entry *)hash_table_first(&table, i * 64))->value, i);
    }
    assert_null(hash_table_first(&table, 1));
    released = 0;
    hash_table_deinit(&table, release_entry);
    assert_int_equal(released, 1000);
    assert_int_equal(table.used, 0);
    assert_null(hash_table_first(&table, 0));
}

static void several_of_one_hash_are_all_found(void **state)
{
    (void)state;
    struct hash_table table = {0};
    uint64_t sum = 0;
    for (uint64_t i = 1; i <= 40; i++)
        add_entry(&table, UINT64_MAX - i % 2, i);
    assert_int_equal(count_with(&table, UINT64_MAX), 20);
    for (struct hash_link *link = hash_table_first(&table, UINT64_MAX - 1); link != NULL;
         link = hash_table_next(link))
        sum += ((struct entry *)link)->value;
    assert_int_equal(sum, 400); /* 1 + 3 + ... + 39 */
    hash_table_deinit(&table, release_entry);
}

static void what_was_removed_is_not_found_and_others_are(void **state)
{
    (void)state;
    struct hash_table table = {0};
    struct entry *entries[3];
    for (size_t i = 0; i < 3; i++)
        entries[i] = add_entry(&table, 5, i);
    hash_table_remove(&table, &entries[1]->link);
    assert_int_equal(count_with(&table, 5), 2);
    hash_table_remove(&table, &entries[2]->link);
    assert_ptr_equal(hash_table_first(&table, 5), &entries[0]->link);
    hash_table_remove(&table, &entries[0]->link);
    assert_null(hash_table_first(&table, 5));
    assert_int_equal(table.used, 0);
    for (size_t i = 0; i < 3; i++)
        free(entries[i]);
    hash_table_deinit(&table, release_entry);
}

static void without_memory_the_table_stays_as_it_was(void **state)
{
    (void)state;
    struct hash_table table = {0};
    fail_allocation(1);
    assert_int_equal(hash_table_reserve(&table), ERR_NO_MEMORY);
    for (uint64_t i = 0; i < 16; i++)
        add_entry(&table, i, i);
    fail_allocation(1);
    assert_int_equal(hash_table_reserve(&table), ERR_NO_MEMORY);
    fail_allocation(0);
    assert_int_equal(table.used, 16);
    for (uint64_t i = 0; i < 16; i++)
        assert_int_equal(count_with(&table, i), 1);
    add_entry(&table, 16, 16);
    assert_int_equal(count_with(&table, 16), 1);
    hash_table_deinit(&table, release_entry);
}

/* A walk that is over, or goes on: each entry that it meets counts. */
static void step_and_count(const struct hash_table *table, struct hash_walk *walk, unsigned *met)
{
    for (struct hash_link *link = hash_table_step(table, walk); link != NULL; link = link->next)
        met[((struct entry *)link)->value]++;
}

static void a_walk_through_an_empty_table_is_over_at_once(void **state)
{
    struct hash_table table = {0};
    struct hash_walk walk = {0};
    (void)state;
    assert_null(hash_table_step(&table, &walk));
    assert_true(walk.is_over);
    assert_null(hash_table_step(&table, &walk));
}

/* The table doubles several times after `before` steps, wherever the walk stands then. */
static void walk_while_it_grows(unsigned before)
{
    struct hash_table table = {0};
    struct hash_walk walk = {0};
    unsigned met[4096] = {0};
    for (uint64_t i = 0; i < 64; i++)
        add_entry(&table, i * UINT64_C(0x9E3779B97F4A7C15), i);
    for (unsigned step = 0; step < before && !walk.is_over; step++)
        step_and_count(&table, &walk, met);
    for (uint64_t i = 64; i < 1000; i++)
        add_entry(&table, i * UINT64_C(0x9E3779B97F4A7C15), i);
    while (!walk.is_over)
        step_and_count(&table, &walk, met);
    for (unsigned i = 0; i < 64; i++)
        assert_int_equal(met[i], 1);
    for (unsigned i = 64; i < 1000; i++)
        assert_true(met[i] <= 1);
    hash_table_deinit(&table, release_entry);
}

static void a_walk_meets_once_what_is_there_all_the_time(void **state)
{
    (void)state;
    for (unsigned before = 0; before <= 64; before++)
        walk_while_it_grows(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_table_has_nothing_and_owns_no_memory),
        cmocka_unit_test(what_was_added_is_found_however_often_it_grows),
        cmocka_unit_test(several_of_one_hash_are_all_found),
        cmocka_unit_test(what_was_removed_is_not_found_and_others_are),
        cmocka_unit_test(without_memory_the_table_stays_as_it_was),
        cmocka_unit_test(a_walk_through_an_empty_table_is_over_at_once),
        cmocka_unit_test(a_walk_meets_once_what_is_there_all_the_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
