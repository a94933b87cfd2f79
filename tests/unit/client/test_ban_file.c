/* core/client/ban_file.c */
#include "unit.h"

#include "client/ban_file.h"
#include "client/ban_list.h"
#include "config/diagnostics.h"
#include "failing_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/sluice-bans-XXXXXX";
static char path[64], made[64];
static struct ban_list list;
static struct diagnostics diagnostics;

static int start(void **state)
{
    (void)state;
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/bans", folder);
    snprintf(made, sizeof made, "%s/bans.new", folder);
    diagnostics_init(&diagnostics);
    return ban_list_init(&list, 3);
}

static int end(void **state)
{
    (void)state;
    diagnostics_deinit(&diagnostics);
    ban_list_deinit(&list);
    (void)unlink(path);
    (void)unlink(made);
    return rmdir(folder);
}

static void write_text(const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static int load_text(const char *text)
{
    write_text(text, 0600);
    return ban_file_load(path, &list, 100, &diagnostics);
}

static void add(const char *identity, int64_t until)
{
    struct ban ban = {.until = until, .reason = "a \"reason\"\n", .by = "the tests"};
    assert_null(ban_read_identity(&ban, identity));
    assert_int_equal(ban_list_put(&list, &ban), OK);
}

static void what_is_written_is_read_again(void **state)
{
    struct ban ban = {.until = BAN_FOR_GOOD};
    struct ban copied[3];
    char why[BAN_FILE_TEXT_MAX], fault[256];
    (void)state;
    add("ann\t\xc3\xa4", INT64_C(4000000000) * 1000000000);
    assert_null(ban_read_address(&ban, "2001:db8::/32", fault));
    assert_int_equal(ban_list_put(&list, &ban), OK);
    assert_int_equal(ban_file_write(path, &list, why), OK);
    assert_int_equal(access(made, F_OK), -1);
    ban_list_deinit(&list);
    assert_int_equal(ban_list_init(&list, 3), OK);
    assert_int_equal(ban_file_load(path, &list, 100, &diagnostics), OK);
    assert_int_equal(ban_list_copy(&list, 0, copied, 3), 2);
    assert_string_equal(copied[0].identity, "ann\t\xc3\xa4");
    assert_string_equal(copied[0].reason, "a \"reason\"\n");
    assert_string_equal(copied[0].by, "the tests");
    assert_true(copied[0].until == INT64_C(4000000000) * 1000000000);
    assert_true(copied[1].is_address);
    assert_int_equal(copied[1].address.length, 32);
    assert_true(copied[1].until == BAN_FOR_GOOD);
}

static void a_file_that_is_not_there_or_empty_has_no_bans(void **state)
{
    (void)state;
    assert_int_equal(ban_file_load(path, &list, 100, &diagnostics), OK);
    assert_int_equal(load_text("\n\n"), OK);
    assert_int_equal(ban_list_count(&list), 0);
}

static void bans_that_have_ended_are_left_out(void **state)
{
    (void)state;
    assert_int_equal(load_text("{\"identity\":\"ann\",\"until\":\"1970-01-01T00:00:00Z\"}\n"
                               "{\"identity\":\"bob\",\"until\":\"2100-01-01T00:00:00Z\"}"),
                     OK);
    assert_int_equal(ban_list_count(&list), 1);
}

static void a_ban_that_does_not_say_since_when_is_new(void **state)
{
    struct ban copied[1];
    (void)state;
    assert_int_equal(load_text("{\"identity\":\"ann\"}\n"), OK);
    assert_int_equal(ban_list_copy(&list, 0, copied, 1), 1);
    assert_true(copied[0].since == 100);
    assert_int_equal(copied[0].id, 1);
}

static void ids_never_become_too_large_to_be_read_again(void **state)
{
    static const char *const ids[] = {"4503599627370496", "4503599627370497", "9007199254740990",
                                      "9007199254740991"};
    struct ban copied[3];
    char text[96], why[BAN_FILE_TEXT_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        ban_list_deinit(&list);
        assert_int_equal(ban_list_init(&list, 3), OK);
        snprintf(text, sizeof text, "{\"identity\":\"ann\",\"id\":%s}\n", ids[i]);
        assert_int_equal(load_text(text), OK);
        add("bob", BAN_FOR_GOOD);
        assert_int_equal(ban_file_write(path, &list, why), OK);
        ban_list_deinit(&list);
        assert_int_equal(ban_list_init(&list, 3), OK);
        assert_int_equal(ban_file_load(path, &list, 100, &diagnostics), OK);
        add("eve", BAN_FOR_GOOD);
        assert_int_equal(ban_list_copy(&list, 0, copied, 3), 3);
        assert_true(copied[0].id < copied[1].id && copied[1].id < copied[2].id);
        assert_true(copied[2].id < UINT64_C(1) << 53);
    }
}

static const struct {
    const char *line;
    const char *fault;
} wrong[] = {
    {"x", "not a JSON object"},
    {"[]", "not a JSON object"},
    {"{\"identity\":\"ann\"", "not a JSON object"},
    {"{}", "an identity or an address"},
    {"{\"identity\":\"ann\",\"address\":\"10.0.0.1\"}", "an identity or an address"},
    {"{\"identity\":7}", "are texts"},
    {"{\"identity\":\"\"}", "an identity is"},
    {"{\"address\":\"10.0.0.1/8\"}", "did you mean"},
    {"{\"address\":\"0.0.0.0/0\"}", "all addresses"},
    {"{\"identity\":\"ann\",\"ends\":\"2100-01-01T00:00:00Z\"}", "no \"ends\""},
    {"{\"identity\":\"ann\",\"until\":\"tomorrow\"}", "an end is a time"},
    {"{\"identity\":\"ann\",\"until\":5}", "are texts"},
    {"{\"identity\":\"ann\",\"id\":0}", "id is"},
    {"{\"identity\":\"ann\",\"id\":1.5}", "id is"},
    {"{\"identity\":\"ann\",\"id\":1e300}", "id is"},
};

static void each_line_that_is_wrong_is_named(void **state)
{
    char text[256];
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        diagnostics_deinit(&diagnostics);
        diagnostics_init(&diagnostics);
        snprintf(text, sizeof text, "{\"identity\":\"bob\"}\n%s\nx\n", wrong[i].line);
        assert_int_equal(load_text(text), ERR_CONFIG);
        assert_int_equal(diagnostics.count, 2);
        assert_string_equal(diagnostics.items[0].position.file, path);
        assert_int_equal(diagnostics.items[0].position.line, 2);
        assert_non_null(strstr(diagnostics.items[0].text, wrong[i].fault));
        assert_int_equal(diagnostics.items[1].position.line, 3);
    }
}

static void too_many_are_an_error_at_their_line(void **state)
{
    (void)state;
    assert_int_equal(
        load_text("{\"identity\":\"a\"}\n{\"identity\":\"b\"}\n{\"identity\":\"a\"}\n"
                  "{\"identity\":\"c\"}\n{\"identity\":\"d\"}\n{\"identity\":\"e\"}\n"),
        ERR_CONFIG);
    assert_int_equal(diagnostics.count, 1);
    assert_int_equal(diagnostics.items[0].position.line, 5);
    assert_non_null(strstr(diagnostics.items[0].text, "bans.max"));
}

static void a_file_that_others_may_write_to_is_refused(void **state)
{
    (void)state;
    write_text("", 0666);
    assert_int_equal(ban_file_load(path, &list, 100, &diagnostics), ERR_CONFIG);
    assert_non_null(strstr(diagnostics.items[0].text, "others may write to it"));
}

static void a_write_that_fails_leaves_the_old_file(void **state)
{
    char why[BAN_FILE_TEXT_MAX];
    (void)state;
    write_text("{\"identity\":\"old\"}\n", 0600);
    add("new", BAN_FOR_GOOD);
    assert_int_equal(mkdir(made, 0700), 0); /* in the way */
    assert_int_equal(ban_file_write(path, &list, why), ERR_SYSTEM);
    assert_non_null(strstr(why, "cannot make the new file"));
    assert_int_equal(rmdir(made), 0);
    assert_int_equal(ban_file_load(path, &list, 100, &diagnostics), OK);
    assert_true(ban_list_has_identity(&list, "old", 100));
    assert_int_equal(ban_file_write("/none/bans", &list, why), ERR_SYSTEM);
}

static int load_again(void *context)
{
    (void)context;
    return ban_file_load(path, &list, 100, &diagnostics);
}

static void without_memory_nothing_is_half_loaded(void **state)
{
    (void)state;
    write_text("{\"identity\":\"ann\",\"reason\":\"spam\"}\n", 0600);
    fail_allocation(1);
    int error = load_again(NULL);
    assert_true(end_failing_allocations());
    assert_int_not_equal(error, OK);
    assert_int_equal(ban_list_count(&list), 0);
    assert_int_equal(load_again(NULL), OK);
    assert_true(ban_list_has_identity(&list, "ann", 100));
}

int main(void)
{
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, start, end)
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(what_is_written_is_read_again),
        WITH_FOLDER(a_file_that_is_not_there_or_empty_has_no_bans),
        WITH_FOLDER(bans_that_have_ended_are_left_out),
        WITH_FOLDER(a_ban_that_does_not_say_since_when_is_new),
        WITH_FOLDER(ids_never_become_too_large_to_be_read_again),
        WITH_FOLDER(each_line_that_is_wrong_is_named),
        WITH_FOLDER(too_many_are_an_error_at_their_line),
        WITH_FOLDER(a_file_that_others_may_write_to_is_refused),
        WITH_FOLDER(a_write_that_fails_leaves_the_old_file),
        WITH_FOLDER(without_memory_nothing_is_half_loaded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
