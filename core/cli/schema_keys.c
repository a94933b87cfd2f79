#include "cli/schema_keys.h"

#include "cli/schema_values.h"
#include "config/effective_tree.h"
#include "config/values.h"
#include "config/yaml_json.h"

#include <stdio.h>
#include <string.h>

#define RANGE_MAX (2 * VALUE_TEXT_MAX + 8)

static cJSON *describe_mapping(const struct schema *table, const struct plugin_set *plugins);

/* -- descriptions and defaults -- */

static void format_bound(enum field_type type, double bound, char text[VALUE_TEXT_MAX])
{
    if (type == FIELD_DURATION)
        duration_format((int64_t)bound, text);
    else if (type == FIELD_SIZE)
        size_format((int64_t)bound, text);
    else
        number_format(bound, text);
}

static bool is_number_type(enum field_type type)
{
    return type == FIELD_COUNT || type == FIELD_SIZE || type == FIELD_DURATION;
}

static void format_range(const struct field *field, char range[RANGE_MAX])
{
    char least[VALUE_TEXT_MAX], most[VALUE_TEXT_MAX];
    range[0] = '\0';
    if (!is_number_type(field->type))
        return;
    format_bound(field->type, field->bounds.minimum, least);
    format_bound(field->type, field->bounds.maximum, most);
    snprintf(range, RANGE_MAX, "%s%s to %s", field->zero_allowed ? "0, " : "", least, most);
}

/* The default, with the type that it would have in YAML. */
static void add_default(const struct field *field, cJSON *value)
{
    char text[64];
    struct yaml_node node = {.kind = NODE_SCALAR, .text = text, .plain = true};
    if (field->fallback == NULL)
        return;
    snprintf(text, sizeof text, "%s", field->fallback);
    if (field->type == FIELD_CHOICE || field->type == FIELD_STRING)
        effective_quote(&node);
    cJSON_AddItemToObject(value, "default", yaml_json_value(&node));
}

/* -- the server's own keys -- */

static cJSON *describe_text(const struct field *field)
{
    cJSON *alternatives = cJSON_CreateArray();
    if (field->pattern != NULL)
        schema_add_pattern(alternatives, field->pattern);
    else
        schema_add_text(alternatives, (struct bounds){1, 65536});
    return schema_scalar(alternatives);
}

static cJSON *describe_choice(const struct field *field)
{
    cJSON *alternatives = cJSON_CreateArray();
    for (const struct choice *choice = field->choices; choice->name != NULL; choice++)
        if (choice->value != CHOICE_UNSUPPORTED)
            schema_add_word(alternatives, choice->name);
    return schema_scalar(alternatives);
}

static cJSON *describe_count(const struct field *field)
{
    cJSON *alternatives = cJSON_CreateArray();
    schema_add_integer(alternatives, field->bounds);
    if (field->zero_allowed)
        schema_add_word(alternatives, "0");
    if (field->keyword != NULL)
        schema_add_word(alternatives, field->keyword);
    return schema_scalar(alternatives);
}

static cJSON *describe_measure(const struct field *field)
{
    cJSON *alternatives = cJSON_CreateArray();
    if (field->type == FIELD_BOOL)
        schema_add_bool(alternatives);
    else if (field->type == FIELD_SIZE)
        schema_add_size(alternatives, field->bounds);
    else
        schema_add_duration(alternatives);
    return schema_scalar(alternatives);
}

/* A list of texts, or where that is allowed one of them. */
static cJSON *describe_texts(const struct field *field)
{
    cJSON *list = schema_list(describe_text(field), field->required, field->bounds);
    if (!field->one_allowed)
        return list;
    cJSON *alternatives = cJSON_CreateArray();
    cJSON_AddItemToArray(alternatives, describe_text(field));
    cJSON_AddItemToArray(alternatives, list);
    return schema_any(alternatives);
}

static cJSON *describe_value(const struct field *field, const struct plugin_set *plugins)
{
    switch (field->type) {
    case FIELD_COUNT:
        return describe_count(field);
    case FIELD_CHOICE:
        return describe_choice(field);
    case FIELD_FLAGS:
        return schema_list(describe_choice(field), true, (struct bounds){0, 0});
    case FIELD_STRING:
    case FIELD_PATH:
        return describe_text(field);
    case FIELD_STRINGS:
    case FIELD_PATHS:
        return describe_texts(field);
    case FIELD_SECTION:
    case FIELD_OBJECT:
        return describe_mapping(field->schema, plugins);
    case FIELD_OBJECTS:
        return schema_list(describe_mapping(field->schema, plugins), field->required,
                           field->bounds);
    case FIELD_NODE: /* What is in it depends on the plugin. */
        return cJSON_CreateObject();
    default:
        return describe_measure(field);
    }
}

/* -- stages: what the options may be depends on the plugin -- */

static cJSON *describe_plugins(const struct plugin_set *plugins)
{
    cJSON *alternatives = cJSON_CreateArray();
    for (size_t i = 0; i < plugins->count; i++) {
        cJSON *plugin = cJSON_CreateObject();
        cJSON_AddStringToObject(plugin, "const", plugins->plugins[i]->table.name);
        cJSON_AddStringToObject(plugin, "description", plugins->plugins[i]->table.summary);
        cJSON_AddItemToArray(alternatives, plugin);
    }
    return schema_scalar(alternatives);
}

static cJSON *refer_to(const char *name)
{
    char path[128];
    cJSON *reference = cJSON_CreateObject();
    snprintf(path, sizeof path, "#/definitions/plugin-%s", name);
    cJSON_AddStringToObject(reference, "$ref", path);
    return reference;
}

static void require(cJSON *schema, const char *key)
{
    cJSON_AddItemToArray(cJSON_AddArrayToObject(schema, "required"), cJSON_CreateString(key));
}

static bool has_required_option(const struct plugin *plugin)
{
    for (size_t i = 0; i < plugin->options.count; i++)
        if ((option_table_row(&plugin->options, i)->flags & SL_OPTION_REQUIRED) != 0)
            return true;
    return false;
}

/* {"if": this plugin is used, "then": these are its options} */
static cJSON *describe_rule(const struct plugin *plugin)
{
    cJSON *rule = cJSON_CreateObject();
    cJSON *condition = cJSON_AddObjectToObject(rule, "if");
    cJSON *name =
        cJSON_AddObjectToObject(cJSON_AddObjectToObject(condition, "properties"), "plugin");
    cJSON_AddStringToObject(name, "const", plugin->table.name);
    require(condition, "plugin");
    cJSON *then = cJSON_AddObjectToObject(rule, "then");
    cJSON_AddItemToObject(cJSON_AddObjectToObject(then, "properties"), "options",
                          refer_to(plugin->table.name));
    if (has_required_option(plugin))
        require(then, "options");
    return rule;
}

static void add_rules(cJSON *stage, const struct plugin_set *plugins)
{
    cJSON *rules = cJSON_AddArrayToObject(stage, "allOf");
    for (size_t i = 0; i < plugins->count; i++)
        cJSON_AddItemToArray(rules, describe_rule(plugins->plugins[i]));
}

/* -- mappings -- */

static bool is_stage(const struct schema *table)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->fields[i].type == FIELD_NODE)
            return true;
    return false;
}

static cJSON *describe_mapping(const struct schema *table, const struct plugin_set *plugins)
{
    char range[RANGE_MAX];
    cJSON *mapping = schema_mapping();
    bool has_plugin = is_stage(table) && plugins->count > 0;
    for (size_t i = 0; i < table->count; i++) {
        const struct field *field = &table->fields[i];
        bool is_name = has_plugin && strcmp(field->key, "plugin") == 0;
        if (field->type == FIELD_UNSUPPORTED)
            continue;
        cJSON *value = is_name ? describe_plugins(plugins) : describe_value(field, plugins);
        format_range(field, range);
        schema_add_description(value, field->summary, range);
        add_default(field, value);
        schema_add_key(mapping, field->key, value, field->required);
    }
    schema_end_mapping(mapping);
    if (has_plugin)
        add_rules(mapping, plugins);
    return mapping;
}

cJSON *schema_describe(const struct schema *table, const struct plugin_set *plugins)
{
    char name[128];
    cJSON *schema = describe_mapping(table, plugins);
    cJSON *definitions = cJSON_AddObjectToObject(schema, "definitions");
    cJSON_AddItemToObject(definitions, "environment", schema_environment());
    for (size_t i = 0; i < plugins->count; i++) {
        snprintf(name, sizeof name, "plugin-%s", plugins->plugins[i]->table.name);
        cJSON_AddItemToObject(definitions, name, schema_options_describe(plugins->plugins[i]));
    }
    return schema;
}
