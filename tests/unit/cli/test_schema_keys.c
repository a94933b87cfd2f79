#include "cli/schema_keys.h"

#include "config/config_schema.h"
#include "unit.h"

#include <string.h>

static const struct sl_option needed[] = {
    {.name = "url", .type = SL_OPTION_STRING, .flags = SL_OPTION_REQUIRED, .summary = "Where"}};

static struct plugin first = {.table = {.name = "first", .summary = "The first"}};
static struct plugin second = {.table = {.name = "second", .summary = "The second"},
                               .options = {needed, 1, sizeof needed[0]}};
static struct plugin *both[] = {&first, &second};
static const struct plugin_set plugins = {.plugins = both, .count = 2};
static const struct plugin_set none = {.count = 0};

/* What is at a path of names and indexes with slashes between. */
static cJSON *at(cJSON *json, const char *path)
{
    char copy[256], *rest = copy;
    snprintf(copy, sizeof copy, "%s", path);
    for (char *name; json != NULL && (name = strsep(&rest, "/")) != NULL;)
        json = cJSON_IsArray(json) ? cJSON_GetArrayItem(json, name[0] - '0')
                                   : cJSON_GetObjectItemCaseSensitive(json, name);
    assert_non_null(json);
    return json;
}

static void expect(cJSON *schema, const char *path, const char *expected)
{
    char *text = cJSON_PrintUnformatted(at(schema, path));
    assert_string_equal(text, expected);
    cJSON_free(text);
}

static void keys_have_types_ranges_defaults_and_descriptions(void **state)
{
    (void)state;
    cJSON *schema = schema_describe(&config_schema, &none);
    expect(schema, "required", "[\"listen\",\"endpoints\"]");
    expect(schema, "additionalProperties", "false");
    expect(schema, "properties/loops/default", "\"auto\"");
    expect(schema, "properties/loops/anyOf/2", "{\"const\":\"auto\"}");
    expect(schema, "properties/limits/properties/clients/description",
           "\"Clients of the whole server; one more gets 503 (1 to 10000000)\"");
    expect(schema, "properties/shutdown/properties/grace/description",
           "\"How long a stopping server waits for its clients to leave (0, 1ms to 1h)\"");
    expect(schema, "properties/listen/items/properties/tls/properties/min_version/default",
           "\"1.2\"");
    expect(schema, "properties/demo_page/default", "false");
    cJSON_Delete(schema);
}

static void what_a_later_version_will_have_is_not_there(void **state)
{
    (void)state;
    cJSON *schema = schema_describe(&config_schema, &none);
    cJSON *clients = at(schema, "properties/endpoints/items/properties/clients/properties");
    assert_non_null(cJSON_GetObjectItemCaseSensitive(clients, "max"));
    assert_null(cJSON_GetObjectItemCaseSensitive(clients, "per_identity"));
    cJSON_Delete(schema);
}

static void each_plugin_has_its_options(void **state)
{
    (void)state;
    cJSON *schema = schema_describe(&config_schema, &plugins);
    cJSON *stage = at(schema, "properties/endpoints/items/properties/pipeline/items");
    expect(stage, "properties/plugin/anyOf/0",
           "{\"const\":\"first\",\"description\":\"The first\"}");
    expect(stage, "allOf/0",
           "{\"if\":{\"properties\":{\"plugin\":{\"const\":\"first\"}},\"required\":[\"plugin\"]},"
           "\"then\":{\"properties\":{\"options\":{\"$ref\":\"#/definitions/plugin-first\"}}}}");
    expect(stage, "allOf/1/then/required", "[\"options\"]");
    expect(schema, "definitions/plugin-second/required", "[\"url\"]");
    cJSON_Delete(schema);
}

static void each_key_has_a_summary(void **state)
{
    (void)state;
    cJSON *schema = schema_describe(&config_schema, &none), *key;
    cJSON_ArrayForEach(key, at(schema, "properties"))
    {
        if (cJSON_GetObjectItemCaseSensitive(key, "description") == NULL)
            fail_msg("%s has no .summary in core/config/config_schema.c, which 'sluice schema' "
                     "shows in editors",
                     key->string);
    }
    cJSON_Delete(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_have_types_ranges_defaults_and_descriptions),
        cmocka_unit_test(what_a_later_version_will_have_is_not_there),
        cmocka_unit_test(each_plugin_has_its_options),
        cmocka_unit_test(each_key_has_a_summary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
