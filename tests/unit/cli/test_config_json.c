#include "cli/config_json.h"

#include "config/errors.h"

#include <stdlib.h>

static struct yaml_node *parsed(const char *yaml)
{
    struct diagnostics errors;
    struct yaml_node *node = NULL;
    struct yaml_source source = {.file = "t.yaml", .data = yaml, .len = strlen(yaml)};
    diagnostics_init(&errors);
    assert_int_equal(yaml_parse(&source, &errors, &node), 0);
    assert_errors(&errors, "");
    return node;
}

static void expect(const struct yaml_node *tree, bool sources, const char *expected)
{
    cJSON *json = config_json_describe("t.yaml", tree, sources);
    char *text = cJSON_PrintUnformatted(json);
    assert_string_equal(text, expected);
    cJSON_free(text);
    cJSON_Delete(json);
}

static void scalars_have_the_types_of_yaml(void **state)
{
    (void)state;
    struct yaml_node *tree = parsed("a: 1\nb: '1'\nc: .5\nd: true\ne: ~\nf: 5s\ng: [x, {h: 2}]\n");
    expect(tree, false,
           "{\"file\":\"t.yaml\",\"config\":{\"a\":1,\"b\":\"1\",\"c\":0.5,\"d\":true,\"e\":null,"
           "\"f\":\"5s\",\"g\":[\"x\",{\"h\":2}]}}");
    yaml_node_destroy(tree);
}

static void keys_without_a_value_are_null_and_forgotten_texts_as_written(void **state)
{
    (void)state;
    setenv("SLUICE_TEST_JSON", "hunter2", 1);
    struct yaml_node *tree = parsed("a: ${SLUICE_TEST_JSON}\nb: 1\n");
    free(tree->entries[0].value->text);
    tree->entries[0].value->text = NULL;
    yaml_node_destroy(tree->entries[1].value);
    tree->entries[1].value = NULL;
    expect(tree, false,
           "{\"file\":\"t.yaml\",\"config\":{\"a\":\"${SLUICE_TEST_JSON}\",\"b\":null}}");
    yaml_node_destroy(tree);
    unsetenv("SLUICE_TEST_JSON");
}

static void sources_have_the_names_that_set_takes(void **state)
{
    (void)state;
    struct yaml_node *tree = parsed("a: {b: 1}\nc: [x, {d: 2}]\ne: []\n");
    expect(tree, true,
           "{\"file\":\"t.yaml\",\"config\":{\"a\":{\"b\":1},\"c\":[\"x\",{\"d\":2}],\"e\":[]},"
           "\"sources\":{\"a.b\":\"t.yaml:1:8\",\"c.0\":\"t.yaml:2:5\",\"c.1.d\":\"t.yaml:2:12\","
           "\"e\":\"t.yaml:3:4\"}}");
    yaml_node_destroy(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_have_the_types_of_yaml),
        cmocka_unit_test(keys_without_a_value_are_null_and_forgotten_texts_as_written),
        cmocka_unit_test(sources_have_the_names_that_set_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
