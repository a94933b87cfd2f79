#include "config/options.h"
#include "config/option_rows.h"
#include "failing_memory.h"

static void fills_in_defaults_and_leaves_the_rest_unset(void **state)
{
    (void)state;
    struct option_set *set;
    struct position where = {config_file, 9, 9};
    diagnostics_init(&errors);
    assert_int_equal(option_set_create(&table, "demo", NULL, where, &errors, &set), 0);
    assert_true(value_bool(option_set_get(set, "flag")));
    assert_int_equal(value_integer(option_set_get(set, "wait")), 250000000);
    assert_text(value_at(option_set_get(set, "colours"), 0), "green");
    assert_null(option_set_get(set, "count"));
    assert_null(option_set_get(set, "no_such_option"));
    option_set_destroy(set);
    option_set_destroy(NULL);
}

static void unknown_names_suggest_the_nearest(void **state)
{
    (void)state;
    refused_options("{colr: red, zzzzz: 1}",
                    "1:2 plugin demo has no option \"colr\"; did you mean \"colour\"?\n"
                    "1:13 plugin demo has no option \"zzzzz\"; sluice plugins demo lists them\n");
    refused_options("{colour: gren}",
                    "1:10 demo: colour: \"gren\" is not known; did you mean \"green\"? (one "
                    "of: red, green)\n");
    refused_options("{colours: [red, blue]}",
                    "1:17 demo: colours.1: \"blue\" is not known; write one of: red, green\n");
    refused_options("[a]", "1:1 demo: is a list; a mapping is expected\n");
}

static void a_missing_required_option_is_an_error(void **state)
{
    (void)state;
    const struct sl_option required[] = {
        {.name = "need", .type = SL_OPTION_STRING, .flags = SL_OPTION_REQUIRED, .summary = "s"}};
    const struct option_table from = {required, 1, sizeof required[0]};
    struct option_set *set;
    assert_int_equal(make_from(&from, "{}", &set), ERR_CONFIG);
    assert_errors(&errors, "9:9 demo: need: is missing; it is required\n");
}

static void rows_may_be_larger_than_ours(void **state)
{
    (void)state;
    struct later_option {
        struct sl_option option;
        const char *member_of_a_later_version;
        void *another;
    };
    const struct later_option later[] = {
        {{.name = "a", .type = SL_OPTION_INTEGER, .default_value = "1", .summary = "s"}, "x", NULL},
        {{.name = "b", .type = SL_OPTION_INTEGER, .default_value = "2", .summary = "s"}, "y", NULL},
    };
    const struct option_table from = {&later[0].option, 2, sizeof later[0]};
    char text[256];
    struct option_set *set;
    assert_int_equal(option_table_check(&from, text, sizeof text), 0);
    assert_string_equal(option_table_row(&from, 1)->name, "b");
    assert_int_equal(make_from(&from, "{a: 7}", &set), 0);
    assert_int_equal(value_integer(option_set_get(set, "a")), 7);
    assert_int_equal(value_integer(option_set_get(set, "b")), 2);
    option_set_destroy(set);
}

/* Makes a set with a value of each kind from a tree that is there already. */
static int create_set(void *context)
{
    const struct yaml_node *mapping = context;
    struct position where = {config_file, 9, 9};
    struct option_set *set = NULL;
    int error = option_set_create(&table, "demo", mapping, where, &errors, &set);
    if (error != 0)
        assert_null(set);
    option_set_destroy(set);
    return error;
}

static void survives_every_failing_allocation(void **state)
{
    (void)state;
    static const char text[] =
        "{title: abc, colour: green, words: [a, b], file: f, map: {a: [x]},\n"
        " maps: [{a: 1}], password: {env: SL_SECRET}}";
    struct yaml_node *mapping = NULL;
    struct yaml_source source = {.file = config_file, .data = text, .len = strlen(text)};
    setenv("SL_SECRET", "hunter2", 1);
    diagnostics_init(&errors);
    assert_int_equal(yaml_parse(&source, &errors, &mapping), OK);
    assert_true(survive_failing_allocations(create_set, mapping) > 20);
    assert_errors(&errors, "");
    yaml_node_destroy(mapping);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_in_defaults_and_leaves_the_rest_unset),
        cmocka_unit_test(unknown_names_suggest_the_nearest),
        cmocka_unit_test(a_missing_required_option_is_an_error),
        cmocka_unit_test(rows_may_be_larger_than_ours),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
