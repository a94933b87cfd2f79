/* core/hub/bans_reload.c */
#include "hub/bans_reload.h"

#include "failing_memory.h"
#include "hub/serving.h"

#include "client/ban_file.h"
#include "hub/bans.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int __real_access(const char *path, int mode);
int __wrap_access(const char *path, int mode);

static char folder[] = "/tmp/sluice-bans-XXXXXX";
static char file[64];
static struct bans bans;
static struct config config;
static struct diagnostics diagnostics;
static unsigned looks; /* at whether the file is there, until it goes; 0: it stays */

int __wrap_access(const char *path, int mode)
{
    int result = __real_access(path, mode);
    if (looks > 0 && --looks == 0)
        assert_int_equal(unlink(path), 0);
    return result;
}

/* As an editor does it. */
static void write_file(const char *text)
{
    FILE *written = fopen(file, "w");
    assert_non_null(written);
    fputs(text, written);
    fclose(written);
    assert_int_equal(chmod(file, 0600), 0);
}

static int start(void **state)
{
    (void)state;
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/bans", folder);
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    diagnostics_init(&diagnostics);
    config = (struct config){.bans_file = file, .bans_max = 100};
    write_file("{\"identity\":\"ann\",\"reason\":\"spam\"}\n{\"address\":\"192.0.2.0/24\"}\n");
    assert_int_equal(bans_init(&bans, &config, &diagnostics), OK);
    return 0;
}

static int end(void **state)
{
    (void)state;
    bans_deinit(&bans);
    diagnostics_deinit(&diagnostics);
    (void)unlink(file);
    return rmdir(folder);
}

static bool has(const char *identity)
{
    return ban_list_has_identity(&bans.list, identity, clock_wall());
}

static void expect_change(uint32_t set, uint32_t lifted)
{
    struct bans_reload *reload;
    struct bans_change change;
    assert_int_equal(bans_reload_prepare(&bans, &config, &diagnostics, &reload), OK);
    bans_reload_commit(&bans, reload, "the tests", &change);
    assert_int_equal(change.set, set);
    assert_int_equal(change.lifted, lifted);
}

static uint64_t set_ban(const char *identity)
{
    struct ban ban = {.since = clock_wall(), .until = clock_wall() + 3600 * NS_PER_S};
    char unsaved[BAN_FILE_TEXT_MAX];
    assert_null(ban_read_identity(&ban, identity));
    assert_int_equal(bans_set(&bans, &ban, unsaved), OK);
    return ban.id;
}

/* Waits until the file has what is in force. */
static void await_file(void)
{
    char unsaved[BAN_FILE_TEXT_MAX] = "not yet";
    int64_t deadline = clock_monotonic() + PATIENCE_SECONDS * NS_PER_S;
    while (unsaved[0] != '\0' && clock_monotonic() < deadline)
        bans_await_file(&bans, bans.changes, unsaved);
    assert_string_equal(unsaved, "");
}

static void what_is_in_the_file_is_in_force_and_nothing_else(void **state)
{
    (void)state;
    write_file("{\"identity\":\"bob\"}\n{\"address\":\"192.0.2.0/24\",\"reason\":\"new\"}\n"
               "{\"identity\":\"carl\",\"until\":\"2001-01-01T00:00:00Z\"}\n");
    expect_change(2, 1);
    assert_true(has("bob"));
    assert_false(has("ann"));
    assert_false(has("carl")); /* It has ended. */
    assert_int_equal(ban_list_count(&bans.list), 2);
    await_file();
    expect_change(0, 0);
}

static void a_ban_keeps_its_id_when_it_says_something_else(void **state)
{
    struct ban before = {.id = 0}, after = {.id = 0};
    (void)state;
    assert_int_equal(ban_list_copy(&bans.list, 0, &before, 1), 1);
    write_file("{\"identity\":\"ann\",\"reason\":\"more spam\"}\n");
    expect_change(1, 1);
    assert_int_equal(ban_list_copy(&bans.list, 0, &after, 1), 1);
    assert_int_equal(after.id, before.id);
    assert_int_equal(after.since, before.since);
    assert_string_equal(after.reason, "more spam");
}

static void a_file_that_nobody_has_edited_changes_nothing(void **state)
{
    (void)state;
    set_ban("bob");
    await_file();
    expect_change(0, 0);
    assert_true(has("ann") && has("bob"));
}

static void a_line_that_is_wrong_is_named_and_nothing_changes(void **state)
{
    struct bans_reload *reload;
    (void)state;
    write_file("{\"identity\":\"bob\"}\n\nnonsense\n");
    assert_int_equal(bans_reload_prepare(&bans, &config, &diagnostics, &reload), ERR_CONFIG);
    assert_null(reload);
    assert_string_equal(diagnostics.items[0].position.file, file);
    assert_int_equal(diagnostics.items[0].position.line, 3);
    assert_true(has("ann"));
    assert_false(has("bob"));
}

static void there_may_be_as_many_as_the_new_configuration_says(void **state)
{
    struct bans_reload *reload;
    (void)state;
    config.bans_max = 1;
    assert_int_equal(bans_reload_prepare(&bans, &config, &diagnostics, &reload), ERR_CONFIG);
    assert_int_equal(diagnostics.items[0].position.line, 2);
}

static void a_file_that_has_gone_lifts_nothing(void **state)
{
    (void)state;
    assert_int_equal(unlink(file), 0);
    expect_change(0, 0);
    assert_int_equal(diagnostics.warning_count, 1);
    assert_true(has("ann"));
}

static void a_file_that_goes_before_it_is_read_lifts_nothing(void **state)
{
    (void)state;
    looks = 1;
    expect_change(0, 0);
    assert_int_equal(looks, 0);
    assert_int_equal(diagnostics.warning_count, 1);
    assert_true(has("ann"));
}

static void a_file_without_bans_lifts_all(void **state)
{
    (void)state;
    write_file("");
    expect_change(0, 2);
    assert_int_equal(diagnostics.warning_count, 0);
}

static void a_ban_that_is_set_meanwhile_stays(void **state)
{
    struct bans_reload *reload;
    struct bans_change change;
    (void)state;
    write_file("{\"identity\":\"bob\"}\n");
    assert_int_equal(bans_reload_prepare(&bans, &config, &diagnostics, &reload), OK);
    set_ban("dave");
    bans_reload_commit(&bans, reload, "the tests", &change);
    assert_int_equal(change.set + change.lifted, 0);
    assert_true(has("ann") && has("dave"));
    assert_false(has("bob"));
}

static void what_could_not_be_written_is_not_lifted(void **state)
{
    (void)state;
    char in_the_way[80];
    snprintf(in_the_way, sizeof in_the_way, "%s.new", file);
    assert_int_equal(mkdir(in_the_way, 0700), 0);
    set_ban("bob");
    expect_change(0, 0);
    assert_int_equal(diagnostics.warning_count, 1);
    assert_true(has("ann") && has("bob"));
    assert_int_equal(rmdir(in_the_way), 0);
}

static void without_memory_nothing_changes(void **state)
{
    struct bans_reload *reload = NULL;
    int error = ERR_NO_MEMORY;
    (void)state;
    write_file("{\"identity\":\"bob\"}\n{\"identity\":\"carl\"}\n");
    for (unsigned number = 1; error != OK; number++) {
        assert_true(number < 1000);
        fail_allocation(number);
        error = bans_reload_prepare(&bans, &config, &diagnostics, &reload);
        bool has_failed = end_failing_allocations();
        assert_true(has_failed || error == OK);
        assert_true(has("ann"));
        if (error == OK)
            bans_reload_abort(reload);
    }
    assert_false(has("bob"));
}

int main(void)
{
#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, start, end)
    const struct CMUnitTest tests[] = {
        WITH_FILE(what_is_in_the_file_is_in_force_and_nothing_else),
        WITH_FILE(a_ban_keeps_its_id_when_it_says_something_else),
        WITH_FILE(a_file_that_nobody_has_edited_changes_nothing),
        WITH_FILE(a_line_that_is_wrong_is_named_and_nothing_changes),
        WITH_FILE(there_may_be_as_many_as_the_new_configuration_says),
        WITH_FILE(a_file_that_has_gone_lifts_nothing),
        WITH_FILE(a_file_that_goes_before_it_is_read_lifts_nothing),
        WITH_FILE(a_file_without_bans_lifts_all),
        WITH_FILE(a_ban_that_is_set_meanwhile_stays),
        WITH_FILE(what_could_not_be_written_is_not_lifted),
        WITH_FILE(without_memory_nothing_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
