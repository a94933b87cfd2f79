#include "cli/plugins_json.h"

#include <stdio.h>

/* Bounds are in nanoseconds, bytes, a second, or characters, as the type says. */
static cJSON *describe_option(const struct sl_option *option)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "name", option->name);
    cJSON_AddStringToObject(json, "type", option_type_name(option->type));
    cJSON_AddBoolToObject(json, "required", (option->flags & SL_OPTION_REQUIRED) != 0);
    if (option->default_value != NULL)
        cJSON_AddStringToObject(json, "default", option->default_value);
    if (option->minimum < 0 || option->minimum > 0 || option->maximum < 0 || option->maximum > 0) {
        cJSON_AddNumberToObject(json, "minimum", option->minimum);
        cJSON_AddNumberToObject(json, "maximum", option->maximum);
    }
    cJSON *choices = option->choices != NULL ? cJSON_AddArrayToObject(json, "choices") : NULL;
    for (size_t i = 0; choices != NULL && option->choices[i] != NULL; i++)
        cJSON_AddItemToArray(choices, cJSON_CreateString(option->choices[i]));
    cJSON_AddStringToObject(json, "summary", option->summary != NULL ? option->summary : "");
    return json;
}

cJSON *plugins_json_describe(const struct plugin *plugin)
{
    char abi[32];
    const struct sl_plugin *table = &plugin->table;
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "name", table->name);
    cJSON_AddStringToObject(json, "version", table->version);
    cJSON_AddStringToObject(json, "summary", table->summary);
    cJSON_AddStringToObject(json, "license", table->license);
    cJSON_AddStringToObject(json, "file", plugin->path);
    snprintf(abi, sizeof abi, "%u.%u", table->abi_major, table->abi_minor);
    cJSON_AddStringToObject(json, "abi", abi);
    cJSON *options = cJSON_AddArrayToObject(json, "options");
    for (size_t i = 0; i < plugin->options.count; i++)
        cJSON_AddItemToArray(options, describe_option(option_table_row(&plugin->options, i)));
    return json;
}

void plugins_json_add_failed(cJSON *list, const char *name, const char *why)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "name", name);
    cJSON_AddStringToObject(json, "error", why);
    cJSON_AddItemToArray(list, json);
}
