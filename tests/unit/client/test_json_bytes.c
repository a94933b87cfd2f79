#include "client/json_bytes.h"

#include "unit.h"

#include <string.h>

static void expect_added(const void *data, size_t len, const char *expected)
{
    cJSON *object = cJSON_CreateObject();
    json_bytes_add(object, "a", "b", data, len);
    char *text = cJSON_PrintUnformatted(object);
    assert_string_equal(text, expected);
    cJSON_free(text);
    cJSON_Delete(object);
}

static void text_is_text(void **state)
{
    (void)state;
    expect_added("gr\xc3\xbc\xc3\x9f", 6, "{\"a\":\"gr\xc3\xbc\xc3\x9f\"}");
    expect_added("x\"\n", 3, "{\"a\":\"x\\\"\\n\"}");
    expect_added("", 0, "{\"a\":\"\"}");
    assert_true(json_bytes_is_text(NULL, 0));
}

static void other_bytes_are_base64(void **state)
{
    (void)state;
    expect_added("\xff\x00\x01", 3, "{\"b\":\"/wAB\"}");
    expect_added("a\0b", 3, "{\"b\":\"YQBi\"}");
    expect_added("gr\xc3", 3, "{\"b\":\"Z3LD\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_text),
        cmocka_unit_test(other_bytes_are_base64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
