/* core/cli/query.c */
#include "unit.h"

#include "cli/query.h"

#include <string.h>

static void names_and_values_are_joined_as_a_url_has_them(void **state)
{
    char query[QUERY_MAX] = "";
    (void)state;
    assert_true(query_add(query, "identity", "ann b&c/\xc3\xa4"));
    assert_true(query_add(query, "address", NULL));
    assert_true(query_add(query, "topic", "a-._~Z9"));
    assert_string_equal(query, "&identity=ann%20b%26c%2F%C3%A4&topic=a-._~Z9");
}

static void what_does_not_fit_is_refused(void **state)
{
    char query[QUERY_MAX] = "";
    char text[QUERY_MAX / 3];
    (void)state;
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_false(query_add(query, "identity", text));
    assert_string_equal(query, "");
    text[sizeof text - 8] = '\0';
    assert_true(query_add(query, "identity", text));
    assert_false(query_add(query, "identity", text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_values_are_joined_as_a_url_has_them),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
