/* core/pipeline/storage_table.c: cursors. */
#include "pipeline/storage_table.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t now;

static int64_t read_clock(void)
{
    return now;
}

static struct storage_table *new_table(size_t entries)
{
    const struct siphash_key key = {.words = {1, 2}};
    struct storage_table *table = storage_table_create(&key);
    assert_non_null(table);
    storage_table_set_limits(table, SIZE_MAX / 2, entries);
    now = 1;
    return table;
}

static int set(struct storage_table *table, const char *key, const char *value, int64_t age)
{
    return storage_table_set(table, (struct storage_bytes){key, strlen(key)},
                             (struct storage_bytes){value, strlen(value)}, age, NULL, read_clock);
}

static struct storage_totals totals_of(const struct storage_table *table)
{
    struct storage_totals totals;
    storage_table_totals(table, &totals);
    return totals;
}

static void a_cursor_visits_what_is_not_over(void **state)
{
    struct storage_table *table = new_table(300);
    struct sl_storage_cursor cursor = {0};
    char key[16], value[16];
    struct sl_storage_entry entry = {
        .struct_size = sizeof entry, .value = value, .capacity = sizeof value};
    bool seen[300] = {false};
    (void)state;
    for (int i = 0; i < 300; i++) {
        snprintf(key, sizeof key, "%d", i);
        assert_int_equal(set(table, key, key, i % 3 == 0 ? 5 : i % 3 == 1 ? 50 : 0), 0);
    }
    now += 5;
    while (storage_table_next(table, &cursor, &entry, read_clock) == 0) {
        snprintf(key, sizeof key, "%.*s", (int)entry.key_len, entry.key);
        int i = atoi(key);
        assert_memory_equal(value, key, entry.len);
        assert_int_equal(entry.age, i % 3 == 1 ? 45 : 0);
        assert_false(seen[i] || i % 3 == 0);
        seen[i] = true;
    }
    for (int i = 0; i < 300; i++)
        assert_true(seen[i] || i % 3 == 0);
    assert_int_equal(storage_table_next(table, &cursor, &entry, read_clock), SL_STORAGE_NONE);
    cursor = (struct sl_storage_cursor){.part = UINT32_MAX, .position = 1}; /* nonsense */
    assert_int_equal(storage_table_next(table, &cursor, &entry, read_clock), SL_STORAGE_NONE);
    storage_table_unref(table);
}

/* What is looked at with a shard's lock held: the table counts what it has removed at the end. */
static struct storage_table *watched;
static unsigned looks, most_looks;

static int64_t count_look(void)
{
    static uint64_t removed;
    if (totals_of(watched).expired != removed)
        looks = 0;
    removed = totals_of(watched).expired;
    looks++;
    most_looks = looks > most_looks ? looks : most_looks;
    return now;
}

static void a_cursor_removes_what_is_over_a_few_at_a_time(void **state)
{
    enum { OVER = 9000, LIVE = 10, LIVE_AT = 900 };
    struct sl_storage_cursor cursor = {0};
    char key[16], value[16];
    struct sl_storage_entry entry = {
        .struct_size = sizeof entry, .value = value, .capacity = sizeof value};
    unsigned met = 0;
    (void)state;
    watched = new_table(OVER);
    for (int i = 0; i < OVER; i++) {
        snprintf(key, sizeof key, "%d", i);
        assert_int_equal(set(watched, key, key, i % LIVE_AT == 0 ? 0 : 5), 0);
    }
    now += 5;
    looks = most_looks = 0;
    while (storage_table_next(watched, &cursor, &entry, count_look) == 0) {
        assert_int_equal(entry.age, 0);
        met++;
    }
    assert_int_equal(met, LIVE);
    assert_int_equal(totals_of(watched).entries, LIVE);
    assert_int_equal(totals_of(watched).expired, OVER - LIVE);
    assert_true(most_looks <= 64);
    storage_table_unref(watched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cursor_visits_what_is_not_over),
        cmocka_unit_test(a_cursor_removes_what_is_over_a_few_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
