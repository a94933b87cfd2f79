/* core/admin/json_body.c: what is taken for a JSON object. */
#include "unit.h"

#include "admin/json_body.h"

#include <string.h>

static bool is_object(const char *text, size_t len)
{
    cJSON *value = json_parse_object(text, len);
    bool is = value != NULL;
    cJSON_Delete(value);
    return is;
}

static void takes_one_object(void **state)
{
    (void)state;
    assert_true(is_object("{}", 2));
    assert_true(is_object("{\"text\":\"a\"} \r\n", 15));
    assert_true(is_object("{}garbage", 2)); /* behind the end */
}

static void refuses_everything_else(void **state)
{
    static const char *const texts[] = {
        "", " ", "null", "[]", "\"text\"", "{", "{}x", "{}{}", "{\"a\":}", "{\"a\" \"b\"}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_false(is_object(texts[i], strlen(texts[i])));
}

static void refuses_strings_with_a_zero_byte(void **state)
{
    static const char zero[] = "{\"a\":\"\0\"}";
    static const char escaped[] = "{\"a\":\"b\\u0000\"}";
    static const char escaped_backslash[] = "{\"a\":\"\\\\u0000\"}";
    (void)state;
    assert_false(is_object(zero, sizeof zero - 1));
    assert_false(is_object(escaped, sizeof escaped - 1));
    assert_true(is_object(escaped_backslash, sizeof escaped_backslash - 1));
    assert_false(is_object("{\"a\":\"\\u00", 10)); /* cut in the middle */
}

static void refuses_deep_nesting_without_harm(void **state)
{
    char text[8192];
    (void)state;
    memset(text, '[', sizeof text);
    memcpy(text, "{\"a\":", 5);
    assert_false(is_object(text, sizeof text));
}

static void names_members_that_should_not_be_there(void **state)
{
    static const char *const names[] = {"text", "topic"};
    static const char good[] = "{\"topic\":\"t\"}";
    static const char unknown[] = "{\"topic\":\"t\",\"txt\":\"x\"}";
    static const char number[] = "{\"topic\":1}";
    const char *stranger;
    (void)state;
    cJSON *value = json_parse_object(good, sizeof good - 1);
    assert_true(json_has_only_strings(value, names, 2, &stranger));
    assert_string_equal(json_string(value, "topic"), "t");
    assert_null(json_string(value, "text"));
    cJSON_Delete(value);
    value = json_parse_object(unknown, sizeof unknown - 1);
    assert_false(json_has_only_strings(value, names, 2, &stranger));
    assert_string_equal(stranger, "txt");
    cJSON_Delete(value);
    value = json_parse_object(number, sizeof number - 1);
    assert_false(json_has_only_strings(value, names, 2, &stranger));
    assert_string_equal(stranger, "topic");
    assert_null(json_string(value, "topic"));
    cJSON_Delete(value);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_one_object),
        cmocka_unit_test(refuses_everything_else),
        cmocka_unit_test(refuses_strings_with_a_zero_byte),
        cmocka_unit_test(refuses_deep_nesting_without_harm),
        cmocka_unit_test(names_members_that_should_not_be_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
