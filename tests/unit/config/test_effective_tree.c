#include "config/effective_tree.h"
#include "config/effective.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct yaml_node *scalar(const char *text)
{
    struct yaml_node *node = NULL;
    assert_int_equal(effective_scalar(strdup(text), (struct position){"a.yaml", 3, 7}, &node), 0);
    return node;
}

static void a_scalar_without_memory_is_an_error(void **state)
{
    (void)state;
    struct yaml_node *node = NULL;
    assert_int_equal(effective_scalar(NULL, effective_default_position(), &node), ERR_NO_MEMORY);
    assert_null(node);
}

static void texts_that_look_like_others_are_quoted(void **state)
{
    (void)state;
    static const char *const others[] = {"5",  "-1",   "0x1f", "1e3", "1.2",
                                         ".5", "true", "null", "~",   "99999999999999999999"};
    static const char *const texts[] = {"off", "64KiB", "5s", "1/100", "/ws", "auto", "unix:/x"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct yaml_node *node = scalar(others[i]);
        effective_quote(node);
        assert_false(node->plain);
        yaml_node_destroy(node);
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct yaml_node *node = scalar(texts[i]);
        effective_quote(node);
        assert_true(node->plain);
        yaml_node_destroy(node);
    }
}

static void a_null_is_copied_as_an_empty_list_where_one_belongs(void **state)
{
    (void)state;
    struct yaml_node *null = scalar("null"), *copy = NULL;
    assert_int_equal(effective_copy(null, NODE_SEQUENCE, &copy), 0);
    assert_int_equal(copy->kind, NODE_SEQUENCE);
    assert_int_equal(copy->position.line, 3);
    yaml_node_destroy(copy);
    assert_int_equal(effective_copy(null, NODE_SCALAR, &copy), 0);
    assert_int_equal(copy->kind, NODE_SCALAR);
    yaml_node_destroy(copy);
    yaml_node_destroy(null);
}

static void a_source_is_one_line(void **state)
{
    (void)state;
    char text[YAML_COMMENT_MAX];
    struct yaml_node *node = scalar("x");
    effective_source(node, text);
    assert_string_equal(text, "a.yaml:3:7");
    node->position.file = "a\nb: c";
    node->written = strdup("${A:-x\ny\x7f}");
    effective_source(node, text);
    assert_string_equal(text, "a b: c:3:7, written ${A:-x y }");
    node->position.file = yaml_override_file;
    free(node->written);
    node->written = NULL;
    effective_source(node, text);
    assert_string_equal(text, "command line");
    node->position = effective_default_position();
    effective_source(node, text);
    assert_string_equal(text, "default");
    yaml_node_destroy(node);
}

static void a_source_is_cut_where_it_is_too_long(void **state)
{
    (void)state;
    static char path[2 * YAML_COMMENT_MAX];
    char text[YAML_COMMENT_MAX];
    struct yaml_node *node = scalar("x");
    memset(path, 'p', sizeof path - 1);
    node->position.file = path;
    node->written = strdup(path);
    effective_source(node, text);
    assert_true(strlen(text) < sizeof text);
    assert_non_null(strstr(text, "p:3:7, written p"));
    yaml_node_destroy(node);
}

static void a_path_has_the_position_of_what_stood_for_it(void **state)
{
    (void)state;
    struct yaml_node *given = scalar("x"), *node = NULL;
    given->written = strdup("${X}");
    assert_int_equal(effective_path("/a/x", given, &node), 0);
    assert_string_equal(node->text, "/a/x");
    assert_string_equal(node->written, "${X}");
    assert_int_equal(node->position.line, 3);
    yaml_node_destroy(node);
    assert_int_equal(effective_path("b", NULL, &node), 0);
    assert_int_equal(node->text[0], '/');
    assert_ptr_equal(node->position.file, effective_default_file);
    yaml_node_destroy(node);
    yaml_node_destroy(given);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scalar_without_memory_is_an_error),
        cmocka_unit_test(texts_that_look_like_others_are_quoted),
        cmocka_unit_test(a_null_is_copied_as_an_empty_list_where_one_belongs),
        cmocka_unit_test(a_source_is_one_line),
        cmocka_unit_test(a_source_is_cut_where_it_is_too_long),
        cmocka_unit_test(a_path_has_the_position_of_what_stood_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
