#include "config/yaml_write.h"
#include "config/errors.h"

#include <stdlib.h>

static char text[65536];

static struct yaml_node *parsed(const char *yaml)
{
    struct diagnostics errors;
    struct yaml_node *node = NULL;
    struct yaml_source source = {.file = "t.yaml", .data = yaml, .len = strlen(yaml)};
    diagnostics_init(&errors);
    assert_int_equal(yaml_parse(&source, &errors, &node), OK);
    assert_errors(&errors, "");
    return node;
}

/* What is written for a tree. */
static const char *written(const struct yaml_node *root, yaml_comment *comment)
{
    memset(text, 0, sizeof text);
    FILE *file = fmemopen(text, sizeof text, "w");
    yaml_write(file, root, comment);
    fclose(file);
    return text;
}

static void expect(const char *yaml, const char *expected)
{
    struct yaml_node *tree = parsed(yaml);
    assert_string_equal(written(tree, NULL), expected);
    struct yaml_node *again = parsed(text);
    assert_true(yaml_node_equals(tree, again));
    yaml_node_destroy(again);
    yaml_node_destroy(tree);
}

static void each_value_has_a_line(void **state)
{
    (void)state;
    expect("a: 1\nb: {c: x, d: [y, {e: z, f: 2}], g: []}\nh: {}\n",
           "a: 1\nb:\n  c: x\n  d:\n    - y\n    - e: z\n      f: 2\n  g: []\nh: {}\n");
    expect("a: [[1, 2], [], [[3]]]\n",
           "a:\n  -\n    - 1\n    - 2\n  - []\n  -\n    -\n      - 3\n");
    expect("a: [{b: {c: 1}}, {}]\n", "a:\n  - b:\n      c: 1\n  - {}\n");
}

static void what_could_mean_something_else_is_quoted(void **state)
{
    (void)state;
    expect(
        "a: '1'\nb: 'true'\nc: \"*:80\"\nd: ['::1']\ne: 'x: y'\nf: '# no'\ng: ''\n",
        "a: \"1\"\nb: \"true\"\nc: \"*:80\"\nd:\n  - \"::1\"\ne: \"x: y\"\nf: \"# no\"\ng: \"\"\n");
    expect("a: -5\nb: +.5\nd: null\ne: null\nf: a:b\ng: 10/m\nh: '-'\n",
           "a: -5\nb: +.5\nd: null\ne: null\nf: a:b\ng: 10/m\nh: \"-\"\n");
}

static void what_only_double_quotes_can_hold_is_escaped(void **state)
{
    (void)state;
    expect("a: \"q\\\" b\\\\ n\\n t\\t e\\x1b d\\x7f c\\x85 l\\u2028 p\\u2029 m\\ufeff \\u00e9\"\n",
           "a: \"q\\\" b\\\\ n\\x0a t\\x09 e\\x1b d\\x7f c\\x85 l\\u2028 p\\u2029 m\\ufeff "
           "\xc3\xa9\"\n");
    expect("'a b': 1\n'x:': 2\n\"q\\\"\": 3\n\"${A}\": 4\n",
           "\"a b\": 1\n\"x:\": 2\n\"q\\\"\": 3\n\"${A}\": 4\n");
}

static void what_only_looks_like_the_environment_stays_a_text(void **state)
{
    (void)state;
    expect("a: \"$${HOME} $${ $$ $1 $$${\"\n", "a: \"$${HOME} $${ $$ $1 $$${\"\n");
}

static void keys_without_a_value_become_comments(void **state)
{
    (void)state;
    struct yaml_node *tree = parsed("a: {b: 1}\nc: [{d: 1, e: 2}]\nf: {g: 1}\n");
    struct yaml_node *item = tree->entries[1].value->entries[0].value;
    yaml_node_destroy(tree->entries[0].value->entries[0].value);
    tree->entries[0].value->entries[0].value = NULL;
    yaml_node_destroy(item->entries[0].value);
    item->entries[0].value = NULL;
    yaml_node_destroy(tree->entries[2].value);
    tree->entries[2].value = NULL;
    assert_string_equal(written(tree, NULL), "a: {}\n  # b: not set\n"
                                             "c:\n    # d: not set\n  - e: 2\n"
                                             "# f: not set\n");
    yaml_node_destroy(tree);
}

static void a_text_that_was_forgotten_is_written_as_it_was(void **state)
{
    (void)state;
    setenv("SLUICE_TEST_WRITE", "value", 1);
    struct yaml_node *tree = parsed("a: ${SLUICE_TEST_WRITE}\nb: ${SLUICE_TEST_WRITE}\n");
    struct yaml_node *forgotten = tree->entries[0].value;
    free(forgotten->text);
    forgotten->text = NULL;
    assert_string_equal(written(tree, NULL), "a: \"${SLUICE_TEST_WRITE}\"\nb: value\n");
    yaml_node_destroy(tree);
    unsetenv("SLUICE_TEST_WRITE");
}

static void write_line(const struct yaml_node *node, char comment[YAML_COMMENT_MAX])
{
    snprintf(comment, YAML_COMMENT_MAX, "line %u", node->position.line);
}

static void comments_stand_behind_values(void **state)
{
    (void)state;
    struct yaml_node *tree = parsed("a: 1\nb:\n- x\n- {c: y}\nd: []\n");
    assert_string_equal(
        written(tree, write_line),
        "a: 1  # line 1\nb:\n  - x  # line 3\n  - c: y  # line 4\nd: []  # line 5\n");
    yaml_node_destroy(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_value_has_a_line),
        cmocka_unit_test(what_could_mean_something_else_is_quoted),
        cmocka_unit_test(what_only_double_quotes_can_hold_is_escaped),
        cmocka_unit_test(what_only_looks_like_the_environment_stays_a_text),
        cmocka_unit_test(keys_without_a_value_become_comments),
        cmocka_unit_test(a_text_that_was_forgotten_is_written_as_it_was),
        cmocka_unit_test(comments_stand_behind_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
