#include "config/yaml.h"
#include "pipeline/credential_names.h"
#include "unit.h"

#include <string.h>

static const struct sl_option rows[] = {
    {.name = "query",
     .type = SL_OPTION_STRING,
     .flags = SL_OPTION_CREDENTIAL,
     .default_value = "token"},
    {.name = "headers", .type = SL_OPTION_STRINGS, .flags = SL_OPTION_CREDENTIAL},
    {.name = "title", .type = SL_OPTION_STRING, .default_value = "hello"},
};
static const struct option_table table = {
    .rows = rows, .count = sizeof rows / sizeof *rows, .option_size = sizeof *rows};

static struct credential_names names;

static int release(void **state)
{
    (void)state;
    credential_names_deinit(&names);
    return 0;
}

static void add(const char *yaml)
{
    struct diagnostics diagnostics;
    struct yaml_node *options = NULL;
    diagnostics_init(&diagnostics);
    struct yaml_source source = {.file = "test", .data = yaml, .len = strlen(yaml)};
    assert_int_equal(yaml_parse(&source, &diagnostics, &options), 0);
    assert_int_equal(credential_names_add(&names, &table, options), OK);
    yaml_node_destroy(options);
    diagnostics_deinit(&diagnostics);
}

static void takes_defaults_where_nothing_is_given(void **state)
{
    (void)state;
    assert_int_equal(credential_names_add(&names, &table, NULL), OK);
    assert_int_equal(names.count, 1);
    assert_true(credential_names_has(&names, "Token"));
}

static void takes_what_is_given_and_only_of_marked_options(void **state)
{
    (void)state;
    add("{query: t, title: greeting, headers: [X-Pass, x-pass, X-Other]}");
    assert_int_equal(names.count, 3);
    assert_true(credential_names_has(&names, "t"));
    assert_true(credential_names_has(&names, "x-PASS"));
    assert_true(credential_names_has(&names, "X-Other"));
    assert_false(credential_names_has(&names, "token"));
    assert_false(credential_names_has(&names, "greeting"));
}

static void survives_values_of_other_kinds(void **state)
{
    (void)state;
    add("{query: {a: b}, headers: [[x], ~, {}]}");
    assert_false(credential_names_has(&names, "x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(takes_defaults_where_nothing_is_given, release),
        cmocka_unit_test_teardown(takes_what_is_given_and_only_of_marked_options, release),
        cmocka_unit_test_teardown(survives_values_of_other_kinds, release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
