#include "config/yaml_anchors.h"
#include "failing_memory.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static struct yaml_node *scalar(const char *text)
{
    struct yaml_node *node = yaml_node_create(NODE_SCALAR, (struct position){0});
    assert_non_null(node);
    node->text = strdup(text);
    assert_non_null(node->text);
    return node;
}

static void the_latest_anchor_of_a_name_counts(void **state)
{
    (void)state;
    struct yaml_anchors anchors = {.count = 0};
    struct yaml_budget budget = {.nodes = 10, .text = 100};
    static const char *const pairs[][2] = {{"a", "first"}, {"b", "other"}, {"a", "second"}};
    for (size_t i = 0; i < 3; i++) {
        struct yaml_node *node = scalar(pairs[i][1]);
        assert_int_equal(yaml_anchors_add(&anchors, pairs[i][0], node, &budget), OK);
        yaml_node_destroy(node); /* what was added is a copy */
    }
    assert_string_equal(yaml_anchors_get(&anchors, "a")->text, "second");
    assert_string_equal(yaml_anchors_get(&anchors, "b")->text, "other");
    assert_null(yaml_anchors_get(&anchors, "c"));
    yaml_anchors_deinit(&anchors);
    assert_null(yaml_anchors_get(&anchors, "a"));
}

static void a_copy_counts_against_the_budget(void **state)
{
    (void)state;
    struct yaml_anchors anchors = {.count = 0};
    struct yaml_budget budget = {.nodes = 1, .text = 100};
    struct yaml_node *node = scalar("text");
    assert_int_equal(yaml_anchors_add(&anchors, "a", node, &budget), OK);
    assert_int_equal(budget.text, 96);
    assert_int_equal(yaml_anchors_add(&anchors, "b", node, &budget), ERR_LIMIT);
    assert_null(yaml_anchors_get(&anchors, "b"));
    yaml_node_destroy(node);
    yaml_anchors_deinit(&anchors);
}

static int add_anchor(void *node)
{
    struct yaml_anchors anchors = {.count = 0};
    struct yaml_budget budget = {.nodes = 10, .text = 100};
    int error = yaml_anchors_add(&anchors, "a", node, &budget);
    assert_int_equal(anchors.count, error == OK ? 1 : 0);
    yaml_anchors_deinit(&anchors);
    return error;
}

static void survives_every_failing_allocation(void **state)
{
    (void)state;
    struct yaml_node *node = scalar("text");
    assert_int_equal(survive_failing_allocations(add_anchor, node), 3);
    yaml_node_destroy(node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_latest_anchor_of_a_name_counts),
        cmocka_unit_test(a_copy_counts_against_the_budget),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
