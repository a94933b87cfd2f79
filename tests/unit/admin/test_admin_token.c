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

static struct admin_token_hash load(void)
{
    struct admin_token_hash hash;
    assert_int_equal(admin_token_load(&config, &diagnostics, &hash), OK);
    return hash;
}

static void without_a_file_no_token_is_needed(void **state)
{
    struct config without = {.admin_token_file = NULL};
    struct admin_token_hash hash = {.is_needed = true};
    struct admin_token token;
    (void)state;
    assert_int_equal(admin_token_load(&without, &diagnostics, &hash), OK);
    admin_token_init(&token, &hash);
    assert_false(admin_token_is_needed(&token));
    assert_true(admin_token_accepts(&token, NULL));
    admin_token_deinit(&token);
}

static void only_the_token_of_the_file_is_accepted(void **state)
{
    struct admin_token token;
    (void)state;
    write_file("0123456789abcdef\nsecond line\n", 0600);
    struct admin_token_hash hash = load();
    admin_token_init(&token, &hash);
    assert_true(admin_token_is_needed(&token));
    assert_true(admin_token_accepts(&token, "Bearer 0123456789abcdef"));
    assert_true(admin_token_accepts(&token, "bearer 0123456789abcdef"));
    assert_false(admin_token_accepts(&token, NULL));
    assert_false(admin_token_accepts(&token, ""));
    assert_false(admin_token_accepts(&token, "Bearer "));
    assert_false(admin_token_accepts(&token, "Bearer 0123456789abcde"));
    assert_false(admin_token_accepts(&token, "Bearer 0123456789abcdef "));
    assert_false(admin_token_accepts(&token, "Basic 0123456789abcdef"));
    assert_int_equal(diagnostics.warning_count, 0);
    admin_token_deinit(&token);
}

static void a_change_replaces_the_token(void **state)
{
    struct admin_token token;
    (void)state;
    write_file("0123456789abcdef", 0600);
    struct admin_token_hash first = load();
    admin_token_init(&token, &first);
    write_file("fedcba9876543210", 0600);
    struct admin_token_hash second = load();
    admin_token_change(&token, &second);
    assert_false(admin_token_accepts(&token, "Bearer 0123456789abcdef"));
    assert_true(admin_token_accepts(&token, "Bearer fedcba9876543210"));
    admin_token_deinit(&token);
}

static void a_short_token_is_refused(void **state)
{
    struct admin_token_hash hash;
    (void)state;
    write_file("0123456789abcde\n", 0600);
    assert_int_equal(admin_token_load(&config, &diagnostics, &hash), ERR_CONFIG);
    assert_int_equal(diagnostics.items[0].position.line, 5);
    assert_non_null(strstr(diagnostics.items[0].text, "has 15 characters"));
}

static void a_missing_file_is_refused(void **state)
{
    struct config missing = {.admin_token_file = "/none/token"};
    struct admin_token_hash hash;
    (void)state;
    assert_int_equal(admin_token_load(&missing, &diagnostics, &hash), ERR_CONFIG);
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
        WITH_FILE(without_a_file_no_token_is_needed),
        WITH_FILE(only_the_token_of_the_file_is_accepted),
        WITH_FILE(a_change_replaces_the_token),
        WITH_FILE(a_short_token_is_refused),
        WITH_FILE(a_missing_file_is_refused),
        WITH_FILE(a_file_that_everybody_may_read_is_warned_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
