#include "pipeline/storage_file.h"

#include "pipeline/storage_rows.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void expect_refusal(const char *text)
{
    struct storage_file *file = NULL;
    assert_int_equal(storage_file_open(path, &file, why), ERR_SYSTEM);
    assert_null(file);
    if (strstr(why, text) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", text, why);
}

static void keeps_what_it_was_given(void **state)
{
    static char large[SL_STORAGE_VALUE_MAX];
    const struct storage_bytes odd = {.data = "\0a\0\xff", .len = 4};
    struct storage_file *file = open_file();
    struct stat status;
    (void)state;
    put(file, "a#1", odd, (struct storage_bytes){large, sizeof large}, 500);
    put(file, NULL, bytes("key"), (struct storage_bytes){NULL, 0}, 0);
    storage_file_close(file);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    file = open_file();
    struct seen seen = load(file, "a#1", 100);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.key_len, 4);
    assert_memory_equal(seen.key, odd.data, 4);
    assert_int_equal(seen.value_len, sizeof large);
    assert_int_equal(seen.over_at, 500);
    seen = load(file, NULL, 100);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.value_len, 0);
    assert_int_equal(seen.over_at, 0);
    assert_int_equal(load(file, "a#2", 100).count, 0);
    assert_true(storage_file_size(file) > (int64_t)sizeof large);
    storage_file_close(file);
}

static void entries_that_are_over_are_deleted(void **state)
{
    struct storage_file *file = open_file();
    (void)state;
    put(file, "a#1", bytes("early"), bytes("v"), 500);
    put(file, "a#1", bytes("late"), bytes("v"), 900);
    put(file, "a#1", bytes("ageless"), bytes("v"), 0);
    put(file, "b#1", bytes("early"), bytes("v"), 500);
    assert_int_equal(storage_file_begin(file, why), OK);
    assert_int_equal(storage_file_delete_over(file, "/ws", "a#1", 500, why), OK);
    assert_int_equal(storage_file_delete_over(file, "/ws", "never", 500, why), OK);
    assert_int_equal(storage_file_end(file, true, why), OK);
    assert_int_equal(load(file, "a#1", 0).count, 2);
    assert_int_equal(load(file, "b#1", 0).count, 1);
    storage_file_close(file);
}

static void deletes_entries_and_tables(void **state)
{
    struct storage_file *file = open_file();
    int64_t number;
    (void)state;
    put(file, "a#1", bytes("one"), bytes("v"), 0);
    put(file, "a#1", bytes("two"), bytes("v"), 0);
    put(file, "b#1", bytes("one"), bytes("v"), 0);
    assert_int_equal(storage_file_begin(file, why), OK);
    assert_int_equal(storage_file_table(file, "/ws", "a#1", &number, why), OK);
    assert_int_equal(storage_file_delete(file, number, bytes("one"), why), OK);
    assert_int_equal(storage_file_delete(file, number, bytes("never"), why), OK);
    assert_int_equal(storage_file_drop(file, "/ws", "b#1", why), OK);
    assert_int_equal(storage_file_drop(file, "/ws", "never", why), OK);
    assert_int_equal(storage_file_end(file, true, why), OK);
    assert_int_equal(load(file, "a#1", 0).count, 1);
    assert_int_equal(load(file, "b#1", 0).count, 0);
    storage_file_close(file);
}

static void what_is_taken_back_was_never_there(void **state)
{
    struct storage_file *file = open_file();
    int64_t number;
    (void)state;
    assert_int_equal(storage_file_begin(file, why), OK);
    assert_int_equal(storage_file_table(file, "/ws", "a#1", &number, why), OK);
    assert_int_equal(storage_file_set(file, number, bytes("k"), bytes("v"), 0, why), OK);
    assert_int_equal(storage_file_end(file, false, why), ERR_SYSTEM);
    assert_int_equal(load(file, "a#1", 0).count, 0);
    storage_file_close(file);
}

/* What a deleted megabyte leaves is given back, a portion at a time. */
static void the_file_becomes_smaller_again(void **state)
{
    static char large[SL_STORAGE_VALUE_MAX];
    struct storage_file *file = open_file();
    (void)state;
    int64_t before = storage_file_size(file);
    put(file, "a#1", bytes("large"), (struct storage_bytes){large, sizeof large}, 0);
    put(file, "a#1", bytes("large"), bytes("small"), 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(storage_file_trim(file, why), OK);
    assert_true(storage_file_size(file) < before + 64 * 1024);
    storage_file_close(file);
}

static void a_second_server_is_kept_out(void **state)
{
    struct storage_file *file = open_file();
    (void)state;
    expect_refusal("another server has it open");
    why[0] = '\0';
    assert_int_equal(storage_file_check(path, why), OK); /* It only looks. */
    put(file, "a#1", bytes("k"), bytes("v"), 0);
    storage_file_close(file);
    storage_file_close(open_file());
}

/* Somebody goes on reading, so that what is written waits beside the file, until no more is. */
static sqlite3 *read_on_until_nothing_is_written(struct storage_file *file)
{
    static char large[SL_STORAGE_VALUE_MAX];
    sqlite3 *other;
    int writes = 0;
    put(file, "a#1", bytes("large"), (struct storage_bytes){large, sizeof large}, 0);
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN; SELECT count(*) FROM entries", NULL, NULL, NULL),
                     SQLITE_OK);
    for (; writes < 100 && storage_file_begin(file, why) == OK; writes++) {
        assert_int_equal(storage_file_end(file, true, why), OK);
        large[0] = (char)writes;
        put(file, "a#1", bytes("large"), (struct storage_bytes){large, sizeof large}, 0);
    }
    assert_in_range(writes, 60, 64);
    assert_non_null(strstr(why, "MiB wait in the file beside it"));
    return other;
}

static void who_goes_on_reading_does_not_make_it_grow_without_end(void **state)
{
    struct storage_file *file = open_file();
    (void)state;
    sqlite3 *other = read_on_until_nothing_is_written(file);
    assert_int_equal(storage_file_trim(file, why),
                     ERR_SYSTEM); /* That would be written there, too. */
    assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    put(file, "a#1", bytes("large"), bytes("small"), 0);
    assert_in_range(storage_file_beside(file), 1, 8 * 1024 * 1024);
    sqlite3_close(other);
    storage_file_close(file);
}

static void who_goes_on_reading_does_not_keep_the_last_changes_out(void **state)
{
    struct storage_file *file = open_file();
    (void)state;
    sqlite3 *other = read_on_until_nothing_is_written(file);
    storage_file_will_end(file);
    put(file, "b#1", bytes("last"), bytes("change"), 0);
    storage_file_close(file);
    sqlite3_close(other);
    why[0] = '\0';
    file = open_file();
    assert_int_equal(load(file, "b#1", 0).count, 1);
    storage_file_close(file);
}

static void write_text(const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    chmod(path, 0600);
}

static void files_of_others_are_refused_and_left_alone(void **state)
{
    char kept[16] = "";
    (void)state;
    write_text("not a database");
    expect_refusal("no SQLite database");
    expect_refusal("move it away");
    assert_int_equal(storage_file_check(path, why), ERR_SYSTEM);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(kept, sizeof kept, file));
    fclose(file);
    assert_string_equal(kept, "not a database");
    remove_file();
    run_sql("CREATE TABLE mine (a)");
    chmod(path, 0600);
    expect_refusal("another program's database");
    remove_file();
    storage_file_close(open_file());
    run_sql("PRAGMA user_version = 99");
    expect_refusal("another version");
}

static void a_file_that_others_may_write_to_is_refused(void **state)
{
    (void)state;
    storage_file_close(open_file());
    chmod(path, 0622);
    expect_refusal("chmod");
    why[0] = '\0';
    assert_int_equal(storage_file_check(path, why), ERR_SYSTEM);
    assert_non_null(strstr(why, "chmod"));
}

static void a_damaged_file_is_refused_and_left_alone(void **state)
{
    struct storage_file *file = open_file();
    char key[16];
    (void)state;
    for (int i = 0; i < 200; i++) {
        snprintf(key, sizeof key, "key %d", i);
        put(file, "a#1", bytes(key), bytes("a value of some length, so that there are pages"), 0);
    }
    storage_file_close(file);
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    char garbage[3 * 4096];
    memset(garbage, 0x5a, sizeof garbage);
    assert_int_equal(pwrite(fd, garbage, sizeof garbage, 3 * 4096), sizeof garbage);
    close(fd);
    expect_refusal("move it away");
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_true(status.st_size >= 6 * 4096);
}

static void a_folder_that_is_not_there_is_named(void **state)
{
    char good[sizeof path];
    (void)state;
    memcpy(good, path, sizeof good);
    assert_int_equal(storage_file_check(path, why), OK);
    assert_int_equal(access(path, F_OK), -1); /* It has only looked. */
    snprintf(path, sizeof path, "%s/none/tables", folder);
    expect_refusal("No such file or directory");
    assert_int_equal(storage_file_check(path, why), ERR_SYSTEM);
    assert_non_null(strstr(why, "No such file or directory"));
    memcpy(path, good, sizeof good);
}

/* As with a full disk: what was there stays, and it goes on when there is room again. */
static void a_write_that_fails_leaves_the_file_whole(void **state)
{
    static char large[SL_STORAGE_VALUE_MAX];
    struct storage_file *file = open_file();
    struct rlimit before, small = {.rlim_cur = 64 * 1024};
    int64_t number;
    (void)state;
    put(file, "a#1", bytes("k"), bytes("v"), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(storage_file_begin(file, why), OK);
    assert_int_equal(storage_file_table(file, "/ws", "a#1", &number, why), OK);
    int error = storage_file_set(file, number, bytes("large"),
                                 (struct storage_bytes){large, sizeof large}, 0, why);
    error = storage_file_end(file, error == OK, why);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(error, ERR_SYSTEM);
    assert_string_not_equal(why, "");
    assert_int_equal(load(file, "a#1", 0).count, 1);
    put(file, "a#1", bytes("large"), (struct storage_bytes){large, sizeof large}, 0);
    storage_file_close(file);
    why[0] = '\0';
    file = open_file();
    assert_int_equal(load(file, "a#1", 0).count, 2);
    storage_file_close(file);
}

/* What is written to a file without a name would be lost. */
static void a_file_that_was_moved_is_not_written(void **state)
{
    struct storage_file *file = open_file();
    char other[96];
    (void)state;
    snprintf(other, sizeof other, "%s.moved", path);
    assert_int_equal(rename(path, other), 0);
    assert_int_equal(storage_file_begin(file, why), ERR_SYSTEM);
    assert_non_null(strstr(why, "moved or removed"));
    assert_int_equal(storage_file_end(file, false, why), ERR_SYSTEM);
    assert_int_equal(rename(other, path), 0);
    put(file, "a#1", bytes("k"), bytes("v"), 0);
    storage_file_close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(keeps_what_it_was_given, set_up),
        cmocka_unit_test_setup(entries_that_are_over_are_deleted, set_up),
        cmocka_unit_test_setup(deletes_entries_and_tables, set_up),
        cmocka_unit_test_setup(what_is_taken_back_was_never_there, set_up),
        cmocka_unit_test_setup(the_file_becomes_smaller_again, set_up),
        cmocka_unit_test_setup(a_second_server_is_kept_out, set_up),
        cmocka_unit_test_setup(files_of_others_are_refused_and_left_alone, set_up),
        cmocka_unit_test_setup(a_file_that_others_may_write_to_is_refused, set_up),
        cmocka_unit_test_setup(a_damaged_file_is_refused_and_left_alone, set_up),
        cmocka_unit_test_setup(a_folder_that_is_not_there_is_named, set_up),
        cmocka_unit_test_setup(a_write_that_fails_leaves_the_file_whole, set_up),
        cmocka_unit_test_setup(a_file_that_was_moved_is_not_written, set_up),
        cmocka_unit_test_setup(who_goes_on_reading_does_not_make_it_grow_without_end, set_up),
        cmocka_unit_test_setup(who_goes_on_reading_does_not_keep_the_last_changes_out, set_up),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
