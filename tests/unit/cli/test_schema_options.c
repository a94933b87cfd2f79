#include "config/option_rows.h"
#include "cli/schema_keys.h"

#include <cjson/cJSON.h>

static struct plugin demo = {.table = {.name = "demo", .summary = "For tests"}};

static cJSON *schema;

static void expect(const char *option, const char *member, const char *expected)
{
    cJSON *properties = cJSON_GetObjectItemCaseSensitive(schema, "properties");
    cJSON *value = cJSON_GetObjectItemCaseSensitive(properties, option);
    cJSON *json = cJSON_GetObjectItemCaseSensitive(value, member);
    char *text = json != NULL ? cJSON_PrintUnformatted(json) : NULL;
    assert_string_equal(text != NULL ? text : "missing", expected);
    cJSON_free(text);
}

static void options_have_their_types(void **state)
{
    (void)state;
    expect("flag", "anyOf", "[{\"type\":\"boolean\"},{\"$ref\":\"#/definitions/environment\"}]");
    expect("colour", "anyOf",
           "[{\"const\":\"red\"},{\"const\":\"green\"},{\"$ref\":\"#/definitions/environment\"}]");
    expect("map", "type", "[\"object\",\"null\"]");
    expect("maps", "items", "{\"type\":[\"object\",\"null\"]}");
    expect("words", "type", "[\"array\",\"null\"]");
    cJSON *secret = cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(schema, "properties"), "password");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(secret, "anyOf")), 3);
}

static void defaults_are_values_and_ranges_are_in_descriptions(void **state)
{
    (void)state;
    expect("flag", "default", "true");
    expect("wait", "default", "\"250ms\"");
    expect("colours", "default", "[\"green\",\"red\"]");
    expect("count", "default", "missing");
    expect("wait", "description", "\"s (1ms to 1m)\"");
    expect("room", "description", "\"s (1KiB to 1MiB)\"");
    expect("speed", "description", "\"s (30/m to 100/s)\"");
    expect("title", "description", "\"s (2 to 5 bytes)\"");
    expect("count", "description", "\"s (1 to 10)\"");
    expect("map", "description", "\"s\"");
}

static void without_required_options_there_need_be_none(void **state)
{
    (void)state;
    cJSON *types = cJSON_GetObjectItemCaseSensitive(schema, "type");
    assert_int_equal(cJSON_GetArraySize(types), 2);
    assert_string_equal(
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(schema, "description")), "For tests");
}

static int describe(void **state)
{
    (void)state;
    demo.options = table;
    schema = schema_options_describe(&demo);
    return schema != NULL ? 0 : -1;
}

static int forget(void **state)
{
    (void)state;
    cJSON_Delete(schema);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_have_their_types),
        cmocka_unit_test(defaults_are_values_and_ranges_are_in_descriptions),
        cmocka_unit_test(without_required_options_there_need_be_none),
    };
    return cmocka_run_group_tests(tests, describe, forget);
}
