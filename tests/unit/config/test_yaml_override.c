#include "config/errors.h"
#include "config/yaml.h"

#include <string.h>

static struct diagnostics errors;

static struct yaml_node *tree(const char *text)
{
    struct yaml_node *root = NULL;
    struct yaml_source source = {.file = "t.yaml", .data = text, .len = strlen(text)};
    diagnostics_init(&errors);
    assert_int_equal(yaml_parse(&source, &errors, &root), 0);
    return root;
}

static void refused(const char *text, const char *path, const char *value, const char *expected)
{
    struct yaml_node *root = tree(text);
    assert_int_equal(yaml_override(&root, path, value, &errors), ERR_CONFIG);
    assert_errors(&errors, expected);
    yaml_node_destroy(root);
}

static void replaces_what_is_there(void **state)
{
    (void)state;
    struct yaml_node *root = tree("listen:\n  - address: a\n    tls: {key: k}\nlog: x\n");
    assert_int_equal(yaml_override(&root, "listen.0.address", "\"*:1\"", &errors), 0);
    assert_int_equal(yaml_override(&root, "log", "{level: debug}", &errors), 0);
    const struct yaml_node *first = yaml_node_get(root, "listen")->entries[0].value;
    assert_string_equal(yaml_node_get(first, "address")->text, "*:1");
    assert_string_equal(yaml_node_get(first, "address")->position.file, "--set");
    assert_string_equal(yaml_node_get(yaml_node_get(first, "tls"), "key")->text, "k");
    assert_string_equal(yaml_node_get(yaml_node_get(root, "log"), "level")->text, "debug");
    yaml_node_destroy(root);
}

static void makes_mappings_and_lists_on_the_way(void **state)
{
    (void)state;
    struct yaml_node *root = tree("admin:\n");
    assert_int_equal(yaml_override(&root, "admin.listen", "x", &errors), 0);
    assert_int_equal(yaml_override(&root, "listen.0.address", "a", &errors), 0);
    assert_int_equal(yaml_override(&root, "listen.1.address", "b", &errors), 0);
    const struct yaml_node *listen = yaml_node_get(root, "listen");
    assert_int_equal(listen->kind, NODE_SEQUENCE);
    assert_int_equal(listen->count, 2);
    assert_string_equal(yaml_node_get(listen->entries[1].value, "address")->text, "b");
    assert_string_equal(yaml_node_get(yaml_node_get(root, "admin"), "listen")->text, "x");
    yaml_node_destroy(root);
}

static void starts_from_nothing(void **state)
{
    (void)state;
    struct yaml_node *root = NULL;
    diagnostics_init(&errors);
    assert_int_equal(yaml_override(&root, "a.b", "[1]", &errors), 0);
    assert_int_equal(yaml_node_get(yaml_node_get(root, "a"), "b")->count, 1);
    yaml_node_destroy(root);
}

static void an_empty_value_is_null(void **state)
{
    (void)state;
    struct yaml_node *root = tree("a: 1\n");
    assert_int_equal(yaml_override(&root, "a", "", &errors), 0);
    assert_true(yaml_node_is_null(yaml_node_get(root, "a")));
    yaml_node_destroy(root);
}

static void expands_the_environment(void **state)
{
    (void)state;
    refused(
        "a: 1\n", "a", "[",
        "2:1 a: not valid YAML: did not find expected node content while parsing a flow node\n");
    struct yaml_node *root = tree("a: 1\n");
    assert_int_equal(yaml_override(&root, "a", "${SL_NOT_SET:-5}", &errors), 0);
    assert_string_equal(yaml_node_get(root, "a")->text, "5");
    yaml_node_destroy(root);
}

static void refuses_paths_that_lead_nowhere(void **state)
{
    (void)state;
    const char *text = "a: {b: 1}\nlist: [x, y]\n";
    refused(text, "a.b.c", "1", "1:1 a.b.c: there is a single value where \"c\" should be in\n");
    refused(text, "list.x", "1",
            "1:1 list.x: \"x\" must be a number from 0, since a list is here\n");
    refused(text, "list.3", "1", "1:1 list.3: the list has 2 entries; 2 would add the next one\n");
    refused(text, "list.99999999", "1",
            "1:1 list.99999999: \"99999999\" must be a number from 0, since a list is here\n");
    refused(text, "", "1",
            "1:1 \"\" is not a path; write names and list indexes with dots between, such as "
            "listen.0.address\n");
    refused(text, "a..b", "1",
            "1:1 \"a..b\" is not a path; write names and list indexes with dots between, such as "
            "listen.0.address\n");
    refused(text, "a.", "1", "1:1 \"a.\" ends in a dot\n");
    refused("", "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z.a.b.c.d.e.f.g", "1",
            "1:1 a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z.a.b.c.d.e.f....: too deep\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replaces_what_is_there),
        cmocka_unit_test(makes_mappings_and_lists_on_the_way),
        cmocka_unit_test(starts_from_nothing),
        cmocka_unit_test(an_empty_value_is_null),
        cmocka_unit_test(expands_the_environment),
        cmocka_unit_test(refuses_paths_that_lead_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
