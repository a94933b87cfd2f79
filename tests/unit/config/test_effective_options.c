#include "config/option_rows.h"
#include "config/effective.h"
#include "failing_memory.h"

static char text[16384];

static struct yaml_node *parsed(const char *yaml)
{
    struct yaml_node *node = NULL;
    struct yaml_source source = {.file = config_file, .data = yaml, .len = strlen(yaml)};
    diagnostics_init(&errors);
    int error = yaml_parse(&source, &errors, &node);
    assert_errors(&errors, "");
    assert_int_equal(error, OK);
    return node;
}

/* What is written for the options of a text. */
static void write_options(const char *yaml, bool sources)
{
    struct yaml_node *mapping = yaml != NULL ? parsed(yaml) : NULL, *tree = NULL;
    struct position where = {config_file, 9, 9};
    assert_int_equal(effective_options(&table, mapping, where, &tree), 0);
    memset(text, 0, sizeof text);
    FILE *file = fmemopen(text, sizeof text, "w");
    yaml_write(file, tree, sources ? effective_source : NULL);
    fclose(file);
    yaml_node_destroy(tree);
    yaml_node_destroy(mapping);
}

static void options_have_their_defaults(void **state)
{
    (void)state;
    write_options(NULL, true);
    assert_string_equal(text, "flag: true  # default\n"
                              "# count: not set\n# ratio: not set\n# title: not set\n"
                              "wait: 250ms  # default\n"
                              "# room: not set\n# speed: not set\n# colour: not set\n"
                              "# words: not set\n"
                              "colours:\n  - green  # default\n  - red  # default\n"
                              "# file: not set\n# password: not set\n# map: not set\n"
                              "# maps: not set\n");
}

static void texts_are_quoted_where_they_look_like_others(void **state)
{
    (void)state;
    write_options("{title: 1.0, colour: red, words: [true, 'x', 5], count: 5, map: {a: 5, b: '5'}}",
                  false);
    assert_non_null(strstr(text, "count: 5\n"));
    assert_non_null(strstr(text, "title: \"1.0\"\n"));
    assert_non_null(strstr(text, "colour: red\n"));
    assert_non_null(strstr(text, "words:\n  - \"true\"\n  - x\n  - \"5\"\n"));
    assert_non_null(strstr(text, "map:\n  a: 5\n  b: \"5\"\n"));
}

static void secrets_show_where_they_are(void **state)
{
    (void)state;
    char line[128];
    setenv("SLUICE_TEST_SECRET", "hunter2", 1);
    write_options("password: ${SLUICE_TEST_SECRET}\nmap: {a: ['x${SLUICE_TEST_SECRET}'], b: y}\n"
                  "maps: [{c: '${SLUICE_TEST_SECRET}'}]\ntitle: ${SLUICE_TEST_TITLE:-abc}\n",
                  true);
    assert_null(strstr(text, "hunter2"));
    assert_non_null(strstr(text, "\npassword: \"${SLUICE_TEST_SECRET}\"  # "));
    assert_non_null(strstr(text, "\n    - \"x${SLUICE_TEST_SECRET}\"  # "));
    assert_non_null(strstr(text, "\n  b: y  # "));
    assert_non_null(strstr(text, "\n  - c: \"${SLUICE_TEST_SECRET}\"  # "));
    assert_non_null(strstr(text, "\ntitle: abc  # "));
    write_options("password: {env: SLUICE_TEST_SECRET}\n", false);
    assert_non_null(strstr(text, "\npassword:\n  env: SLUICE_TEST_SECRET\n"));
    write_options("password: {file: my.key}\n", false);
    snprintf(line, sizeof line, "\npassword:\n  file: %s/my.key\n", folder);
    assert_non_null(strstr(text, line));
    unsetenv("SLUICE_TEST_SECRET");
}

static void paths_are_absolute_and_null_is_empty(void **state)
{
    (void)state;
    char line[128];
    write_options("{file: f.txt, words: , map: ~, maps: []}", false);
    snprintf(line, sizeof line, "\nfile: %s/f.txt\n", folder);
    assert_non_null(strstr(text, line));
    assert_non_null(strstr(text, "\nwords: []\n"));
    assert_non_null(strstr(text, "\nmap: {}\n"));
    assert_non_null(strstr(text, "\nmaps: []\n"));
}

static int make_effective(void *context)
{
    struct yaml_node *tree = NULL;
    int error = effective_options(&table, context, (struct position){config_file, 9, 9}, &tree);
    if (error == 0)
        yaml_node_destroy(tree);
    return error;
}

static void survives_every_failing_allocation(void **state)
{
    (void)state;
    struct yaml_node *mapping = parsed("{password: {env: X}, file: f, map: {a: [1]}, title: abc}");
    assert_true(survive_failing_allocations(make_effective, mapping) > 20);
    yaml_node_destroy(mapping);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_have_their_defaults),
        cmocka_unit_test(texts_are_quoted_where_they_look_like_others),
        cmocka_unit_test(secrets_show_where_they_are),
        cmocka_unit_test(paths_are_absolute_and_null_is_empty),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
