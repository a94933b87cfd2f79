#include "config/yaml_node.h"
#include "config/errors.h"
#include "failing_memory.h"

#include <stdint.h>
#include <stdlib.h>

static struct yaml_node *parsed(const char *text)
{
    struct diagnostics errors;
    struct yaml_node *node = NULL;
    struct yaml_source source = {.file = "t.yaml", .data = text, .len = strlen(text)};
    diagnostics_init(&errors);
    assert_int_equal(yaml_parse(&source, &errors, &node), OK);
    assert_errors(&errors, "");
    return node;
}

/* Whether two texts say the same, seen from both sides. */
static bool same(const char *a, const char *b)
{
    struct yaml_node *first = parsed(a), *second = parsed(b);
    bool equal = yaml_node_equals(first, second);
    assert_int_equal(yaml_node_equals(second, first), equal);
    yaml_node_destroy(first);
    yaml_node_destroy(second);
    return equal;
}

static void trees_are_equal_that_say_the_same(void **state)
{
    (void)state;
    assert_true(same("{a: 1, b: [x, {c: d}]}", "a: 1\nb:\n- x\n- c: d\n"));
    assert_true(same("{}", ""));
    assert_true(same("~", "null"));
    assert_false(same("{a: 1}", "{a: 2}"));
    assert_false(same("{a: 1}", "{b: 1}"));
    assert_false(same("{a: 1, b: 2}", "{b: 2, a: 1}")); /* a pipeline has an order */
    assert_false(same("[a]", "[a, b]"));
    assert_false(same("[a]", "{a: }"));
    assert_false(same("[]", "{}"));
    assert_false(same("1", "'1'")); /* a number and a text */
    assert_true(yaml_node_equals(NULL, NULL));
}

static void only_plain_words_are_null(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_null;
    } cases[] = {{"", true},      {"~", true},    {"null", true}, {"Null", true}, {"NULL", true},
                 {"nUll", false}, {"'~'", false}, {"''", false},  {"[]", false},  {"{}", false}};
    assert_true(yaml_node_is_null(NULL));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct yaml_node *node = parsed(cases[i].text);
        assert_int_equal(yaml_node_is_null(node), cases[i].is_null);
        yaml_node_destroy(node);
    }
}

static void a_key_is_looked_up_in_mappings_only(void **state)
{
    (void)state;
    struct yaml_node *node = parsed("{a: 1, b: 2}");
    assert_string_equal(yaml_node_get(node, "b")->text, "2");
    assert_int_equal(yaml_node_entry(node, "b")->key_position.column, 8);
    assert_null(yaml_node_get(node, "c"));
    assert_null(yaml_node_get(yaml_node_get(node, "a"), "b"));
    assert_null(yaml_node_get(NULL, "a"));
    assert_null(yaml_node_entry(NULL, "a"));
    yaml_node_destroy(node);
}

static void kinds_have_names(void **state)
{
    (void)state;
    const struct yaml_node mapping = {.kind = NODE_MAPPING}, list = {.kind = NODE_SEQUENCE},
                           scalar = {.kind = NODE_SCALAR};
    assert_string_equal(yaml_node_kind_name(&mapping), "a mapping");
    assert_string_equal(yaml_node_kind_name(&list), "a list");
    assert_string_equal(yaml_node_kind_name(&scalar), "a single value");
}

static void a_copy_says_the_same_and_stands_where_the_original_does(void **state)
{
    (void)state;
    struct yaml_budget budget = {.nodes = 5, .text = 3};
    struct yaml_node *node = parsed("\n{a: [b, c], d: e}"), *copy = NULL;
    assert_int_equal(yaml_node_copy(node, 0, &budget, &copy), OK);
    assert_true(yaml_node_equals(node, copy));
    assert_ptr_not_equal(yaml_node_get(copy, "d"), yaml_node_get(node, "d"));
    assert_int_equal(yaml_node_get(copy, "d")->position.line, 2);
    assert_int_equal(budget.nodes, 0);
    assert_int_equal(budget.text, 0);
    yaml_node_destroy(copy);
    yaml_node_destroy(node);
}

static void a_copy_keeps_to_its_budget_and_to_the_depth(void **state)
{
    (void)state;
    struct yaml_node *node = parsed("{a: [b, c], d: e}"), *copy = NULL;
    struct yaml_budget few = {.nodes = 4, .text = 100}, short_one = {.nodes = 100, .text = 2},
                       enough = {.nodes = 100, .text = 100};
    assert_int_equal(yaml_node_copy(node, 0, &few, &copy), ERR_LIMIT);
    assert_int_equal(yaml_node_copy(node, 0, &short_one, &copy), ERR_LIMIT);
    assert_int_equal(yaml_node_copy(node, YAML_MAX_DEPTH - 2, &enough, &copy), ERR_LIMIT);
    assert_null(copy);
    assert_int_equal(yaml_node_copy(node, YAML_MAX_DEPTH - 3, &enough, &copy), OK);
    yaml_node_destroy(copy);
    yaml_node_destroy(node);
}

static int copy_and_free(void *context)
{
    struct yaml_budget budget = {.nodes = 100, .text = 1000};
    struct yaml_node *copy = NULL;
    int error = yaml_node_copy(context, 0, &budget, &copy);
    yaml_node_destroy(copy);
    return error;
}

static void a_copy_survives_every_failing_allocation(void **state)
{
    (void)state;
    struct yaml_node *node = parsed("{a: [b, c, d, e, f], g: {h: i}}");
    assert_true(survive_failing_allocations(copy_and_free, node) > 15);
    yaml_node_destroy(node);
}

static void appending_takes_the_value_even_without_memory(void **state)
{
    (void)state;
    struct yaml_node *mapping = yaml_node_create(NODE_MAPPING, (struct position){0});
    for (unsigned nth = 1; nth <= 2; nth++) { /* room for entries, then the key */
        struct yaml_node *value = yaml_node_create(NODE_MAPPING, (struct position){0});
        fail_allocation(nth);
        assert_int_equal(yaml_node_append(mapping, "a", (struct position){0}, value),
                         ERR_NO_MEMORY);
        fail_allocation(0);
        assert_int_equal(mapping->count, 0);
    }
    yaml_node_destroy(mapping);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_are_equal_that_say_the_same),
        cmocka_unit_test(only_plain_words_are_null),
        cmocka_unit_test(a_key_is_looked_up_in_mappings_only),
        cmocka_unit_test(kinds_have_names),
        cmocka_unit_test(a_copy_says_the_same_and_stands_where_the_original_does),
        cmocka_unit_test(a_copy_keeps_to_its_budget_and_to_the_depth),
        cmocka_unit_test(a_copy_survives_every_failing_allocation),
        cmocka_unit_test(appending_takes_the_value_even_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
