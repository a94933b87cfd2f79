#include "base/json_text.h"

#include "unit.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

static char *print(const char *text)
{
    char *printed = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&printed, &len);
    assert_non_null(to);
    json_text_print(to, text);
    assert_int_equal(fclose(to), 0);
    return printed;
}

static void assert_printed(const char *text, const char *expected)
{
    char *printed = print(text);
    assert_string_equal(printed, expected);
    free(printed);
}

static void del_and_c1_controls_are_escaped(void **state)
{
    (void)state;
    assert_printed("\"\x7f\"", "\"\\u007f\"");
    assert_printed("\"a\xc2\x80\xc2\x9b\xc2\x9f"
                   "b\"",
                   "\"a\\u0080\\u009b\\u009fb\"");
    assert_printed("\xc2\x9d\x7f", "\\u009d\\u007f");
}

static void other_text_stays_as_it_is(void **state)
{
    (void)state;
    assert_printed("", "");
    assert_printed("{\"a\":[1,\"\\u001b\\\\\"]}\n", "{\"a\":[1,\"\\u001b\\\\\"]}\n");
    assert_printed("\xc2\xa0\xc3\x80\xe2\x82\xac\xf0\x9f\x92\xa7~",
                   "\xc2\xa0\xc3\x80\xe2\x82\xac\xf0\x9f\x92\xa7~");
}

static void bytes_that_are_no_utf8_are_replaced(void **state)
{
    (void)state;
    assert_printed("\xff", "\\ufffd");
    assert_printed("{\"a\":\"\xc3\"}", "{\"a\":\"\\ufffd\"}");
    assert_printed("\xc2", "\\ufffd");
    assert_printed("\xc2\xc2\x9b", "\\ufffd\\u009b");
    assert_printed("\xc2\x7f", "\\ufffd\\u007f");
    assert_printed("\xf0\x9f\x92", "\\ufffd\\ufffd\\ufffd");
    assert_printed("\xed\xa0\x80x\xc0\xaf", "\\ufffd\\ufffd\\ufffdx\\ufffd\\ufffd");
}

static void the_value_is_the_same(void **state)
{
    static const char value[] = "\\\x7f\"\xc2\x9b"
                                "31m\\\xc2\x85\x1b\xc3\xa4";
    (void)state;
    cJSON *string = cJSON_CreateString(value);
    char *text = cJSON_PrintUnformatted(string);
    assert_non_null(text);
    char *printed = print(text);
    cJSON *read = cJSON_Parse(printed);
    assert_string_not_equal(printed, text);
    assert_string_equal(cJSON_GetStringValue(read), value);
    cJSON_Delete(read);
    free(printed);
    cJSON_free(text);
    cJSON_Delete(string);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(del_and_c1_controls_are_escaped),
        cmocka_unit_test(other_text_stays_as_it_is),
        cmocka_unit_test(bytes_that_are_no_utf8_are_replaced),
        cmocka_unit_test(the_value_is_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
