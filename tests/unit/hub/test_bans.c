/* core/hub/bans.c */
#include "hub/serving.h"

#include "client/ban_file.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static char folder[] = "/tmp/sluice-bans-XXXXXX";
static char file[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/bans", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(file);
    return rmdir(folder);
}

static struct config config_of(const char *path, uint32_t max)
{
    return (struct config){.bans_file = (char *)(uintptr_t)path, .bans_max = max};
}

static void start(struct bans *bans, const char *path)
{
    struct config config = config_of(path, 100);
    struct diagnostics diagnostics;
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    diagnostics_init(&diagnostics);
    assert_int_equal(bans_init(bans, &config, &diagnostics), OK);
    diagnostics_deinit(&diagnostics);
}

static uint64_t set(struct bans *bans, const char *identity, int64_t until, char *unsaved)
{
    struct ban ban = {.since = clock_wall(), .until = until, .by = "the tests"};
    assert_null(ban_read_identity(&ban, identity));
    assert_int_equal(bans_set(bans, &ban, unsaved), OK);
    return ban.id;
}

static bool has(struct bans *bans, const char *identity)
{
    return ban_list_has_identity(&bans->list, identity, clock_wall());
}

/* Waits until the keeper has written what there is. */
static void await_file(struct bans *bans)
{
    int64_t deadline = clock_monotonic() + PATIENCE_SECONDS * NS_PER_S;
    for (bool is_written = false; !is_written && clock_monotonic() < deadline; poll(NULL, 0, 1)) {
        pthread_mutex_lock(&bans->lock);
        is_written = bans->tried == bans->changes && bans->failure[0] == '\0';
        pthread_mutex_unlock(&bans->lock);
    }
}

static void without_a_file_nothing_is_waited_for(void **state)
{
    char unsaved[BAN_FILE_TEXT_MAX];
    struct bans bans;
    struct ban ban = {.id = 0};
    (void)state;
    start(&bans, NULL);
    uint64_t id = set(&bans, "ann", BAN_FOR_GOOD, unsaved);
    assert_string_equal(unsaved, "");
    assert_true(has(&bans, "ann"));
    assert_true(bans_lift(&bans, id, &ban, "the tests", unsaved));
    assert_string_equal(ban.identity, "ann");
    assert_false(bans_lift(&bans, id, &ban, "the tests", unsaved));
    assert_false(has(&bans, "ann"));
    bans_deinit(&bans);
}

static void the_file_keeps_them_over_a_restart(void **state)
{
    char unsaved[BAN_FILE_TEXT_MAX];
    struct bans bans;
    struct ban ban = {.id = 0};
    (void)state;
    start(&bans, file);
    uint64_t ann = set(&bans, "ann", BAN_FOR_GOOD, unsaved);
    uint64_t bob = set(&bans, "bob", BAN_FOR_GOOD, unsaved);
    assert_true(bans_lift(&bans, ann, &ban, "the tests", unsaved));
    bans_deinit(&bans);
    start(&bans, file);
    assert_false(has(&bans, "ann"));
    assert_true(has(&bans, "bob"));
    assert_true(set(&bans, "carl", BAN_FOR_GOOD, unsaved) > bob);
    bans_deinit(&bans);
}

static void a_ban_is_in_the_file_when_it_is_answered(void **state)
{
    char unsaved[BAN_FILE_TEXT_MAX], text[512] = "";
    struct bans bans;
    (void)state;
    start(&bans, file);
    set(&bans, "ann", BAN_FOR_GOOD, unsaved);
    await_file(&bans);
    FILE *read = fopen(file, "r");
    assert_non_null(read);
    assert_non_null(fgets(text, sizeof text, read));
    fclose(read);
    assert_non_null(strstr(text, "\"identity\":\"ann\""));
    bans_deinit(&bans);
}

static void a_file_that_cannot_be_written_leaves_the_ban_in_force(void **state)
{
    char unsaved[BAN_FILE_TEXT_MAX], path[96];
    struct bans bans;
    (void)state;
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    snprintf(path, sizeof path, "%s/none/bans", folder);
    start(&bans, path);
    set(&bans, "ann", BAN_FOR_GOOD, unsaved);
    assert_string_not_equal(unsaved, "");
    assert_true(has(&bans, "ann"));
    bans_deinit(&bans);
    assert_true(atomic_load(&bans.failed_writes) >= 1);
}

static void a_ban_that_has_ended_is_taken_out(void **state)
{
    char unsaved[BAN_FILE_TEXT_MAX];
    struct bans bans;
    (void)state;
    start(&bans, NULL);
    set(&bans, "ann", clock_wall() + 20 * NS_PER_MS, unsaved);
    int64_t deadline = clock_monotonic() + PATIENCE_SECONDS * NS_PER_S;
    while (ban_list_count(&bans.list) > 0 && clock_monotonic() < deadline)
        poll(NULL, 0, 1);
    assert_int_equal(ban_list_count(&bans.list), 0);
    bans_deinit(&bans);
}

static void a_broken_file_is_refused(void **state)
{
    struct config config = config_of(file, 100);
    struct diagnostics diagnostics;
    struct bans bans;
    (void)state;
    FILE *broken = fopen(file, "w");
    assert_non_null(broken);
    fputs("{\"identity\":\"ann\"}\nnonsense\n", broken);
    fclose(broken);
    assert_int_equal(chmod(file, 0600), 0);
    diagnostics_init(&diagnostics);
    assert_int_equal(bans_init(&bans, &config, &diagnostics), ERR_CONFIG);
    assert_int_equal(diagnostics.items[0].position.line, 2);
    assert_string_equal(diagnostics.items[0].position.file, file);
    diagnostics_deinit(&diagnostics);
    bans_deinit(&bans);
}

static void a_reload_changes_how_many_there_may_be(void **state)
{
    struct config fewer = config_of(NULL, 1);
    struct ban ban = {.until = BAN_FOR_GOOD};
    char unsaved[BAN_FILE_TEXT_MAX];
    struct bans bans;
    (void)state;
    start(&bans, NULL);
    set(&bans, "ann", BAN_FOR_GOOD, unsaved);
    bans_configure(&bans, &fewer);
    assert_null(ban_read_identity(&ban, "bob"));
    assert_int_equal(bans_set(&bans, &ban, unsaved), ERR_LIMIT);
    assert_true(has(&bans, "ann"));
    bans_deinit(&bans);
}

int main(void)
{
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(without_a_file_nothing_is_waited_for),
        WITH_FOLDER(the_file_keeps_them_over_a_restart),
        WITH_FOLDER(a_ban_is_in_the_file_when_it_is_answered),
        WITH_FOLDER(a_file_that_cannot_be_written_leaves_the_ban_in_force),
        WITH_FOLDER(a_ban_that_has_ended_is_taken_out),
        WITH_FOLDER(a_broken_file_is_refused),
        WITH_FOLDER(a_reload_changes_how_many_there_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
