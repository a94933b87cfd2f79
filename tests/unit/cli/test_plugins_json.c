#include "cli/plugins_json.h"
#include "unit.h"

#include <string.h>

static void a_plugin_is_described_with_its_options(void **state)
{
    (void)state;
    static const char *const actions[] = {"drop", "close", NULL};
    static const struct sl_option rows[] = {
        {.name = "per",
         .type = SL_OPTION_INTEGER,
         .default_value = "2",
         .minimum = 1,
         .maximum = 9,
         .summary = "how many"},
        {.name = "action",
         .type = SL_OPTION_CHOICE,
         .flags = SL_OPTION_REQUIRED,
         .choices = actions},
    };
    struct plugin plugin = {
        .path = "/p/x.so",
        .table = {.name = "x", .version = "1", .summary = "s", .license = "MIT", .abi_major = 1},
        .options = {.rows = rows, .count = 2, .option_size = sizeof rows[0]}};
    cJSON *json = plugins_json_describe(&plugin);
    char *text = cJSON_PrintUnformatted(json);
    assert_string_equal(
        text,
        "{\"name\":\"x\",\"version\":\"1\",\"summary\":\"s\",\"license\":\"MIT\",\"file\":"
        "\"/p/x.so\",\"abi\":\"1.0\",\"options\":[{\"name\":\"per\",\"type\":\"integer\","
        "\"required\":false,\"default\":\"2\",\"minimum\":1,\"maximum\":9,\"summary\":\"how "
        "many\"},{\"name\":\"action\",\"type\":\"choice\",\"required\":true,\"choices\":[\"drop\","
        "\"close\"],\"summary\":\"\"}]}");
    cJSON_free(text);
    cJSON_Delete(json);
}

static void one_that_does_not_load_is_in_the_list_too(void **state)
{
    (void)state;
    cJSON *list = cJSON_CreateArray();
    plugins_json_add_failed(list, "x", "is no plugin");
    char *text = cJSON_PrintUnformatted(list);
    assert_string_equal(text, "[{\"name\":\"x\",\"error\":\"is no plugin\"}]");
    cJSON_free(text);
    cJSON_Delete(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plugin_is_described_with_its_options),
        cmocka_unit_test(one_that_does_not_load_is_in_the_list_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
