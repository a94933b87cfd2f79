/* core/cli/request_body.c */
#include "unit.h"

#include "cli/request_body.h"

static const struct request_text texts[] = {{"identity", "ann"}, {"topic", NULL}};

static void what_is_given_is_in_it(void **state)
{
    (void)state;
    char *body = request_body(cJSON_CreateObject(), texts, 2, "4001");
    assert_string_equal(body, "{\"identity\":\"ann\",\"code\":4001}");
    cJSON_free(body);
    body = request_body(cJSON_CreateObject(), texts, 2, NULL);
    assert_string_equal(body, "{\"identity\":\"ann\"}");
    cJSON_free(body);
}

static void a_code_has_four_digits(void **state)
{
    (void)state;
    assert_true(request_code_is_number("1008"));
    assert_false(request_code_is_number(""));
    assert_false(request_code_is_number("100"));
    assert_false(request_code_is_number("10080"));
    assert_false(request_code_is_number("-100"));
}

static void there_is_none_without_a_request(void **state)
{
    (void)state;
    assert_null(request_body(NULL, texts, 2, "4001"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_given_is_in_it),
        cmocka_unit_test(a_code_has_four_digits),
        cmocka_unit_test(there_is_none_without_a_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
