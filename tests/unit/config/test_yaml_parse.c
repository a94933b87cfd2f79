#include "config/yaml.h"
#include "config/errors.h"

#include <stdlib.h>
#include <string.h>

static struct diagnostics errors;

static int parse(const char *text, struct yaml_node **out)
{
    struct yaml_source source = {.file = "t.yaml", .data = text, .len = strlen(text)};
    diagnostics_init(&errors);
    return yaml_parse(&source, &errors, out);
}

/* Parses a text that must be right. */
static struct yaml_node *good(const char *text)
{
    struct yaml_node *root = NULL;
    assert_int_equal(parse(text, &root), 0);
    assert_errors(&errors, "");
    return root;
}

/* Parses a text of which nothing can be used. */
static void refused(const char *text, const char *expected)
{
    struct yaml_node *root = NULL;
    assert_int_equal(parse(text, &root), ERR_CONFIG);
    assert_null(root);
    assert_errors(&errors, expected);
}

static void keeps_the_position_of_every_key_and_value(void **state)
{
    (void)state;
    struct yaml_node *root = good("a: 1\nlist:\n  - x\n  - {k: 'v'}\n");
    assert_int_equal(root->kind, NODE_MAPPING);
    assert_int_equal(root->count, 2);
    const struct yaml_node *list = yaml_node_get(root, "list");
    assert_int_equal(root->entries[1].key_position.line, 2);
    assert_int_equal(root->entries[1].key_position.column, 1);
    assert_int_equal(list->kind, NODE_SEQUENCE);
    assert_int_equal(list->entries[0].value->position.line, 3);
    assert_int_equal(list->entries[0].value->position.column, 5);
    const struct yaml_node *quoted = yaml_node_get(list->entries[1].value, "k");
    assert_int_equal(quoted->position.line, 4);
    assert_int_equal(quoted->position.column, 9);
    assert_string_equal(quoted->position.file, "t.yaml");
    assert_string_equal(quoted->text, "v");
    assert_false(quoted->plain);
    assert_true(yaml_node_get(root, "a")->plain);
    assert_null(yaml_node_get(root, "b"));
    yaml_node_destroy(root);
}

static void nothing_is_null(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "# only a comment\n", "---\n", "~", "null"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct yaml_node *root = good(texts[i]);
        assert_true(yaml_node_is_null(root));
        yaml_node_destroy(root);
    }
    struct yaml_node *quoted = good("''");
    assert_false(yaml_node_is_null(quoted));
    yaml_node_destroy(quoted);
}

static void reports_duplicate_keys_and_keeps_the_first(void **state)
{
    (void)state;
    struct yaml_node *root = NULL;
    assert_int_equal(parse("a: 1\nb: 2\na: 3\nc: {x: 1, x: 2}\n", &root), 0);
    assert_string_equal(yaml_node_get(root, "a")->text, "1");
    yaml_node_destroy(root);
    assert_errors(&errors,
                  "3:1 the key \"a\" is here twice (first on line 1); keep one of them\n"
                  "4:11 the key \"x\" is here twice (first on line 4); keep one of them\n");
}

static void syntax_errors_have_positions_and_hints(void **state)
{
    (void)state;
    refused("a: [1, 2\nb: 3\n",
            "2:2 not valid YAML: did not find expected ',' or ']' while parsing "
            "a flow sequence\n");
    refused("a:\n\t- b\n", "2:1 not valid YAML: found character that cannot start any token while "
                           "scanning for the next token; indent with spaces, not with tabs\n");
    refused("a: {b: ${C}}\n",
            "1:9 not valid YAML: did not find expected ',' or '}' while parsing a "
            "flow mapping; inside { } and [ ] write ${...} in quotes\n");
    refused("a: b: c\n", "1:5 not valid YAML: mapping values are not allowed in this context\n");
    refused("a: 1\nb: \x01\n", "2:4 not valid YAML: control characters are not allowed\n");
}

static void refuses_what_the_dialect_leaves_out(void **state)
{
    (void)state;
    refused("a: 1\n---\nb: 2\n", "3:1 only one YAML document is expected; remove the second\n");
    refused("[a, b]: 1\n", "1:1 a key must be a plain name\n");
    refused("'': 1\n", "1:1 a key must be a name that is not empty\n");
    refused("a: &x {b: 1}\nc:\n  <<: *x\n",
            "3:3 merge keys (<<) are not supported; write the values out, or use an alias (*name) "
            "for the whole mapping\n");
    struct yaml_node *root = NULL;
    assert_int_equal(parse("a: !!str 1\nb: \"x\\0y\"\n", &root), 0);
    assert_true(yaml_node_get(root, "a")->broken);
    yaml_node_destroy(root);
    assert_errors(&errors, "1:4 tags (\"tag:yaml.org,2002:str\") are not supported; leave it out\n"
                           "2:4 a value must not hold a zero byte\n");
}

static void an_alias_is_a_copy_of_its_anchor(void **state)
{
    (void)state;
    struct yaml_node *root = good("a: &x {k: [1, two]}\nb: *x\nc: &x 3\nd: *x\n");
    const struct yaml_node *copy = yaml_node_get(yaml_node_get(root, "b"), "k");
    assert_string_equal(copy->entries[1].value->text, "two");
    assert_ptr_not_equal(copy, yaml_node_get(yaml_node_get(root, "a"), "k"));
    assert_string_equal(yaml_node_get(root, "d")->text, "3");
    yaml_node_destroy(root);
    const char *missing = "1:4 there is no anchor &y before this alias (it cannot stand inside "
                          "itself either)\n";
    refused("b: *y\n", missing);
    refused("a: &y [*y]\n", "1:8 there is no anchor &y before this alias (it cannot stand inside "
                            "itself either)\n");
}

#define TOO_LARGE                                                                                  \
    "the configuration is too large: at most 50000 values, 4194304 bytes of text, 32 levels\n"

static void aliases_cannot_blow_the_tree_up(void **state)
{
    (void)state;
    char text[4096] = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 9; i++) {
        char line[128];
        snprintf(line, sizeof line,
                 "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1,
                 i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
        strcat(text, line);
    }
    refused(text, "5:25 " TOO_LARGE);
}

static void depth_and_keys_are_bounded(void **state)
{
    (void)state;
    char deep[128];
    memset(deep, '[', 31);
    memset(deep + 31, ']', 31);
    deep[62] = '\0';
    yaml_node_destroy(good(deep));
    memset(deep, '[', 33);
    memset(deep + 33, ']', 33);
    deep[66] = '\0';
    refused(deep, "1:33 " TOO_LARGE);

    char *keys = malloc(16 * 1024);
    size_t len = 0;
    for (int i = 0; i < 1001; i++)
        len += (size_t)sprintf(keys + len, "k%d: 1\n", i);
    refused(keys, "1001:1 more than 1000 keys in one mapping\n");
    free(keys);
}

static void size_is_bounded(void **state)
{
    (void)state;
    size_t len = YAML_MAX_FILE + 1;
    char *text = malloc(len + 1);
    memset(text, '#', len);
    text[len] = '\0';
    refused(text, "0:0 larger than 1048576 bytes\n");
    free(text);
}

static void labels_go_in_front_of_errors(void **state)
{
    (void)state;
    struct yaml_node *root = NULL;
    struct yaml_source source = {.file = "--set", .label = "log.level", .data = "[", .len = 1};
    diagnostics_init(&errors);
    assert_int_equal(yaml_parse(&source, &errors, &root), ERR_CONFIG);
    assert_errors(&errors,
                  "2:1 log.level: not valid YAML: did not find expected node content while "
                  "parsing a flow node\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_position_of_every_key_and_value),
        cmocka_unit_test(nothing_is_null),
        cmocka_unit_test(reports_duplicate_keys_and_keeps_the_first),
        cmocka_unit_test(syntax_errors_have_positions_and_hints),
        cmocka_unit_test(refuses_what_the_dialect_leaves_out),
        cmocka_unit_test(an_alias_is_a_copy_of_its_anchor),
        cmocka_unit_test(aliases_cannot_blow_the_tree_up),
        cmocka_unit_test(depth_and_keys_are_bounded),
        cmocka_unit_test(size_is_bounded),
        cmocka_unit_test(labels_go_in_front_of_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
