#include "config/errors.h"
#include "config/yaml.h"

/* What is said about a text that is not YAML. */
static void assert_said(const char *label, const char *text, size_t len, const char *expected)
{
    struct diagnostics errors;
    struct yaml_node *node = NULL;
    struct yaml_source source = {.file = "t.yaml", .label = label, .data = text, .len = len};
    diagnostics_init(&errors);
    assert_int_equal(yaml_parse(&source, &errors, &node), ERR_CONFIG);
    assert_null(node);
    assert_errors(&errors, expected);
}

static void tabs_and_references_get_a_hint(void **state)
{
    (void)state;
    static const char tab[] = "a:\n\tb: 1\n", reference[] = "a: {b: ${HOME}}\n";
    assert_said(NULL, tab, strlen(tab),
                "2:1 not valid YAML: found character that cannot start any token while scanning "
                "for the next token; indent with spaces, not with tabs\n");
    assert_said(NULL, reference, strlen(reference),
                "1:9 not valid YAML: did not find expected ',' or '}' while parsing a flow "
                "mapping; inside { } and [ ] write ${...} in quotes\n");
}

static void a_label_stands_in_front(void **state)
{
    (void)state;
    assert_said("log.level", "[", 1,
                "2:1 log.level: not valid YAML: did not find expected node content while parsing "
                "a flow node\n");
}

static void bytes_that_are_no_utf8_have_a_place(void **state)
{
    (void)state;
    assert_said(NULL, "a: b\ncd: \xff\n", 11, "2:5 not valid YAML: invalid leading UTF-8 octet\n");
    assert_said(NULL, "\xff", 1, "1:1 not valid YAML: invalid leading UTF-8 octet\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tabs_and_references_get_a_hint),
        cmocka_unit_test(a_label_stands_in_front),
        cmocka_unit_test(bytes_that_are_no_utf8_have_a_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
