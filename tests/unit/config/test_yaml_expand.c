#include "config/yaml_node.h"
#include "config/errors.h"

#include <stdlib.h>

static void check(const char *text, const char *expected, enum node_origin origin)
{
    char why[256];
    struct yaml_expansion expansion;
    assert_int_equal(yaml_expand(text, &expansion, why, sizeof why), 0);
    assert_string_equal(expansion.text, expected);
    assert_int_equal(expansion.origin, origin);
    free(expansion.text);
}

static void refused(const char *text, const char *expected)
{
    char why[256];
    struct yaml_expansion expansion;
    assert_int_equal(yaml_expand(text, &expansion, why, sizeof why), ERR_CONFIG);
    assert_string_equal(why, expected);
}

static void takes_values_from_the_environment(void **state)
{
    (void)state;
    check("plain", "plain", ORIGIN_FILE);
    check("${SL_A}", "alpha", ORIGIN_ENVIRONMENT);
    check("${SL_A}${SL_B}", "alphab", ORIGIN_ENVIRONMENT);
    check("x${SL_A}y", "xalphay", ORIGIN_MIXED);
    check("${SL_EMPTY}", "", ORIGIN_ENVIRONMENT);
    check("", "", ORIGIN_FILE);
}

static void defaults_stand_in_for_unset_and_empty(void **state)
{
    (void)state;
    check("${SL_UNSET:-d}", "d", ORIGIN_MIXED);
    check("${SL_EMPTY:-d:-e}", "d:-e", ORIGIN_MIXED);
    check("${SL_A:-d}", "alpha", ORIGIN_ENVIRONMENT);
    check("${SL_UNSET:-}", "", ORIGIN_ENVIRONMENT);
}

static void two_dollars_keep_the_braces(void **state)
{
    (void)state;
    check("$${SL_A}", "${SL_A}", ORIGIN_FILE);
    check("$", "$", ORIGIN_FILE);
    check("$$ $SL_A $", "$$ $SL_A $", ORIGIN_FILE);
    check("a$$b", "a$$b", ORIGIN_FILE);
}

static void what_was_replaced_is_not_looked_at_again(void **state)
{
    (void)state;
    setenv("SL_NESTED", "${SL_A}", 1);
    check("${SL_NESTED}", "${SL_A}", ORIGIN_ENVIRONMENT);
}

static void unset_and_malformed_are_errors(void **state)
{
    (void)state;
    refused("${SL_UNSET}",
            "the environment variable SL_UNSET is not set; set it, or write ${SL_UNSET:-default}");
    const char *malformed =
        "has a malformed ${...}; write ${NAME} or ${NAME:-default}, or $${ for a literal ${";
    refused("${}", malformed);
    refused("${SL_A", malformed);
    refused("${SL_A:-x", malformed);
    refused("${SL_A-x}", malformed);
    refused("${1A}", malformed);
    refused("a ${ b", malformed);
}

static void length_is_bounded(void **state)
{
    (void)state;
    char value[8192 + 1], text[16 * 9 + 1] = "";
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    setenv("SL_LONG", value, 1);
    for (int i = 0; i < 9; i++)
        strcat(text, "${SL_LONG}");
    refused(text, "is longer than 64KiB");
}

static void errors_have_the_position_of_the_value(void **state)
{
    (void)state;
    struct diagnostics errors;
    struct yaml_node *root = NULL;
    const char *text = "a: ok\nb:\n  - ${SL_UNSET}\n  - '${'\n${SL_A}: key\n";
    struct yaml_source source = {.file = "t.yaml", .data = text, .len = strlen(text)};
    diagnostics_init(&errors);
    assert_int_equal(yaml_parse(&source, &errors, &root), 0);
    assert_non_null(yaml_node_get(root, "${SL_A}")); /* keys are taken as they are */
    yaml_node_destroy(root);
    assert_errors(&errors, "3:5 the environment variable SL_UNSET is not set; set it, or write "
                           "${SL_UNSET:-default}\n"
                           "4:5 has a malformed ${...}; write ${NAME} or ${NAME:-default}, or $${ "
                           "for a literal ${\n");
}

static int set_up(void **state)
{
    (void)state;
    return setenv("SL_A", "alpha", 1) | setenv("SL_B", "b", 1) | setenv("SL_EMPTY", "", 1) |
           unsetenv("SL_UNSET");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_values_from_the_environment),
        cmocka_unit_test(defaults_stand_in_for_unset_and_empty),
        cmocka_unit_test(two_dollars_keep_the_braces),
        cmocka_unit_test(what_was_replaced_is_not_looked_at_again),
        cmocka_unit_test(unset_and_malformed_are_errors),
        cmocka_unit_test(length_is_bounded),
        cmocka_unit_test(errors_have_the_position_of_the_value),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
