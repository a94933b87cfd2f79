#include "workbench.h"

#include "workbench/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[] = "/tmp/sluice-scenario-XXXXXX";

static int make_file(void **state)
{
    (void)state;
    int descriptor = mkstemp(path);
    return descriptor < 0 ? -1 : close(descriptor);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static struct yaml_node *load(const char *text, const struct yaml_node **options,
                              struct fake_upgrade *upgrade, bool *has_upgrade)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    *options = NULL;
    *has_upgrade = false;
    return scenario_load(path, options, upgrade, has_upgrade);
}

static void gives_its_options_and_the_first_client_that_is_let_in(void **state)
{
    const struct yaml_node *options;
    struct fake_upgrade upgrade;
    bool has_upgrade;
    (void)state;
    struct yaml_node *tree = load("options: {limit: 2}\n"
                                  "steps:\n"
                                  "  - connect: {query: {token: wrong}, expect: deny}\n"
                                  "  - connect: {query: {token: wrong}, expect: {verdict: deny}}\n"
                                  "  - connect: {query: {token: right}, expect: {identity: ada}}\n",
                                  &options, &upgrade, &has_upgrade);
    assert_non_null(tree);
    assert_string_equal(yaml_node_get(options, "limit")->text, "2");
    assert_true(has_upgrade);
    assert_string_equal(upgrade.query[0].name, "token");
    assert_string_equal(upgrade.query[0].value, "right");
    yaml_node_destroy(tree);
}

static void gives_nothing_if_it_expects_create_to_fail(void **state)
{
    const struct yaml_node *options;
    struct fake_upgrade upgrade;
    bool has_upgrade;
    (void)state;
    struct yaml_node *tree =
        load("options: {limit: 2}\ncreate: {expect_error: x}\n", &options, &upgrade, &has_upgrade);
    assert_non_null(tree);
    assert_null(options);
    assert_false(has_upgrade);
    yaml_node_destroy(tree);
    assert_null(load("steps: [", &options, &upgrade, &has_upgrade));
}

static void gives_options_that_name_its_files(void **state)
{
    const struct yaml_node *options;
    struct fake_upgrade upgrade;
    char folder[SCENARIO_FOLDER_MAX], name[2 * SCENARIO_FOLDER_MAX], text[8] = "";
    bool has_upgrade;
    (void)state;
    assert_true(scenario_make_folder(folder));
    struct yaml_node *tree = load("options: {key: '${SCENARIO_FILES}/a'}\nfiles: {a: b}\n",
                                  &options, &upgrade, &has_upgrade);
    scenario_write_files(tree);
    snprintf(name, sizeof name, "%s/a", folder);
    assert_string_equal(yaml_node_get(options, "key")->text, name);
    FILE *file = fopen(name, "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    assert_string_equal(text, "b");
    fclose(file);
    scenario_remove_folder(folder);
    assert_int_not_equal(access(folder, F_OK), 0);
    yaml_node_destroy(tree);
}

static void sets_the_environment(void **state)
{
    const struct yaml_node *options;
    struct fake_upgrade upgrade;
    bool has_upgrade;
    (void)state;
    yaml_node_destroy(
        load("environment: {SCENARIO_TEST: there}\n", &options, &upgrade, &has_upgrade));
    assert_string_equal(getenv("SCENARIO_TEST"), "there");
}

static void check_keys_of(void *argument)
{
    static const char *const known[] = {"client", "text", NULL};
    scenario_check_keys(yaml_of(argument), known);
}

static void unknown_keys_are_refused_where_they_stand(void **state)
{
    (void)state;
    assert_passes(check_keys_of, (char[]){"{client: a, text: b}"});
    assert_passes(check_keys_of, (char[]){"{}"});
    assert_fails(check_keys_of, (char[]){"{client: a, txt: b}"},
                 "test.yaml:1:18: unknown key 'txt'; did you mean 'text'?");
    assert_fails(check_keys_of, (char[]){"{something: b}"}, "unknown key 'something'");
    assert_fails(check_keys_of, (char[]){"[a]"}, "expected a mapping, but this is a list");
}

static void read_texts(void *argument)
{
    const struct yaml_node *node = yaml_of("{a: x, b: [y]}");
    REQUIRE(strcmp(scenario_text(node, "a"), "x") == 0);
    REQUIRE(scenario_text(node, "c") == NULL);
    scenario_text(node, argument);
}

static void a_text_is_a_single_value(void **state)
{
    (void)state;
    assert_passes(read_texts, (char[]){"a"});
    assert_fails(read_texts, (char[]){"b"}, "test.yaml:1:11: 'b' must be a single value");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_its_options_and_the_first_client_that_is_let_in),
        cmocka_unit_test(gives_nothing_if_it_expects_create_to_fail),
        cmocka_unit_test(gives_options_that_name_its_files),
        cmocka_unit_test(sets_the_environment),
        cmocka_unit_test(unknown_keys_are_refused_where_they_stand),
        cmocka_unit_test(a_text_is_a_single_value),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
