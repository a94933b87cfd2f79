/* core/pipeline/storage_writer.c with a file that is slow, or cannot be purged. */
#include "pipeline/storage_writer.h"

#include "pipeline/storage_writing.h"

#include "captured_log.h"

#include <semaphore.h>
#include <stdio.h>

static _Atomic bool is_slow;            /* transactions end when that is over */
static sem_t writes, may_end;           /* of those that are slow */
static _Atomic unsigned purges_to_fail; /* from now on, of either kind */
static _Atomic unsigned purges;         /* that have not failed */

int __real_storage_file_end(struct storage_file *file, bool is_good, char *why);
int __wrap_storage_file_end(struct storage_file *file, bool is_good, char *why);
int __real_storage_file_purge(struct storage_file *file, bool *is_done, char *why);
int __wrap_storage_file_purge(struct storage_file *file, bool *is_done, char *why);
int __real_storage_file_delete_over(struct storage_file *file, const char *endpoint,
                                    const char *instance, int64_t now, char *why);
int __wrap_storage_file_delete_over(struct storage_file *file, const char *endpoint,
                                    const char *instance, int64_t now, char *why);

int __wrap_storage_file_end(struct storage_file *file, bool is_good, char *why)
{
    if (is_slow) {
        sem_post(&writes);
        while (sem_wait(&may_end) != 0)
            continue;
    }
    return __real_storage_file_end(file, is_good, why);
}

static int fail_purge(char *why)
{
    purges_to_fail--;
    snprintf(why, STORAGE_FILE_TEXT, "cannot delete it: no luck");
    return ERR_SYSTEM;
}

int __wrap_storage_file_purge(struct storage_file *file, bool *is_done, char *why)
{
    if (purges_to_fail > 0)
        return fail_purge(why);
    purges++;
    return __real_storage_file_purge(file, is_done, why);
}

int __wrap_storage_file_delete_over(struct storage_file *file, const char *endpoint,
                                    const char *instance, int64_t now, char *why)
{
    return purges_to_fail > 0 ? fail_purge(why)
                              : __real_storage_file_delete_over(file, endpoint, instance, now, why);
}

/* The disk takes its time, and a reload does not. */
static void a_table_is_loaded_while_another_is_being_written(void **state)
{
    struct kept_table *kept;
    (void)state;
    begin(SELDOM);
    struct storage_table *other = new_table("b#1", &kept);
    set(other, "key", "value", 0);
    storage_table_unref(other);
    end();
    begin(OFTEN);
    struct storage_table *table = table_of("a#1");
    is_slow = true;
    set(table, "key", "value", 0);
    while (sem_wait(&writes) != 0) /* Its transaction is under way from now on. */
        continue;
    other = new_table("b#1", &kept);
    expect(other, "key", "value");
    storage_writer_drop(writer, kept);
    struct storage_table *next = table_of("b#1"); /* The file still has what the first one had. */
    expect(next, "key", NULL);
    is_slow = false;
    sem_post(&may_end);
    storage_table_unref(other);
    storage_table_unref(next);
    storage_table_unref(table);
    end();
}

/* The file has an entry of the table that is over since 1970. */
static void put_entry_that_is_over(void)
{
    char why[STORAGE_FILE_TEXT];
    struct storage_file *file;
    int64_t number;
    assert_int_equal(storage_file_open(path, &file, why), OK);
    assert_int_equal(storage_file_begin(file, why), OK);
    assert_int_equal(storage_file_table(file, "/ws", "a#1", &number, why), OK);
    assert_int_equal(storage_file_set(file, number, bytes("old"), bytes("value"), 1, why), OK);
    assert_int_equal(storage_file_end(file, true, why), OK);
    storage_file_close(file);
}

static int pass_over(void *context, struct storage_bytes key, struct storage_bytes value,
                     int64_t over_at)
{
    (void)context, (void)key, (void)value, (void)over_at;
    return OK;
}

static void expect_that_nothing_is_over(void)
{
    bool has_over;
    char why[STORAGE_FILE_TEXT];
    const struct storage_file_load load = {
        .endpoint = "/ws", .instance = "a#1", .now = 1, .visit = pass_over};
    struct storage_file *file;
    assert_int_equal(storage_file_open(path, &file, why), OK);
    assert_int_equal(storage_file_load(file, &load, &has_over, why), OK);
    assert_false(has_over);
    storage_file_close(file);
}

static void what_is_over_is_deleted_from_the_file(void **state)
{
    (void)state;
    put_entry_that_is_over();
    begin(SELDOM);
    struct storage_table *table = table_of("a#1");
    expect(table, "old", NULL);
    storage_table_unref(table);
    end();
    expect_that_nothing_is_over();
}

static bool has_purged(const struct storage_writer_stats *stats)
{
    (void)stats;
    return purges > 0;
}

static bool has_failed_twice(const struct storage_writer_stats *stats)
{
    return stats->failures == 2;
}

static unsigned count_events(const char *text, const char *name)
{
    unsigned count = 0;
    for (; (text = strstr(text, name)) != NULL; text++)
        count++;
    return count;
}

/* It is told once, and counted; what is written goes on. */
static void a_purge_that_fails_is_told_until_it_works_again(void **state)
{
    (void)state;
    put_entry_that_is_over();
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    begin_capture();
    purges_to_fail = 1; /* of what is over; nothing of its table is written before that */
    purges = 0;
    begin(SELDOM); /* A round without the table would meet the failure instead. */
    struct storage_table *table = table_of("a#1");
    set(table, "key", "value", 0);
    storage_writer_set_interval(writer, OFTEN);
    wait_until(has_written_all);
    wait_until(has_purged);
    assert_int_equal(stats_of().failures, 1);
    purges_to_fail = 1; /* of what was dropped */
    wait_until(has_failed_twice);
    purges = 0;
    wait_until(has_purged);
    storage_table_unref(table);
    assert_int_equal(stats_of().failures, 2);
    end();
    const char *text = end_capture();
    assert_int_equal(count_events(text, "\"storage_failed\""), 1);
    assert_int_equal(count_events(text, "\"storage_purge_failed\""), 1);
    assert_int_equal(count_events(text, "cannot delete it: no luck;"), 2);
    assert_int_equal(count_events(text, "\"storage_recovered\""), 2);
    expect_that_nothing_is_over();
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
}

static bool has_failed(const struct storage_writer_stats *stats)
{
    return stats->failures > 0;
}

/* Changes of other tables stay theirs, and tables come while that is so. */
static void nothing_is_lost_while_what_is_over_cannot_be_deleted(void **state)
{
    (void)state;
    put_entry_that_is_over();
    purges_to_fail = 1;
    begin(SELDOM);
    struct storage_table *table = table_of("a#1");
    struct storage_table *other = table_of("b#1");
    set(other, "key", "value", 0);
    storage_writer_set_interval(writer, OFTEN);
    wait_until(has_failed);
    assert_int_equal(stats_of().unwritten, 1);
    struct storage_table *late = table_of("c#1");
    set(late, "key", "late", 0);
    wait_until(has_written_all);
    end();
    storage_table_unref(table);
    storage_table_unref(other);
    storage_table_unref(late);
    begin(SELDOM);
    other = table_of("b#1");
    late = table_of("c#1");
    expect(other, "key", "value");
    expect(late, "key", "late");
    storage_table_unref(other);
    storage_table_unref(late);
    end();
}

/* Two reloads come while the file forgets another table: one takes a name out, one brings it. */
static void a_name_that_comes_again_while_tables_are_dropped_keeps_what_it_gets(void **state)
{
    struct kept_table *kept, *other_kept;
    (void)state;
    begin(SELDOM);
    struct storage_table *table = new_table("a#1", &kept);
    struct storage_table *other = table_of("b#1");
    set(table, "key", "value", 0);
    set(other, "key", "value", 0);
    storage_table_unref(table);
    storage_table_unref(other);
    end();
    begin(SELDOM);
    other = new_table("b#1", &other_kept); /* behind the other one */
    table = new_table("a#1", &kept);
    is_slow = true;
    storage_writer_drop(writer, other_kept);
    storage_writer_set_interval(writer, OFTEN);
    while (sem_wait(&writes) != 0) /* It is being dropped from now on. */
        continue;
    storage_writer_drop(writer, kept);
    struct storage_table *again = table_of("a#1");
    expect(again, "key", NULL);
    set(again, "new", "value", 0);
    is_slow = false;
    sem_post(&may_end);
    wait_until(has_written_all);
    storage_table_unref(table);
    storage_table_unref(other);
    storage_table_unref(again);
    end();
    begin(SELDOM);
    table = table_of("a#1");
    expect(table, "new", "value");
    expect(table, "key", NULL);
    storage_table_unref(table);
    end();
}

static int make_all(void **state)
{
    sem_init(&writes, 0, 0);
    sem_init(&may_end, 0, 0);
    return make_folder(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_table_is_loaded_while_another_is_being_written, clean_up),
        cmocka_unit_test_teardown(what_is_over_is_deleted_from_the_file, clean_up),
        cmocka_unit_test_teardown(a_purge_that_fails_is_told_until_it_works_again, clean_up),
        cmocka_unit_test_teardown(nothing_is_lost_while_what_is_over_cannot_be_deleted, clean_up),
        cmocka_unit_test_teardown(
            a_name_that_comes_again_while_tables_are_dropped_keeps_what_it_gets, clean_up),
    };
    return cmocka_run_group_tests(tests, make_all, remove_folder);
}
