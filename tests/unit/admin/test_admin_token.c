/* core/admin/admin_token.c */
#include "unit.h"

#include "admin/admin_token.h"
#include "config/config.h"
#include "config/diagnostics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[] = "/tmp/sluice-test-XXXXXX";
static struct config config = {.admin_token_file = path, .admin_position = {.line = 5}};
static struct diagnostics diagnostics;

static int make_file(void **state)
{
    (void)state;
    diagnostics_init(&diagnostics);
    strcpy(path + strlen(path) - 6, "XXXXXX");
    close(mkstemp(path));
    return 0;
}

static int remove_file(void **state)
{
    (void)state;
    diagnostics_deinit(&diagnostics);
    return unlink(path);
}

static void write_file(const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static struct admin_token_set load(void)
{
    struct admin_token_set set;
    assert_int_equal(admin_token_load(&config, &diagnostics, &set), OK);
    return set;
}

static bool accepts(struct admin_tokens *tokens, const char *authorization)
{
    struct admin_token_owner owner;
    return admin_tokens_accept(tokens, authorization, &owner);
}

static void without_a_file_no_token_is_needed_and_everything_is_allowed(void **state)
{
    struct config without = {.admin_token_file = NULL};
    struct admin_token_set set = {.count = 1};
    struct admin_token_owner owner;
    struct admin_tokens tokens;
    (void)state;
    assert_int_equal(admin_token_load(&without, &diagnostics, &set), OK);
    admin_tokens_init(&tokens, &set);
    assert_false(admin_tokens_are_needed(&tokens));
    assert_true(admin_tokens_accept(&tokens, NULL, &owner));
    assert_int_equal(owner.role, ADMIN_ROLE_ALL);
    assert_string_equal(owner.name, "");
    admin_tokens_deinit(&tokens);
}

static void only_the_token_of_the_file_is_accepted(void **state)
{
    struct admin_tokens tokens;
    (void)state;
    write_file("0123456789abcdef\n", 0600);
    struct admin_token_set set = load();
    admin_tokens_init(&tokens, &set);
    assert_true(admin_tokens_are_needed(&tokens));
    assert_true(accepts(&tokens, "Bearer 0123456789abcdef"));
    assert_true(accepts(&tokens, "bearer 0123456789abcdef"));
    assert_false(accepts(&tokens, NULL));
    assert_false(accepts(&tokens, ""));
    assert_false(accepts(&tokens, "Bearer "));
    assert_false(accepts(&tokens, "Bearer 0123456789abcde"));
    assert_false(accepts(&tokens, "Bearer 0123456789abcdef "));
    assert_false(accepts(&tokens, "Basic 0123456789abcdef"));
    assert_int_equal(diagnostics.warning_count, 0);
    admin_tokens_deinit(&tokens);
}

static void a_change_replaces_the_tokens(void **state)
{
    struct admin_tokens tokens;
    (void)state;
    write_file("0123456789abcdef", 0600);
    struct admin_token_set first = load();
    admin_tokens_init(&tokens, &first);
    write_file("fedcba9876543210", 0600);
    struct admin_token_set second = load();
    admin_tokens_change(&tokens, &second);
    assert_false(accepts(&tokens, "Bearer 0123456789abcdef"));
    assert_true(accepts(&tokens, "Bearer fedcba9876543210"));
    admin_tokens_deinit(&tokens);
}

static void a_file_with_an_old_and_a_new_token_makes_both_valid(void **state)
{
    struct admin_token_owner owner;
    struct admin_tokens tokens;
    (void)state;
    write_file("0123456789abcdef\nfedcba9876543210\n", 0600);
    struct admin_token_set set = load();
    admin_tokens_init(&tokens, &set);
    assert_true(admin_tokens_accept(&tokens, "Bearer 0123456789abcdef", &owner));
    assert_true(admin_tokens_accept(&tokens, "Bearer fedcba9876543210", &owner));
    assert_string_equal(owner.name, "token_file");
    assert_int_equal(owner.role, ADMIN_ROLE_ALL);
    admin_tokens_deinit(&tokens);
}

/* -- with roles -- */

/* The configuration with a token for reading, in a second file. */
static void load_with_reader(const char *text, struct config *out, int expected,
                             struct admin_token_set *set)
{
    static char second[sizeof path + 2];
    static struct admin_token_config reader = {
        .name = "grafana", .role = ADMIN_ROLE_READ, .file = second, .position = {.line = 7}};
    snprintf(second, sizeof second, "%s-2", path);
    FILE *file = fopen(second, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(second, 0600), 0);
    *out = (struct config){.admin_token_file = path,
                           .admin_position = {.line = 5},
                           .admin_tokens = &reader,
                           .admin_token_count = 1};
    assert_int_equal(admin_token_load(out, &diagnostics, set), expected);
    unlink(second);
}

static void each_token_has_the_role_and_the_name_of_its_entry(void **state)
{
    struct admin_token_owner owner;
    struct admin_token_set set;
    struct admin_tokens tokens;
    struct config both;
    (void)state;
    write_file("0123456789abcdef\n", 0600);
    load_with_reader("reads-0123456789\nreads-too-012345\n", &both, OK, &set);
    assert_int_equal(set.count, 3);
    admin_tokens_init(&tokens, &set);
    assert_true(admin_tokens_accept(&tokens, "Bearer reads-too-012345", &owner));
    assert_string_equal(owner.name, "grafana");
    assert_int_equal(owner.role, ADMIN_ROLE_READ);
    assert_true(admin_tokens_accept(&tokens, "Bearer 0123456789abcdef", &owner));
    assert_int_equal(owner.role, ADMIN_ROLE_ALL);
    assert_false(admin_tokens_accept(&tokens, "Bearer reads-012345678X", &owner));
    admin_tokens_deinit(&tokens);
}

static void one_token_cannot_have_two_roles(void **state)
{
    struct admin_token_set set;
    struct config both;
    (void)state;
    write_file("0123456789abcdef\n", 0600);
    load_with_reader("0123456789abcdef\n", &both, ERR_CONFIG, &set);
    assert_int_equal(diagnostics.items[0].position.line, 7);
    assert_non_null(strstr(diagnostics.items[0].text, "is also that of token_file"));
}

static void all_files_that_are_wrong_are_told(void **state)
{
    struct admin_token_set set;
    struct config both;
    (void)state;
    write_file("short\n", 0600);
    load_with_reader("", &both, ERR_CONFIG, &set);
    assert_int_equal(diagnostics.count, 2);
    assert_non_null(strstr(diagnostics.items[0].text, "has 5 characters"));
    assert_non_null(strstr(diagnostics.items[1].text, "has 0 characters"));
}

static void a_short_token_is_refused(void **state)
{
    struct admin_token_set set;
    (void)state;
    write_file("0123456789abcde\n", 0600);
    assert_int_equal(admin_token_load(&config, &diagnostics, &set), ERR_CONFIG);
    assert_int_equal(diagnostics.items[0].position.line, 5);
    assert_non_null(strstr(diagnostics.items[0].text, "has 15 characters"));
}

static void a_missing_file_is_refused(void **state)
{
    struct config missing = {.admin_token_file = "/none/token"};
    struct admin_token_set set;
    (void)state;
    assert_int_equal(admin_token_load(&missing, &diagnostics, &set), ERR_CONFIG);
    assert_non_null(strstr(diagnostics.items[0].text, "cannot read the admin token"));
}

static void a_file_that_everybody_may_read_is_warned_of(void **state)
{
    (void)state;
    write_file("0123456789abcdef", 0604);
    (void)load();
    assert_int_equal(diagnostics.warning_count, 1);
    assert_non_null(strstr(diagnostics.warnings[0].text, "chmod o-r"));
}

int main(void)
{
#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, make_file, remove_file)
    const struct CMUnitTest tests[] = {
        WITH_FILE(without_a_file_no_token_is_needed_and_everything_is_allowed),
        WITH_FILE(only_the_token_of_the_file_is_accepted),
        WITH_FILE(a_change_replaces_the_tokens),
        WITH_FILE(a_file_with_an_old_and_a_new_token_makes_both_valid),
        WITH_FILE(each_token_has_the_role_and_the_name_of_its_entry),
        WITH_FILE(one_token_cannot_have_two_roles),
        WITH_FILE(all_files_that_are_wrong_are_told),
        WITH_FILE(a_short_token_is_refused),
        WITH_FILE(a_missing_file_is_refused),
        WITH_FILE(a_file_that_everybody_may_read_is_warned_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
