#include "pipeline/storage_writer.h"

#include "failing_memory.h"
#include "pipeline/storage_writing.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>

#define ADDERS 4
#define ADDITIONS 5000

static bool has_failed(const struct storage_writer_stats *stats)
{
    return stats->failures > 0 && stats->unwritten > 0 && stats->lag > 0;
}

static void tables_are_there_after_a_restart(void **state)
{
    int64_t sum = 0;
    (void)state;
    begin(SELDOM);
    struct storage_table *own = table_of("a#1"), *shared = table_of(NULL);
    set(own, "key", "value", 0);
    set(shared, "key", "other", 0);
    assert_int_equal(storage_table_add(own, bytes("n"), 41, 0, &sum, clock_monotonic), 0);
    assert_int_equal(stats_of().unwritten, 3);
    end();
    expect(own, "key", "value"); /* which still has it in memory */
    storage_table_unref(own);
    storage_table_unref(shared);
    begin(SELDOM);
    own = table_of("a#1");
    shared = table_of(NULL);
    expect(own, "key", "value");
    expect(shared, "key", "other");
    assert_int_equal(storage_table_add(own, bytes("n"), 1, 0, &sum, clock_monotonic), 0);
    assert_int_equal(sum, 42);
    assert_int_equal(stats_of().unwritten, 1);
    storage_table_unref(own);
    storage_table_unref(shared);
    end();
}

static bool has_something_beside(const struct storage_writer_stats *stats)
{
    return stats->beside > 0;
}

static void changes_are_written_without_an_end(void **state)
{
    (void)state;
    begin(SELDOM);
    storage_writer_set_interval(writer, OFTEN); /* which counts at once */
    struct storage_table *table = table_of("a#1");
    set(table, "key", "value", 0);
    wait_until(has_written_all);
    assert_int_equal(stats_of().lag, 0);
    assert_true(stats_of().file_size > 0);
    wait_until(has_something_beside); /* It is measured after that. */
    storage_table_unref(table);
    end();
}

static void ages_go_on_by_the_wall_clock(void **state)
{
    char value[16];
    struct sl_storage_cursor cursor = {.part = 0};
    struct sl_storage_entry entry = {
        .struct_size = sizeof entry, .value = value, .capacity = sizeof value};
    (void)state;
    begin(SELDOM);
    struct storage_table *table = table_of("a#1");
    set(table, "short", "value", 1);
    set(table, "long", "value", 3600 * NS_PER_S);
    storage_table_unref(table);
    end();
    begin(SELDOM);
    table = table_of("a#1");
    expect(table, "short", NULL);
    assert_int_equal(storage_table_next(table, &cursor, &entry, clock_monotonic), 0);
    assert_true(entry.age > 0 && entry.age <= 3600 * NS_PER_S);
    assert_int_equal(storage_table_next(table, &cursor, &entry, clock_monotonic), SL_STORAGE_NONE);
    storage_table_unref(table);
    end();
}

static void a_name_that_was_dropped_begins_empty(void **state)
{
    struct kept_table *kept;
    (void)state;
    begin(SELDOM);
    struct storage_table *first = new_table("a#1", &kept);
    set(first, "key", "value", 0);
    storage_table_unref(first);
    end();
    begin(SELDOM);
    first = new_table("a#1", &kept);
    expect(first, "key", "value");
    storage_writer_drop(writer, kept);
    struct storage_table *second = table_of("a#1"); /* before the file has forgotten the first */
    expect(second, "key", NULL);
    set(second, "other", "value", 0);
    set(first, "late", "value", 0); /* It goes on for those who have it. */
    storage_table_unref(first);
    storage_table_unref(second);
    end();
    begin(SELDOM);
    second = table_of("a#1");
    expect(second, "key", NULL);
    expect(second, "late", NULL);
    expect(second, "other", "value");
    storage_table_unref(second);
    end();
}

/* The kernel lets files become no larger, as if the disk were full. */
static struct rlimit fill_disk(void)
{
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){.rlim_cur = 16 * 1024, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    return before;
}

static void what_cannot_be_written_waits(void **state)
{
    static char large[100000];
    (void)state;
    begin(OFTEN);
    struct storage_table *table = table_of("a#1");
    struct rlimit before = fill_disk();
    memset(large, 'x', sizeof large - 1);
    set(table, "key", large, 0);
    wait_until(has_failed);
    set(table, "more", "value", 0); /* The server goes on. */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    storage_table_unref(table);
    end();
    begin(SELDOM);
    table = table_of("a#1");
    expect(table, "more", "value");
    assert_int_equal(storage_table_get(table, bytes("key"), NULL, 0, clock_monotonic),
                     sizeof large - 1);
    storage_table_unref(table);
    end();
}

static void a_disk_that_stays_full_does_not_hold_up_the_end(void **state)
{
    static char large[100000];
    (void)state;
    begin(SELDOM);
    struct storage_table *table = table_of("a#1");
    set(table, "key", "value", 0);
    storage_table_unref(table);
    end();
    begin(SELDOM);
    table = table_of("a#1");
    struct rlimit before = fill_disk();
    memset(large, 'x', sizeof large - 1);
    set(table, "key", large, 0);
    end();
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    storage_table_unref(table);
    begin(SELDOM);
    table = table_of("a#1");
    expect(table, "key", "value"); /* what was written last */
    storage_table_unref(table);
    end();
}

struct adder {
    pthread_t thread;
    struct storage_table *table;
};

static void *add_again_and_again(void *argument)
{
    struct adder *adder = argument;
    char key[16];
    for (int i = 0; i < ADDITIONS; i++) {
        int64_t sum;
        storage_table_add(adder->table, bytes("all"), 1, 0, &sum, clock_monotonic);
        snprintf(key, sizeof key, "key %d", i % 100);
        if (i % 3 == 0)
            storage_table_delete(adder->table, bytes(key), NULL, clock_monotonic);
        else
            storage_table_add(adder->table, bytes(key), 1, 0, &sum, clock_monotonic);
    }
    return NULL;
}

/* Puts each entry of `from` into the sum, so that two tables can be compared. */
static int64_t sum_of(struct storage_table *from, unsigned *count)
{
    int64_t value, sum = 0;
    struct sl_storage_cursor cursor = {.part = 0};
    struct sl_storage_entry entry = {
        .struct_size = sizeof entry, .value = (char *)&value, .capacity = sizeof value};
    for (*count = 0; storage_table_next(from, &cursor, &entry, clock_monotonic) == 0; (*count)++)
        sum += value;
    return sum;
}

static void the_file_has_what_threads_left_in_memory(void **state)
{
    struct adder adders[ADDERS];
    unsigned count, again;
    (void)state;
    begin(OFTEN);
    struct storage_table *table = table_of("a#1");
    for (int i = 0; i < ADDERS; i++) {
        adders[i].table = table;
        assert_int_equal(pthread_create(&adders[i].thread, NULL, add_again_and_again, &adders[i]),
                         0);
    }
    for (int i = 0; i < ADDERS; i++)
        pthread_join(adders[i].thread, NULL);
    int64_t sum = sum_of(table, &count);
    assert_true(sum >= ADDERS * ADDITIONS);
    storage_table_unref(table);
    end();
    begin(SELDOM);
    table = table_of("a#1");
    assert_int_equal(sum_of(table, &again), sum);
    assert_int_equal(again, count);
    storage_table_unref(table);
    end();
}

static int attempt(void *context)
{
    char why[STORAGE_FILE_TEXT] = "";
    const struct siphash_key key = {.words = {1, 2}};
    struct storage_table *table = storage_table_create(&key);
    struct kept_table *kept;
    (void)context;
    int error = table == NULL ? ERR_NO_MEMORY : storage_writer_create(path, SELDOM, &writer, why);
    if (error == OK) {
        error = storage_writer_load(writer, "/ws", "a#1", table, &kept, why);
        if (error == OK)
            storage_writer_attach(writer, kept);
        storage_writer_destroy(writer, 0);
    }
    storage_table_unref(table);
    return error;
}

static void survives_failing_allocations(void **state)
{
    (void)state;
    assert_true(survive_failing_allocations(attempt, NULL) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(tables_are_there_after_a_restart, clean_up),
        cmocka_unit_test_teardown(changes_are_written_without_an_end, clean_up),
        cmocka_unit_test_teardown(ages_go_on_by_the_wall_clock, clean_up),
        cmocka_unit_test_teardown(a_name_that_was_dropped_begins_empty, clean_up),
        cmocka_unit_test_teardown(what_cannot_be_written_waits, clean_up),
        cmocka_unit_test_teardown(a_disk_that_stays_full_does_not_hold_up_the_end, clean_up),
        cmocka_unit_test_teardown(the_file_has_what_threads_left_in_memory, clean_up),
        cmocka_unit_test_teardown(survives_failing_allocations, clean_up),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
