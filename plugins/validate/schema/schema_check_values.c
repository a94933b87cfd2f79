#include "schema_context.h"

#include "json/json_number.h"

#include <string.h>

/* How much of each is counted as the work of applying one schema, or as how many times that. */
#define BYTES_COMPARED 16
#define BYTES_COUNTED 128
#define LOOK_UP 3
#define LISTS_LOOKED_UP 4
#define DIVISION 16
#define ITEM_SORTED 8

static size_t count_of(const struct json_value *bound)
{
    return *(const size_t *)bound->attachment;
}

static bool check_type(struct schema_context *context, const struct schema_node *node,
                       const struct json_value *value)
{
    bool fine = node->types == 0 || (node->types & 1u << value->type) ||
                ((node->types & TYPE_INTEGER) && value->type == JSON_NUMBER &&
                 json_number_is_integer(value->raw));
    return fine || schema_refuse(context, node, "type", value, "The value has the wrong type");
}

static bool is_in_enum(struct json_value *const *sorted, size_t count,
                       const struct json_value *value)
{
    size_t low = 0;
    while (low < count) {
        size_t middle = low + (count - low) / 2;
        int order = json_compare(sorted[middle], value);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            count = middle;
    }
    return false;
}

static bool check_enum(struct schema_context *context, const struct schema_node *node,
                       const struct json_value *value)
{
    if (node->const_ == NULL && node->enum_ == NULL)
        return true;
    if (!schema_work(context, node, value, value->raw.len / BYTES_COMPARED))
        return false;
    if (node->const_ != NULL && json_compare(node->const_, value) != 0)
        return schema_refuse(context, node, "const", value, "The value is not the one allowed");
    if (node->enum_ == NULL || is_in_enum(node->enum_, node->enum_count, value))
        return true;
    return schema_refuse(context, node, "enum", value, "The value is none of those allowed");
}

static bool check_number(struct schema_context *context, const struct schema_node *node,
                         const struct json_value *value)
{
    struct json_text raw = value->raw;
    if (!schema_work(context, node, value,
                     raw.len / BYTES_COMPARED + (node->multiple_of != NULL ? DIVISION : 0)))
        return false;
    if (node->multiple_of != NULL && !json_number_is_multiple(raw, node->multiple_of->raw))
        return schema_refuse(context, node, "multipleOf", value,
                             "The number is no multiple of %.*s", (int)node->multiple_of->raw.len,
                             node->multiple_of->raw.data);
    if (node->maximum != NULL && json_number_compare(raw, node->maximum->raw) > 0)
        return schema_refuse(context, node, "maximum", value, "The number is above the maximum");
    if (node->exclusive_maximum != NULL &&
        json_number_compare(raw, node->exclusive_maximum->raw) >= 0)
        return schema_refuse(context, node, "exclusiveMaximum", value,
                             "The number is not below the maximum");
    if (node->minimum != NULL && json_number_compare(raw, node->minimum->raw) < 0)
        return schema_refuse(context, node, "minimum", value, "The number is below the minimum");
    if (node->exclusive_minimum != NULL &&
        json_number_compare(raw, node->exclusive_minimum->raw) <= 0)
        return schema_refuse(context, node, "exclusiveMinimum", value,
                             "The number is not above the minimum");
    return true;
}

/* `max` and `min` are the keywords' values, or NULL. */
static bool check_count(struct schema_context *context, const struct schema_node *node,
                        const struct json_value *value, size_t count, const char *of,
                        const struct json_value *max, const struct json_value *min)
{
    if (max != NULL && count > count_of(max))
        return schema_refuse(context, node, NULL, value, "There are %zu %s, but at most %zu may be",
                             count, of, count_of(max));
    if (min != NULL && count < count_of(min))
        return schema_refuse(context, node, NULL, value,
                             "There are %zu %s, but at least %zu have to be", count, of,
                             count_of(min));
    return true;
}

static bool check_format(struct schema_context *context, const struct schema_node *node,
                         const struct json_value *value)
{
    uint64_t len = value->text.len;
    const struct format *format = node->format;
    return schema_work(context, node, value, format->work + len * format->work_a_byte + len / 64) &&
           (format->check(value->text, &context->arena) ||
            schema_refuse(context, node, "format", value, "The text is not of the format"));
}

static bool check_string(struct schema_context *context, const struct schema_node *node,
                         const struct json_value *value)
{
    if (node->max_length != NULL || node->min_length != NULL) {
        if (!schema_work(context, node, value, value->text.len / BYTES_COUNTED) ||
            !check_count(context, node, value, json_text_points(value->text), "characters",
                         node->max_length, node->min_length))
            return false;
    }
    if (node->pattern != NULL && !schema_match(context, node, value, node->pattern, value->text))
        return schema_refuse(context, node, "pattern", value, "The text is not of the pattern");
    return node->format == NULL || check_format(context, node, value);
}

static bool check_unique(struct schema_context *context, const struct schema_node *node,
                         const struct json_value *value)
{
    size_t count = 0;
    if (!schema_work(context, node, value,
                     value->count * ITEM_SORTED + value->raw.len / BYTES_COMPARED))
        return false;
    struct arena_mark mark = arena_mark(&context->arena);
    struct json_value **items = arena_array(&context->arena, value->count, sizeof *items);
    if (items == NULL)
        return schema_stop(context, SCHEMA_NO_MEMORY, node, value,
                           "There is no memory for the check");
    for (struct json_value *item = value->first; item != NULL; item = item->next)
        items[count++] = item;
    json_sort(items, count, json_compare);
    bool unique = true;
    for (size_t i = 1; i < count && unique; i++)
        unique = json_compare(items[i - 1], items[i]) != 0;
    arena_release(&context->arena, mark);
    return unique || schema_refuse(context, node, "uniqueItems", value, "Two items are the same");
}

static bool check_names(struct schema_context *context, const struct schema_node *node,
                        const struct json_value *value, const struct json_value *names,
                        const char *keyword)
{
    for (const struct json_value *name = names->first; name != NULL; name = name->next) {
        if (!schema_work(context, node, value, LOOK_UP))
            return false;
        if (json_member(value, name->text) == NULL)
            return schema_refuse(context, node, keyword, value, "The member \"%.*s\" is missing",
                                 (int)(name->text.len < 80 ? name->text.len : 80), name->text.data);
    }
    return true;
}

/* The members that others ask for: lists of names, by the name of who asks. */
static bool check_dependent_names(struct schema_context *context, const struct schema_node *node,
                                  const struct json_value *value, const struct json_value *lists,
                                  const char *keyword)
{
    if (lists == NULL)
        return true;
    if (!schema_work(context, node, value, lists->count / LISTS_LOOKED_UP))
        return false;
    for (const struct json_value *list = lists->first; list != NULL; list = list->next)
        if (list->type == JSON_ARRAY && json_member(value, list->name) != NULL &&
            !check_names(context, node, value, list, keyword))
            return false;
    return true;
}

static bool check_object(struct schema_context *context, const struct schema_node *node,
                         const struct json_value *value)
{
    if (!check_count(context, node, value, value->count, "members", node->max_properties,
                     node->min_properties))
        return false;
    if (node->required != NULL && !check_names(context, node, value, node->required, "required"))
        return false;
    return check_dependent_names(context, node, value, node->dependent_required,
                                 "dependentRequired") &&
           check_dependent_names(context, node, value, node->dependencies, "dependencies");
}

bool schema_check_value(struct schema_context *context, const struct schema_node *node,
                        const struct json_value *value)
{
    if (!check_type(context, node, value) || !check_enum(context, node, value))
        return false;
    switch (value->type) {
    case JSON_NUMBER:
        return check_number(context, node, value);
    case JSON_STRING:
        return check_string(context, node, value);
    case JSON_ARRAY:
        return check_count(context, node, value, value->count, "items", node->max_items,
                           node->min_items) &&
               (!node->unique_items || check_unique(context, node, value));
    case JSON_OBJECT:
        return check_object(context, node, value);
    case JSON_NULL:
    case JSON_BOOLEAN:
    default:
        return true;
    }
}
