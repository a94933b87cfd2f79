#include "cli/schema_values.h"

#include "config/values.h"

#include <stdint.h>
#include <stdio.h>

#define DIGITS "^([-+]?[0-9]+|0x[0-9A-Fa-f]+|0o[0-7]+)$"
#define DECIMAL "^[-+]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][-+]?[0-9]+)?$"
#define REFERENCE "\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\}"

static cJSON *add_type(cJSON *alternatives, const char *type)
{
    cJSON *schema = cJSON_CreateObject();
    cJSON_AddStringToObject(schema, "type", type);
    cJSON_AddItemToArray(alternatives, schema);
    return schema;
}

static cJSON *add_types(cJSON *schema, const char *one, const char *other)
{
    cJSON *types = cJSON_AddArrayToObject(schema, "type");
    cJSON_AddItemToArray(types, cJSON_CreateString(one));
    cJSON_AddItemToArray(types, cJSON_CreateString(other));
    return schema;
}

static bool is_bounded(struct bounds bounds)
{
    return bounds.minimum < 0 || bounds.minimum > 0 || bounds.maximum < 0 || bounds.maximum > 0;
}

static void add_bounds(cJSON *schema, struct bounds bounds)
{
    if (!is_bounded(bounds))
        return;
    cJSON_AddNumberToObject(schema, "minimum", bounds.minimum);
    cJSON_AddNumberToObject(schema, "maximum", bounds.maximum);
}

void schema_add_bool(cJSON *alternatives)
{
    add_type(alternatives, "boolean");
}

void schema_add_pattern(cJSON *alternatives, const char *pattern)
{
    cJSON_AddStringToObject(add_type(alternatives, "string"), "pattern", pattern);
}

void schema_add_integer(cJSON *alternatives, struct bounds bounds)
{
    add_bounds(add_type(alternatives, "integer"), bounds);
    schema_add_pattern(alternatives, DIGITS);
}

void schema_add_number(cJSON *alternatives, struct bounds bounds)
{
    add_bounds(add_type(alternatives, "number"), bounds);
    schema_add_pattern(alternatives, DECIMAL);
}

void schema_add_word(cJSON *alternatives, const char *word)
{
    struct yaml_node node = {.kind = NODE_SCALAR, .text = (char *)(uintptr_t)word, .plain = true};
    cJSON *schema = cJSON_CreateObject();
    double number;
    bool is_number = number_parse(word, &number) == 0;
    cJSON_AddItemToObject(schema, "const", cJSON_CreateString(word));
    cJSON_AddItemToArray(alternatives, schema);
    if (!is_number || yaml_node_is_null(&node))
        return;
    schema = cJSON_CreateObject(); /* without quotes */
    cJSON_AddItemToObject(schema, "const", cJSON_CreateNumber(number));
    cJSON_AddItemToArray(alternatives, schema);
}

void schema_add_duration(cJSON *alternatives)
{
    cJSON *zero = cJSON_CreateObject();
    schema_add_pattern(alternatives, "^(0|[0-9]+(us|ms|s|m|h))$");
    cJSON_AddNumberToObject(zero, "const", 0);
    cJSON_AddItemToArray(alternatives, zero);
}

void schema_add_size(cJSON *alternatives, struct bounds bounds)
{
    schema_add_pattern(alternatives, "^[0-9]+(KiB|MiB|GiB)?$");
    add_bounds(add_type(alternatives, "integer"), bounds);
}

void schema_add_rate(cJSON *alternatives)
{
    schema_add_pattern(alternatives, "^[0-9.]+/(s|m|h)$");
}

/* JSON Schema counts characters, of which one may have four bytes. */
void schema_add_text(cJSON *alternatives, struct bounds bounds)
{
    cJSON *schema = add_type(alternatives, "string");
    if (bounds.minimum > 0)
        cJSON_AddNumberToObject(schema, "minLength", 1);
    if (is_bounded(bounds))
        cJSON_AddNumberToObject(schema, "maxLength", bounds.maximum);
    schema = cJSON_CreateObject();
    cJSON_AddItemToArray(alternatives, add_types(schema, "number", "boolean"));
}

static void add_reference_to_secret(cJSON *alternatives, const char *key)
{
    cJSON *value = cJSON_CreateArray();
    cJSON *mapping = schema_mapping();
    schema_add_text(value, (struct bounds){1, 4096});
    schema_add_key(mapping, key, schema_scalar(value), true);
    schema_end_mapping(mapping);
    cJSON_AddItemToArray(alternatives, mapping);
}

/* Nothing of a secret may stand in the file. */
void schema_add_secret(cJSON *alternatives)
{
    schema_add_pattern(alternatives, "^(" REFERENCE ")+$");
    add_reference_to_secret(alternatives, "env");
    add_reference_to_secret(alternatives, "file");
}

cJSON *schema_environment(void)
{
    cJSON *schema = cJSON_CreateObject();
    cJSON_AddStringToObject(schema, "type", "string");
    cJSON_AddStringToObject(schema, "pattern", REFERENCE);
    cJSON_AddStringToObject(schema, "description",
                            "From the environment: ${NAME} or ${NAME:-default}");
    return schema;
}

cJSON *schema_any(cJSON *alternatives)
{
    cJSON *schema = cJSON_CreateObject();
    cJSON_AddItemToObject(schema, "anyOf", alternatives);
    return schema;
}

cJSON *schema_scalar(cJSON *alternatives)
{
    cJSON *environment = cJSON_CreateObject();
    cJSON_AddStringToObject(environment, "$ref", "#/definitions/environment");
    cJSON_AddItemToArray(alternatives, environment);
    return schema_any(alternatives);
}

cJSON *schema_list(cJSON *item, bool is_required, struct bounds count)
{
    cJSON *schema = cJSON_CreateObject();
    if (is_required)
        cJSON_AddStringToObject(schema, "type", "array");
    else
        add_types(schema, "array", "null");
    if (is_required)
        cJSON_AddNumberToObject(schema, "minItems", 1);
    if (count.maximum > 0)
        cJSON_AddNumberToObject(schema, "maxItems", count.maximum);
    cJSON_AddItemToObject(schema, "items", item);
    return schema;
}

cJSON *schema_mapping(void)
{
    cJSON *schema = cJSON_CreateObject();
    cJSON_AddFalseToObject(schema, "additionalProperties");
    cJSON_AddObjectToObject(schema, "properties");
    cJSON_AddArrayToObject(schema, "required");
    return schema;
}

void schema_add_key(cJSON *mapping, const char *key, cJSON *value, bool is_required)
{
    cJSON_AddItemToObject(cJSON_GetObjectItemCaseSensitive(mapping, "properties"), key, value);
    if (is_required)
        cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(mapping, "required"),
                             cJSON_CreateString(key));
}

void schema_end_mapping(cJSON *mapping)
{
    if (cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(mapping, "required")) > 0) {
        cJSON_AddStringToObject(mapping, "type", "object");
        return;
    }
    cJSON_DeleteItemFromObjectCaseSensitive(mapping, "required");
    add_types(mapping, "object", "null");
}

void schema_add_description(cJSON *schema, const char *summary, const char *range)
{
    char text[1024];
    snprintf(text, sizeof text, "%s%s%s%s", summary != NULL ? summary : "",
             range[0] != '\0' ? " (" : "", range, range[0] != '\0' ? ")" : "");
    if (text[0] != '\0')
        cJSON_AddStringToObject(schema, "description", text);
}
