#include "pipeline/storage_file.h"
#include "pipeline/storage_kept.h"
#include "pipeline/storage_table.h"
#include "pipeline/storage_writer.h"

#include "base/clock.h"
#include "pipeline/storage_folder.h"
#include "unit.h"

#include <stdio.h>

#define SELDOM (3600 * NS_PER_S)
#define ENTRIES 5000

static char why[STORAGE_FILE_TEXT];

static int clean_up(void **state)
{
    (void)state;
    remove_file();
    return 0;
}

static struct storage_file *open_file(void)
{
    struct storage_file *file = NULL;
    assert_int_equal(storage_file_open(path, &file, why), OK);
    return file;
}

static void fill(struct storage_file *file, const char *instance, unsigned count,
                 struct storage_bytes value)
{
    int64_t number;
    assert_int_equal(storage_file_begin(file, why), OK);
    assert_int_equal(storage_file_table(file, "/ws", instance, &number, why), OK);
    for (unsigned i = 0; i < count; i++) {
        struct storage_bytes key = {.data = &i, .len = sizeof i};
        assert_int_equal(storage_file_set(file, number, key, value, 0, why), OK);
    }
    assert_int_equal(storage_file_end(file, true, why), OK);
}

static void drop(struct storage_file *file, const char *instance)
{
    assert_int_equal(storage_file_begin(file, why), OK);
    assert_int_equal(storage_file_drop(file, "/ws", instance, why), OK);
    assert_int_equal(storage_file_end(file, true, why), OK);
}

static int count_entry(void *context, struct storage_bytes key, struct storage_bytes value,
                       int64_t over_at)
{
    (void)key, (void)value, (void)over_at;
    ++*(unsigned *)context;
    return OK;
}

static unsigned count_entries(struct storage_file *file, const char *endpoint, const char *instance)
{
    unsigned count = 0;
    bool has_over;
    const struct storage_file_load load = {.endpoint = endpoint,
                                           .instance = instance,
                                           .now = 1,
                                           .visit = count_entry,
                                           .context = &count};
    assert_int_equal(storage_file_load(file, &load, &has_over, why), OK);
    return count;
}

/* Returns how many portions there were. */
static unsigned purge(struct storage_file *file)
{
    bool is_done = false;
    for (unsigned count = 0;; count++) {
        assert_true(count < 1000);
        assert_int_equal(storage_file_purge(file, &is_done, why), OK);
        if (is_done)
            return count;
    }
}

static const struct storage_bytes small = {.data = "value", .len = 5};

static void a_dropped_name_is_free_at_once(void **state)
{
    struct storage_file *file = open_file();
    (void)state;
    fill(file, "a#1", ENTRIES, small);
    drop(file, "a#1");
    assert_int_equal(count_entries(file, "/ws", "a#1"), 0);
    fill(file, "a#1", 7, small);
    fill(file, "b#1", 8, small);
    drop(file, "a#1"); /* a second one of that name, while the first is not purged */
    fill(file, "a#1", 9, small);
    purge(file);
    assert_int_equal(count_entries(file, "/ws", "a#1"), 9);
    assert_int_equal(count_entries(file, "/ws", "b#1"), 8);
    storage_file_close(file);
}

static void a_dropped_table_goes_in_portions(void **state)
{
    static char large[1 << 20];
    bool is_done;
    struct storage_file *file = open_file();
    (void)state;
    assert_int_equal(purge(file), 0);
    fill(file, "a#1", ENTRIES, small);
    drop(file, "a#1");
    assert_int_equal(storage_file_purge(file, &is_done, why), OK);
    assert_false(is_done);
    storage_file_close(file); /* The next server goes on. */
    file = open_file();
    assert_true(purge(file) >= 2);
    assert_int_equal(purge(file), 0);
    fill(file, "large", 10, (struct storage_bytes){.data = large, .len = sizeof large});
    drop(file, "large");
    assert_int_equal(purge(file), 2);
    fill(file, "empty", 0, small);
    drop(file, "empty");
    assert_int_equal(purge(file), 1);
    storage_file_close(file);
}

static struct kept_table *keep(struct storage_writer *writer, const char *instance)
{
    const struct siphash_key key = {.words = {1, 2}};
    struct storage_table *table = storage_table_create(&key);
    struct kept_table *kept;
    assert_non_null(table);
    storage_table_set_limits(table, (size_t)64 << 20, 100000);
    assert_int_equal(storage_writer_load(writer, "/ws", instance, table, &kept, why), OK);
    storage_writer_attach(writer, kept);
    storage_table_unref(table); /* The writer has one, too. */
    return kept;
}

/* A server that ends writes the tables that live, however large a dropped one is. */
static void the_end_of_a_server_does_not_wait_for_dropped_tables(void **state)
{
    struct storage_writer *writer;
    struct storage_file *file = open_file();
    (void)state;
    fill(file, "gone", ENTRIES, small);
    storage_file_close(file);
    assert_int_equal(storage_writer_create(path, SELDOM, &writer, why), OK);
    assert_int_equal(storage_writer_start(writer), OK);
    struct kept_table *gone = keep(writer, "gone");
    struct kept_table *live = keep(writer, "live");
    storage_writer_drop(writer, gone);
    assert_int_equal(storage_table_set(live->table, small, small, 0, NULL, clock_monotonic), 0);
    storage_writer_destroy(writer, 0);
    file = open_file();
    assert_int_equal(count_entries(file, "/ws", "live"), 1);
    assert_int_equal(count_entries(file, "/ws", "gone"), 0);
    assert_true(purge(file) >= 2);
    storage_file_close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_dropped_name_is_free_at_once, clean_up),
        cmocka_unit_test_teardown(a_dropped_table_goes_in_portions, clean_up),
        cmocka_unit_test_teardown(the_end_of_a_server_does_not_wait_for_dropped_tables, clean_up),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
