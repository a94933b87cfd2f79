#include "cli/schema_keys.h"

#include "cli/schema_values.h"
#include "config/effective.h"
#include "config/values.h"
#include "config/yaml_json.h"

#include <stdio.h>

#define RANGE_MAX (2 * VALUE_TEXT_MAX + 16)

static struct bounds bounds_of(const struct sl_option *row)
{
    return (struct bounds){row->minimum, row->maximum};
}

static cJSON *describe_text(const struct sl_option *row, struct bounds bounds)
{
    cJSON *alternatives = cJSON_CreateArray();
    for (size_t i = 0; row->choices != NULL && row->choices[i] != NULL; i++)
        schema_add_word(alternatives, row->choices[i]);
    if (row->choices == NULL)
        schema_add_text(alternatives, bounds);
    return schema_scalar(alternatives);
}

/* A mapping of which only the plugin knows what may be in it. */
static cJSON *describe_map(void)
{
    cJSON *schema = cJSON_CreateObject();
    cJSON *types = cJSON_AddArrayToObject(schema, "type");
    cJSON_AddItemToArray(types, cJSON_CreateString("object"));
    cJSON_AddItemToArray(types, cJSON_CreateString("null"));
    return schema;
}

static cJSON *describe_measure(const struct sl_option *row)
{
    cJSON *alternatives = cJSON_CreateArray();
    if (row->type == SL_OPTION_BOOL)
        schema_add_bool(alternatives);
    else if (row->type == SL_OPTION_INTEGER)
        schema_add_integer(alternatives, bounds_of(row));
    else if (row->type == SL_OPTION_NUMBER)
        schema_add_number(alternatives, bounds_of(row));
    else if (row->type == SL_OPTION_SIZE)
        schema_add_size(alternatives, bounds_of(row));
    else if (row->type == SL_OPTION_DURATION)
        schema_add_duration(alternatives);
    else
        schema_add_rate(alternatives);
    return schema_scalar(alternatives);
}

static cJSON *describe_option(const struct sl_option *row)
{
    const struct bounds any = {0, 0}, some = {1, 65536};
    cJSON *alternatives;
    switch (row->type) {
    case SL_OPTION_STRING:
    case SL_OPTION_CHOICE:
        return describe_text(row, bounds_of(row));
    case SL_OPTION_PATH:
        return describe_text(row, some);
    case SL_OPTION_STRINGS:
        return schema_list(describe_text(row, bounds_of(row)), false, any);
    case SL_OPTION_SECRET:
        alternatives = cJSON_CreateArray();
        schema_add_secret(alternatives);
        return schema_any(alternatives);
    case SL_OPTION_MAP:
        return describe_map();
    case SL_OPTION_MAPS:
        return schema_list(describe_map(), false, any);
    default:
        return describe_measure(row);
    }
}

static void format_bound(const struct sl_option *row, double bound, char text[VALUE_TEXT_MAX])
{
    if (row->type == SL_OPTION_DURATION)
        duration_format((int64_t)bound, text);
    else if (row->type == SL_OPTION_SIZE)
        size_format((int64_t)bound, text);
    else if (row->type == SL_OPTION_RATE)
        rate_format(bound, text);
    else
        number_format(bound, text);
}

static void format_range(const struct sl_option *row, char range[RANGE_MAX])
{
    char least[VALUE_TEXT_MAX], most[VALUE_TEXT_MAX];
    bool is_length = row->type == SL_OPTION_STRING || row->type == SL_OPTION_STRINGS ||
                     row->type == SL_OPTION_SECRET;
    range[0] = '\0';
    if (row->minimum == 0 && row->maximum == 0)
        return;
    format_bound(row, row->minimum, least);
    format_bound(row, row->maximum, most);
    snprintf(range, RANGE_MAX, "%s to %s%s", least, most, is_length ? " bytes" : "");
}

cJSON *schema_options_describe(const struct plugin *plugin)
{
    char range[RANGE_MAX];
    struct yaml_node *defaults = NULL;
    cJSON *mapping = schema_mapping();
    struct position nowhere = {.file = effective_default_file};
    int error = effective_options(&plugin->options, NULL, nowhere, &defaults);
    for (size_t i = 0; error == OK && i < plugin->options.count; i++) {
        const struct sl_option *row = option_table_row(&plugin->options, i);
        const struct yaml_node *fallback = yaml_node_get(defaults, row->name);
        cJSON *value = describe_option(row);
        format_range(row, range);
        schema_add_description(value, row->summary, range);
        if (fallback != NULL)
            cJSON_AddItemToObject(value, "default", yaml_json_value(fallback));
        schema_add_key(mapping, row->name, value, (row->flags & SL_OPTION_REQUIRED) != 0);
    }
    schema_end_mapping(mapping);
    cJSON_AddStringToObject(mapping, "description", plugin->table.summary);
    yaml_node_destroy(defaults);
    return mapping;
}
