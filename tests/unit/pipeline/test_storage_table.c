#include "pipeline/storage_table.h"

#include "failing_memory.h"
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

static _Atomic int64_t now;
static _Atomic unsigned clock_reads;

static int64_t read_clock(void)
{
    clock_reads++;
    return now;
}

static struct storage_bytes bytes(const char *text)
{
    return (struct storage_bytes){.data = text, .len = strlen(text)};
}

static struct storage_table *new_table(void)
{
    const struct siphash_key key = {.words = {1, 2}};
    struct storage_table *table = storage_table_create(&key);
    assert_non_null(table);
    storage_table_set_limits(table, 1 << 20, 1000);
    now = SECOND;
    clock_reads = 0;
    return table;
}

static int set(struct storage_table *table, const char *key, const char *value, int64_t age)
{
    return storage_table_set(table, bytes(key), bytes(value), age, NULL, read_clock);
}

static void expect(struct storage_table *table, const char *key, const char *value)
{
    char found[64];
    int64_t len = storage_table_get(table, bytes(key), found, sizeof found, read_clock);
    if (value == NULL) {
        assert_int_equal(len, SL_STORAGE_NONE);
        return;
    }
    assert_int_equal(len, strlen(value));
    assert_memory_equal(found, value, strlen(value));
}

static struct storage_totals totals_of(const struct storage_table *table)
{
    struct storage_totals totals;
    storage_table_totals(table, &totals);
    return totals;
}

static void values_are_set_replaced_and_deleted(void **state)
{
    struct storage_table *table = new_table();
    (void)state;
    expect(table, "a", NULL);
    assert_int_equal(set(table, "a", "1", 0), 0);
    assert_int_equal(set(table, "b", "", 0), 0);
    expect(table, "a", "1");
    expect(table, "b", "");
    assert_int_equal(set(table, "a", "another", 0), 0);
    expect(table, "a", "another");
    assert_int_equal(totals_of(table).entries, 2);
    assert_int_equal(storage_table_delete(table, bytes("a"), NULL, read_clock), 0);
    assert_int_equal(storage_table_delete(table, bytes("a"), NULL, read_clock), SL_STORAGE_NONE);
    expect(table, "a", NULL);
    assert_int_equal(storage_table_delete(table, bytes("b"), NULL, read_clock), 0);
    assert_int_equal(totals_of(table).bytes, 0);
    assert_int_equal(clock_reads, 0);
    storage_table_unref(table);
}

static void a_value_that_does_not_fit_is_not_copied_but_measured(void **state)
{
    struct storage_table *table = new_table();
    char found[4] = "....";
    (void)state;
    assert_int_equal(set(table, "a", "12345", 0), 0);
    assert_int_equal(storage_table_get(table, bytes("a"), found, 4, read_clock), 5);
    assert_memory_equal(found, "....", 4);
    assert_int_equal(storage_table_get(table, bytes("a"), NULL, 0, read_clock), 5);
    storage_table_unref(table);
}

static void conditions_are_asked_for_what_is_there(void **state)
{
    struct storage_table *table = new_table();
    const struct storage_condition absent = {.is_there = false};
    struct storage_condition one = {.is_there = true, .value = bytes("1")};
    (void)state;
#define SET(value, condition)                                                                      \
    storage_table_set(table, bytes("a"), bytes(value), 0, condition, read_clock)
    assert_int_equal(SET("1", &one), SL_STORAGE_DIFFERS);
    assert_int_equal(SET("1", &absent), 0);
    assert_int_equal(SET("2", &absent), SL_STORAGE_DIFFERS);
    assert_int_equal(SET("2", &one), 0);
    assert_int_equal(SET("3", &one), SL_STORAGE_DIFFERS);
    assert_int_equal(storage_table_delete(table, bytes("a"), &one, read_clock), SL_STORAGE_DIFFERS);
    one.value = bytes("2");
    assert_int_equal(storage_table_delete(table, bytes("a"), &one, read_clock), 0);
    storage_table_unref(table);
}

static void an_entry_is_gone_when_its_age_is_over(void **state)
{
    struct storage_table *table = new_table();
    const struct storage_condition absent = {.is_there = false};
    (void)state;
    assert_int_equal(set(table, "a", "1", 5), 0);
    assert_int_equal(set(table, "for ever", "1", INT64_MAX), 0);
    now += 4;
    expect(table, "a", "1");
    now += 1;
    expect(table, "a", NULL);
    assert_int_equal(storage_table_delete(table, bytes("a"), NULL, read_clock), SL_STORAGE_NONE);
    assert_int_equal(set(table, "a", "2", 5), 0);
    now += 5;
    assert_int_equal(storage_table_set(table, bytes("a"), bytes("3"), 0, &absent, read_clock), 0);
    now += 100 * SECOND;
    expect(table, "a", "3");
    expect(table, "for ever", "1");
    assert_int_equal(totals_of(table).expired, 2);
    storage_table_unref(table);
}

static void counters_add_keep_their_age_and_stop_at_their_bounds(void **state)
{
    struct storage_table *table = new_table();
    int64_t sum = 0;
    (void)state;
#define ADD(key, amount, age) storage_table_add(table, bytes(key), amount, age, &sum, read_clock)
    assert_int_equal(ADD("n", 3, 10), 0);
    assert_int_equal(sum, 3);
    now += 9;
    assert_int_equal(ADD("n", -5, 10), 0);
    assert_int_equal(sum, -2);
    now += 1;
    assert_int_equal(ADD("n", 1, 0), 0);
    assert_int_equal(sum, 1);
    assert_int_equal(ADD("n", INT64_MAX, 0), 0);
    assert_int_equal(sum, INT64_MAX);
    assert_int_equal(ADD("low", INT64_MIN, 0), 0);
    assert_int_equal(ADD("low", -1, 0), 0);
    assert_int_equal(sum, INT64_MIN);
    assert_int_equal(set(table, "text", "1234567", 0), 0);
    assert_int_equal(ADD("text", 1, 0), SL_STORAGE_DIFFERS);
    storage_table_unref(table);
}

static void a_full_table_refuses_and_says_so(void **state)
{
    struct storage_table *table = new_table();
    int64_t sum;
    (void)state;
    storage_table_set_limits(table, 1 << 20, 2);
    assert_int_equal(set(table, "a", "1", 0), 0);
    assert_int_equal(set(table, "b", "1", 0), 0);
    assert_int_equal(set(table, "c", "1", 0), SL_STORAGE_FULL);
    assert_int_equal(ADD("d", 1, 0), SL_STORAGE_FULL);
    assert_int_equal(set(table, "a", "2", 0), 0);
    assert_int_equal(totals_of(table).refused, 2);
    storage_table_set_limits(table, totals_of(table).bytes, 1000);
    assert_int_equal(set(table, "c", "1", 0), SL_STORAGE_FULL);
    assert_int_equal(set(table, "a", "a value that is much longer than it was before", 0),
                     SL_STORAGE_FULL);
    expect(table, "a", "2");
    storage_table_set_limits(table, 1, 1); /* less than there is */
    assert_int_equal(set(table, "a", "", 0), 0);
    assert_int_equal(storage_table_delete(table, bytes("a"), NULL, read_clock), 0);
    assert_int_equal(set(table, "a", "1", 0), SL_STORAGE_FULL);
    expect(table, "b", "1");
    storage_table_unref(table);
}

static void entries_that_are_over_make_room(void **state)
{
    struct storage_table *table = new_table();
    char key[16];
    (void)state;
    storage_table_set_limits(table, 1 << 20, 500);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 500; i++) {
            snprintf(key, sizeof key, "%d %d", round, i);
            assert_int_equal(set(table, key, "1", SECOND), 0);
        }
        assert_int_equal(set(table, "more", "1", SECOND), SL_STORAGE_FULL);
        now += SECOND;
    }
    assert_int_equal(set(table, "more", "1", SECOND), 0);
    assert_true(totals_of(table).expired >= 1000);
    storage_table_unref(table);
}

static int set_one(void *context)
{
    int result = set(context, "a", "1", 5);
    assert_true(result == 0 || result == SL_STORAGE_FAILED);
    return result == 0 ? OK : ERR_NO_MEMORY;
}

static void without_memory_nothing_has_changed(void **state)
{
    struct storage_table *table = new_table();
    (void)state;
    assert_true(survive_failing_allocations(set_one, table) >= 3);
    expect(table, "a", "1");
    assert_int_equal(totals_of(table).entries, 1);
    storage_table_unref(table);
    fail_allocation(1);
    const struct siphash_key key = {.words = {0}};
    assert_null(storage_table_create(&key));
    end_failing_allocations();
    storage_table_unref(NULL);
}

/* -- threads -- */

#define ROUNDS 2000

static void *count_up(void *context)
{
    struct storage_table *table = context;
    int64_t sum;
    char key[8];
    for (int i = 0; i < ROUNDS; i++) {
        assert_int_equal(ADD("shared", 1, 0), 0);
        snprintf(key, sizeof key, "%d", i % 10);
        ADD(key, 1, 1); /* over at once: it is removed and made anew all the time */
        now++;
    }
    return NULL;
}

static void *swap(void *context)
{
    struct storage_table *table = context;
    for (int done = 0; done < ROUNDS / 10;) {
        char found[32];
        int64_t len = storage_table_get(table, bytes("n"), found, sizeof found - 1, read_clock);
        assert_true(len > 0);
        found[len] = '\0';
        char next[32];
        snprintf(next, sizeof next, "%d", atoi(found) + 1);
        const struct storage_condition same = {.is_there = true, .value = bytes(found)};
        done += storage_table_set(table, bytes("n"), bytes(next), 0, &same, read_clock) == 0;
    }
    return NULL;
}

static void *walk(void *context)
{
    struct sl_storage_entry entry = {.struct_size = sizeof entry};
    for (int i = 0; i < 50; i++) {
        struct sl_storage_cursor cursor = {0};
        unsigned met = 0;
        while (storage_table_next(context, &cursor, &entry, read_clock) == 0)
            met += entry.key_len == 1 && entry.key[0] == 'n';
        assert_int_equal(met, 1);
    }
    return NULL;
}

static void threads_lose_no_addition_and_no_swap(void **state)
{
    static void *(*const works[])(void *) = {count_up, swap, walk};
    struct storage_table *table = new_table();
    pthread_t threads[9];
    int64_t sum;
    (void)state;
    assert_int_equal(set(table, "n", "0", 0), 0);
    for (int i = 0; i < 9; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, works[i % 3], table), 0);
    for (int i = 0; i < 9; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(ADD("shared", 0, 0), 0);
    assert_int_equal(sum, 3 * ROUNDS);
    char expected[32];
    snprintf(expected, sizeof expected, "%d", 3 * ROUNDS / 10);
    expect(table, "n", expected);
    storage_table_unref(table);
}

static void *fill(void *context)
{
    static atomic_uint last;
    char key[16];
    uintptr_t taken = 0;
    for (int i = 0; i < 400; i++) {
        snprintf(key, sizeof key, "%u", atomic_fetch_add(&last, 1));
        taken += set(context, key, "1", 0) == 0;
    }
    return (void *)taken;
}

static void threads_fill_a_table_exactly(void **state)
{
    struct storage_table *table = new_table();
    pthread_t threads[4];
    uintptr_t taken = 0;
    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, fill, table), 0);
    for (int i = 0; i < 4; i++) {
        void *own;
        pthread_join(threads[i], &own);
        taken += (uintptr_t)own;
    }
    assert_int_equal(taken, 1000);
    assert_int_equal(totals_of(table).entries, 1000);
    assert_int_equal(totals_of(table).refused, 600);
    storage_table_unref(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_set_replaced_and_deleted),
        cmocka_unit_test(a_value_that_does_not_fit_is_not_copied_but_measured),
        cmocka_unit_test(conditions_are_asked_for_what_is_there),
        cmocka_unit_test(an_entry_is_gone_when_its_age_is_over),
        cmocka_unit_test(counters_add_keep_their_age_and_stop_at_their_bounds),
        cmocka_unit_test(a_full_table_refuses_and_says_so),
        cmocka_unit_test(entries_that_are_over_make_room),
        cmocka_unit_test(without_memory_nothing_has_changed),
        cmocka_unit_test(threads_lose_no_addition_and_no_swap),
        cmocka_unit_test(threads_fill_a_table_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
