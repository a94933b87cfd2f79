#include "cli/schema_values.h"

#include "cli/json_text.h"

#define ENVIRONMENT "{\"$ref\":\"#/definitions/environment\"}"

static void numbers_may_stand_in_quotes_and_have_bounds(void **state)
{
    (void)state;
    cJSON *alternatives = cJSON_CreateArray();
    schema_add_integer(alternatives, (struct bounds){1, 9});
    assert_json(
        schema_scalar(alternatives),
        "{\"anyOf\":[{\"type\":\"integer\",\"minimum\":1,\"maximum\":9},{\"type\":\"string\","
        "\"pattern\":\"^([-+]?[0-9]+|0x[0-9A-Fa-f]+|0o[0-7]+)$\"}," ENVIRONMENT "]}");
    alternatives = cJSON_CreateArray();
    schema_add_number(alternatives, (struct bounds){0, 0});
    assert_json(alternatives, "[{\"type\":\"number\"},{\"type\":\"string\",\"pattern\":"
                              "\"^[-+]?([0-9]+\\\\.?[0-9]*|\\\\.[0-9]+)([eE][-+]?[0-9]+)?$\"}]");
}

static void measures_are_patterns(void **state)
{
    (void)state;
    cJSON *alternatives = cJSON_CreateArray();
    schema_add_duration(alternatives);
    schema_add_size(alternatives, (struct bounds){1, 1024});
    schema_add_rate(alternatives);
    schema_add_bool(alternatives);
    assert_json(alternatives,
                "[{\"type\":\"string\",\"pattern\":\"^(0|[0-9]+(us|ms|s|m|h))$\"},{\"const\":0},"
                "{\"type\":\"string\",\"pattern\":\"^[0-9]+(KiB|MiB|GiB)?$\"},"
                "{\"type\":\"integer\",\"minimum\":1,\"maximum\":1024},"
                "{\"type\":\"string\",\"pattern\":\"^[0-9.]+/(s|m|h)$\"},{\"type\":\"boolean\"}]");
}

static void a_word_that_looks_like_a_number_may_be_one(void **state)
{
    (void)state;
    cJSON *alternatives = cJSON_CreateArray();
    schema_add_word(alternatives, "auto");
    schema_add_word(alternatives, "1.2");
    schema_add_word(alternatives, "0600");
    assert_json(alternatives, "[{\"const\":\"auto\"},{\"const\":\"1.2\"},{\"const\":1.2},"
                              "{\"const\":\"0600\"},{\"const\":600}]");
}

static void texts_have_lengths_that_no_character_breaks(void **state)
{
    (void)state;
    cJSON *alternatives = cJSON_CreateArray();
    schema_add_text(alternatives, (struct bounds){2, 8}); /* bytes: one character may have 4 */
    assert_json(alternatives, "[{\"type\":\"string\",\"minLength\":1,\"maxLength\":8},"
                              "{\"type\":[\"number\",\"boolean\"]}]");
    alternatives = cJSON_CreateArray();
    schema_add_text(alternatives, (struct bounds){0, 0});
    assert_json(alternatives, "[{\"type\":\"string\"},{\"type\":[\"number\",\"boolean\"]}]");
}

static void a_secret_is_a_reference(void **state)
{
    (void)state;
    cJSON *alternatives = cJSON_CreateArray();
    schema_add_secret(alternatives);
    assert_int_equal(cJSON_GetArraySize(alternatives), 3);
    cJSON *env = cJSON_DetachItemFromArray(alternatives, 1);
    assert_json(env,
                "{\"additionalProperties\":false,\"properties\":{\"env\":{\"anyOf\":[{\"type\":"
                "\"string\",\"minLength\":1,\"maxLength\":4096},{\"type\":[\"number\","
                "\"boolean\"]}," ENVIRONMENT "]}},\"required\":[\"env\"],\"type\":\"object\"}");
    cJSON_Delete(alternatives);
}

static void a_list_may_be_null_unless_it_needs_an_entry(void **state)
{
    (void)state;
    assert_json(schema_list(cJSON_CreateObject(), false, (struct bounds){0, 5}),
                "{\"type\":[\"array\",\"null\"],\"maxItems\":5,\"items\":{}}");
    assert_json(schema_list(cJSON_CreateObject(), true, (struct bounds){0, 0}),
                "{\"type\":\"array\",\"minItems\":1,\"items\":{}}");
}

static void a_mapping_without_required_keys_may_be_null(void **state)
{
    (void)state;
    cJSON *mapping = schema_mapping();
    schema_add_key(mapping, "a", cJSON_CreateObject(), false);
    schema_end_mapping(mapping);
    schema_add_description(mapping, "What it is", "");
    assert_json(mapping, "{\"additionalProperties\":false,\"properties\":{\"a\":{}},\"type\":"
                         "[\"object\",\"null\"],\"description\":\"What it is\"}");
}

static void descriptions_end_with_the_range(void **state)
{
    (void)state;
    cJSON *schema = cJSON_CreateObject();
    schema_add_description(schema, "How long", "1s to 1h");
    assert_json(schema, "{\"description\":\"How long (1s to 1h)\"}");
    schema = cJSON_CreateObject();
    schema_add_description(schema, NULL, "");
    assert_json(schema, "{}");
}

static void what_comes_from_the_environment_is_described_once(void **state)
{
    (void)state;
    cJSON *schema = schema_environment();
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(schema, "pattern")),
                        "\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\}");
    cJSON_Delete(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_may_stand_in_quotes_and_have_bounds),
        cmocka_unit_test(measures_are_patterns),
        cmocka_unit_test(a_word_that_looks_like_a_number_may_be_one),
        cmocka_unit_test(texts_have_lengths_that_no_character_breaks),
        cmocka_unit_test(a_secret_is_a_reference),
        cmocka_unit_test(a_list_may_be_null_unless_it_needs_an_entry),
        cmocka_unit_test(a_mapping_without_required_keys_may_be_null),
        cmocka_unit_test(descriptions_end_with_the_range),
        cmocka_unit_test(what_comes_from_the_environment_is_described_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
