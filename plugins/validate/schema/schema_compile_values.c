#include "schema_keyword.h"

#include "json/json_number.h"

pcre2_code *schema_compile_pattern(struct schema *schema, const struct json_value *at,
                                   struct json_text pattern)
{
    char error[160];
    struct schema_code *owner = arena_alloc(&schema->arena, sizeof *owner);
    if (owner == NULL)
        return schema_fail(schema, at, "there is no memory");
    owner->code = pattern_compile(pattern, &schema->arena, error, sizeof error);
    if (owner->code == NULL)
        return schema_fail(schema, at, "it is not a pattern: %s", error);
    owner->next = schema->codes;
    schema->codes = owner;
    return owner->code;
}

static bool compile_pattern(struct schema *schema, struct schema_node *node,
                            struct json_value *value, size_t offset)
{
    (void)offset;
    if (value->type != JSON_STRING)
        return schema_fail(schema, value, "it has to be a string") != NULL;
    node->pattern = schema_compile_pattern(schema, value, value->text);
    return node->pattern != NULL;
}

bool schema_keep_value(struct schema *schema, struct schema_node *node, struct json_value *value,
                       size_t offset)
{
    (void)schema;
    *FIELD(const struct json_value *, node, offset) = value;
    return true;
}

/* Sorted, so that a long list costs a message no more than a short one. */
static bool compile_enum(struct schema *schema, struct schema_node *node, struct json_value *value,
                         size_t offset)
{
    (void)offset;
    if (value->type != JSON_ARRAY)
        return schema_fail(schema, value, "it has to be a list") != NULL;
    node->enum_ = arena_array(&schema->arena, value->count, sizeof *node->enum_);
    if (node->enum_ == NULL)
        return schema_fail(schema, value, "there is no memory") != NULL;
    for (struct json_value *item = value->first; item != NULL; item = item->next)
        node->enum_[node->enum_count++] = item;
    json_sort(node->enum_, node->enum_count, json_compare);
    return true;
}

static bool keep_number(struct schema *schema, struct schema_node *node, struct json_value *value,
                        size_t offset)
{
    if (value->type != JSON_NUMBER)
        return schema_fail(schema, value, "it has to be a number") != NULL;
    return schema_keep_value(schema, node, value, offset);
}

static bool keep_divisor(struct schema *schema, struct schema_node *node, struct json_value *value,
                         size_t offset)
{
    if (value->type != JSON_NUMBER || !json_number_is_divisor(value->raw))
        return schema_fail(schema, value,
                           "it has to be a number above 0 of at most %d significant digits",
                           JSON_DIVISOR_DIGITS) != NULL;
    return schema_keep_value(schema, node, value, offset);
}

static bool keep_count(struct schema *schema, struct schema_node *node, struct json_value *value,
                       size_t offset)
{
    size_t *count = arena_alloc(&schema->arena, sizeof *count);
    if (count == NULL)
        return schema_fail(schema, value, "there is no memory") != NULL;
    if (value->type != JSON_NUMBER || !json_number_to_size(value->raw, count))
        return schema_fail(schema, value, "it has to be an integer of 0 or more") != NULL;
    value->attachment = count;
    return schema_keep_value(schema, node, value, offset);
}

bool schema_is_strings(const struct json_value *value)
{
    if (value->type != JSON_ARRAY)
        return false;
    for (const struct json_value *item = value->first; item != NULL; item = item->next)
        if (item->type != JSON_STRING)
            return false;
    return true;
}

static bool keep_strings(struct schema *schema, struct schema_node *node, struct json_value *value,
                         size_t offset)
{
    if (!schema_is_strings(value))
        return schema_fail(schema, value, "it has to be a list of strings") != NULL;
    return schema_keep_value(schema, node, value, offset);
}

static bool keep_string_map(struct schema *schema, struct schema_node *node,
                            struct json_value *value, size_t offset)
{
    bool fine = value->type == JSON_OBJECT;
    for (struct json_value *member = fine ? value->first : NULL; member != NULL;
         member = member->next)
        fine = fine && schema_is_strings(member);
    if (!fine)
        return schema_fail(schema, value, "it has to be an object of lists of strings") != NULL;
    return schema_keep_value(schema, node, value, offset);
}

static bool add_type_name(struct schema *schema, struct schema_node *node,
                          const struct json_value *value)
{
    static const char *const names[] = {
        [JSON_NULL] = "null",     [JSON_BOOLEAN] = "boolean", [JSON_NUMBER] = "number",
        [JSON_STRING] = "string", [JSON_ARRAY] = "array",     [JSON_OBJECT] = "object",
    };
    for (unsigned i = 0; value->type == JSON_STRING && i < sizeof names / sizeof *names; i++)
        if (json_text_is(value->text, names[i])) {
            node->types |= 1u << i;
            return true;
        }
    if (value->type == JSON_STRING && json_text_is(value->text, "integer")) {
        node->types |= TYPE_INTEGER;
        return true;
    }
    return schema_fail(schema, value,
                       "a type is one of null, boolean, number, integer, string, array and "
                       "object") != NULL;
}

static bool compile_type(struct schema *schema, struct schema_node *node, struct json_value *value,
                         size_t offset)
{
    (void)offset;
    if (value->type != JSON_ARRAY)
        return add_type_name(schema, node, value);
    if (value->count == 0)
        return schema_fail(schema, value, "the list of types is empty") != NULL;
    for (const struct json_value *item = value->first; item != NULL; item = item->next)
        if (!add_type_name(schema, node, item))
            return false;
    return true;
}

static bool compile_unique(struct schema *schema, struct schema_node *node,
                           struct json_value *value, size_t offset)
{
    (void)offset;
    if (value->type != JSON_BOOLEAN)
        return schema_fail(schema, value, "it has to be true or false") != NULL;
    node->unique_items = value->boolean;
    return true;
}

static bool compile_format(struct schema *schema, struct schema_node *node,
                           struct json_value *value, size_t offset)
{
    (void)offset;
    if (value->type != JSON_STRING)
        return schema_fail(schema, value, "it has to be a string") != NULL;
    if ((schema->options.flags & SCHEMA_ASSERT_FORMAT) ||
        (node->resource->vocabularies & VOCABULARY_FORMAT_ASSERTION))
        node->format = format_find(value->text);
    return true;
}

#define VALIDATION VOCABULARY_VALIDATION

static const struct keyword value_keywords[] = {
    {"type", VALIDATION, compile_type, 0},
    {"enum", VALIDATION, compile_enum, 0},
    {"const", VALIDATION, schema_keep_value, NODE(const_)},
    {"multipleOf", VALIDATION, keep_divisor, NODE(multiple_of)},
    {"maximum", VALIDATION, keep_number, NODE(maximum)},
    {"exclusiveMaximum", VALIDATION, keep_number, NODE(exclusive_maximum)},
    {"minimum", VALIDATION, keep_number, NODE(minimum)},
    {"exclusiveMinimum", VALIDATION, keep_number, NODE(exclusive_minimum)},
    {"maxLength", VALIDATION, keep_count, NODE(max_length)},
    {"minLength", VALIDATION, keep_count, NODE(min_length)},
    {"pattern", VALIDATION, compile_pattern, 0},
    {"maxItems", VALIDATION, keep_count, NODE(max_items)},
    {"minItems", VALIDATION, keep_count, NODE(min_items)},
    {"uniqueItems", VALIDATION, compile_unique, 0},
    {"maxContains", VALIDATION, keep_count, NODE(max_contains)},
    {"minContains", VALIDATION, keep_count, NODE(min_contains)},
    {"maxProperties", VALIDATION, keep_count, NODE(max_properties)},
    {"minProperties", VALIDATION, keep_count, NODE(min_properties)},
    {"required", VALIDATION, keep_strings, NODE(required)},
    {"dependentRequired", VALIDATION, keep_string_map, NODE(dependent_required)},
    {"format", VOCABULARY_FORMAT | VOCABULARY_FORMAT_ASSERTION, compile_format, 0},
};

const struct keyword *schema_find_value_keyword(struct json_text name)
{
    return schema_find_keyword(value_keywords, sizeof value_keywords / sizeof *value_keywords,
                               name);
}
