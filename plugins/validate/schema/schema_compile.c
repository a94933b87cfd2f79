#include "schema_node.h"

#include "json/json_number.h"
#include "uri.h"

#include <string.h>

struct keyword {
    const char *name;
    unsigned vocabulary;
    /* Compiles the value into the node at `offset`. False with an error. */
    bool (*compile)(struct schema *, struct schema_node *, struct json_value *, size_t offset);
    size_t offset;
};

#define FIELD(type, node, offset) ((type *)(void *)((char *)(node) + (offset)))

static bool compile_one(struct schema *schema, struct schema_node *node, struct json_value *value,
                        size_t offset)
{
    struct schema_node *child = schema_compile(schema, value, node->resource);
    *FIELD(struct schema_node *, node, offset) = child;
    return child != NULL;
}

static bool compile_list(struct schema *schema, struct schema_node *node, struct json_value *value,
                         size_t offset)
{
    struct schema_node_list *list = FIELD(struct schema_node_list, node, offset);
    if (value->type != JSON_ARRAY || value->count == 0)
        return schema_fail(schema, value, "it has to be a list of at least one schema") != NULL;
    list->nodes = arena_array(&schema->arena, value->count, sizeof *list->nodes);
    if (list->nodes == NULL)
        return schema_fail(schema, value, "there is no memory") != NULL;
    for (struct json_value *item = value->first; item != NULL; item = item->next) {
        list->nodes[list->count] = schema_compile(schema, item, node->resource);
        if (list->nodes[list->count++] == NULL)
            return false;
    }
    return true;
}

/* Schemas by name; each is its member's attachment. */
static bool compile_definitions(struct schema *schema, struct schema_node *node,
                                struct json_value *value, size_t offset)
{
    (void)offset;
    if (value->type != JSON_OBJECT)
        return schema_fail(schema, value, "it has to be an object of schemas") != NULL;
    for (struct json_value *member = value->first; member != NULL; member = member->next)
        if (schema_compile(schema, member, node->resource) == NULL)
            return false;
    return true;
}

static bool compile_map(struct schema *schema, struct schema_node *node, struct json_value *value,
                        size_t offset)
{
    *FIELD(const struct json_value *, node, offset) = value;
    return compile_definitions(schema, node, value, 0);
}

/* Takes care that schema_destroy frees the code. */
static pcre2_code *compile_pattern_text(struct schema *schema, const struct json_value *at,
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
    node->pattern = compile_pattern_text(schema, value, value->text);
    return node->pattern != NULL;
}

static bool compile_pattern_map(struct schema *schema, struct schema_node *node,
                                struct json_value *value, size_t offset)
{
    if (!compile_definitions(schema, node, value, offset))
        return false;
    node->pattern_properties =
        arena_array(&schema->arena, value->count, sizeof *node->pattern_properties);
    if (node->pattern_properties == NULL)
        return schema_fail(schema, value, "there is no memory") != NULL;
    for (struct json_value *member = value->first; member != NULL; member = member->next) {
        struct schema_pattern_property *property =
            &node->pattern_properties[node->pattern_property_count++];
        property->node = member->attachment;
        property->pattern = compile_pattern_text(schema, member, member->name);
        if (property->pattern == NULL)
            return false;
    }
    return true;
}

static bool keep(struct schema *schema, struct schema_node *node, struct json_value *value,
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
    return keep(schema, node, value, offset);
}

static bool keep_divisor(struct schema *schema, struct schema_node *node, struct json_value *value,
                         size_t offset)
{
    if (value->type != JSON_NUMBER || !json_number_is_divisor(value->raw))
        return schema_fail(schema, value,
                           "it has to be a number above 0 of at most %d significant digits",
                           JSON_DIVISOR_DIGITS) != NULL;
    return keep(schema, node, value, offset);
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
    return keep(schema, node, value, offset);
}

static bool is_strings(const struct json_value *value)
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
    if (!is_strings(value))
        return schema_fail(schema, value, "it has to be a list of strings") != NULL;
    return keep(schema, node, value, offset);
}

static bool keep_string_map(struct schema *schema, struct schema_node *node,
                            struct json_value *value, size_t offset)
{
    bool fine = value->type == JSON_OBJECT;
    for (struct json_value *member = fine ? value->first : NULL; member != NULL;
         member = member->next)
        fine = fine && is_strings(member);
    if (!fine)
        return schema_fail(schema, value, "it has to be an object of lists of strings") != NULL;
    return keep(schema, node, value, offset);
}

/* Of drafts before 2019-09: dependentRequired and dependentSchemas in one. Since it would be
 * ignored without a word otherwise, it is understood still. */
static bool compile_dependencies(struct schema *schema, struct schema_node *node,
                                 struct json_value *value, size_t offset)
{
    if (value->type != JSON_OBJECT)
        return schema_fail(schema, value, "it has to be an object") != NULL;
    for (struct json_value *member = value->first; member != NULL; member = member->next) {
        if (is_strings(member))
            continue;
        if (member->type == JSON_ARRAY)
            return schema_fail(schema, member, "it has to be a list of strings, or a schema") !=
                   NULL;
        if (schema_compile(schema, member, node->resource) == NULL)
            return false;
    }
    return keep(schema, node, value, offset);
}

static bool add_type(struct schema *schema, struct schema_node *node,
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
        return add_type(schema, node, value);
    if (value->count == 0)
        return schema_fail(schema, value, "the list of types is empty") != NULL;
    for (const struct json_value *item = value->first; item != NULL; item = item->next)
        if (!add_type(schema, node, item))
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

static bool compile_anchor(struct schema *schema, struct schema_node *node,
                           struct json_value *value, size_t offset)
{
    bool dynamic = offset != 0;
    if (value->type != JSON_STRING || value->text.len == 0)
        return schema_fail(schema, value, "it has to be a name") != NULL;
    struct schema_anchor *same = schema_find_anchor(node->resource, value->text, false);
    if (same != NULL && same->node != node)
        return schema_fail(schema, value, "another schema has this anchor already") != NULL;
    struct schema_anchor *anchor = arena_alloc(&schema->arena, sizeof *anchor);
    if (anchor == NULL)
        return schema_fail(schema, value, "there is no memory") != NULL;
    *anchor = (struct schema_anchor){value->text, dynamic, node, node->resource->anchors};
    node->resource->anchors = anchor;
    return true;
}

static bool check_reference(struct schema *schema, struct schema_node *node,
                            struct json_value *value, size_t offset)
{
    (void)node;
    (void)offset;
    if (value->type != JSON_STRING || memchr(value->text.data, '\0', value->text.len) != NULL)
        return schema_fail(schema, value, "it has to be a URI reference") != NULL;
    return true;
}

#define NODE(field) offsetof(struct schema_node, field)
#define CORE VOCABULARY_CORE
#define APPLICATOR VOCABULARY_APPLICATOR
#define UNEVALUATED VOCABULARY_UNEVALUATED
#define VALIDATION VOCABULARY_VALIDATION

static const struct keyword keywords[] = {
    {"$ref", CORE, check_reference, 0},
    {"$dynamicRef", CORE, check_reference, 0},
    {"$anchor", CORE, compile_anchor, 0},
    {"$dynamicAnchor", CORE, compile_anchor, 1},
    {"$defs", CORE, compile_definitions, 0},
    {"allOf", APPLICATOR, compile_list, NODE(all_of)},
    {"anyOf", APPLICATOR, compile_list, NODE(any_of)},
    {"oneOf", APPLICATOR, compile_list, NODE(one_of)},
    {"not", APPLICATOR, compile_one, NODE(not_)},
    {"if", APPLICATOR, compile_one, NODE(if_)},
    {"then", APPLICATOR, compile_one, NODE(then)},
    {"else", APPLICATOR, compile_one, NODE(else_)},
    {"dependentSchemas", APPLICATOR, compile_map, NODE(dependent_schemas)},
    {"dependencies", APPLICATOR, compile_dependencies, NODE(dependencies)},
    {"prefixItems", APPLICATOR, compile_list, NODE(prefix_items)},
    {"items", APPLICATOR, compile_one, NODE(items)},
    {"contains", APPLICATOR, compile_one, NODE(contains)},
    {"properties", APPLICATOR, compile_map, NODE(properties)},
    {"patternProperties", APPLICATOR, compile_pattern_map, 0},
    {"additionalProperties", APPLICATOR, compile_one, NODE(additional_properties)},
    {"propertyNames", APPLICATOR, compile_one, NODE(property_names)},
    {"unevaluatedItems", UNEVALUATED, compile_one, NODE(unevaluated_items)},
    {"unevaluatedProperties", UNEVALUATED, compile_one, NODE(unevaluated_properties)},
    {"type", VALIDATION, compile_type, 0},
    {"enum", VALIDATION, compile_enum, 0},
    {"const", VALIDATION, keep, NODE(const_)},
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

static bool compile_keyword(struct schema *schema, struct schema_node *node,
                            struct json_value *value)
{
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (json_text_is(value->name, keywords[i].name))
            return !(keywords[i].vocabulary & (node->resource->vocabularies | VOCABULARY_CORE)) ||
                   keywords[i].compile(schema, node, value, keywords[i].offset);
    return true; /* an unknown keyword is an annotation */
}

/* The resource that a schema with an $id opens. */
static struct schema_resource *open_resource(struct schema *schema, struct json_value *value,
                                             const struct json_value *id,
                                             struct schema_resource *parent)
{
    if (id->type != JSON_STRING || memchr(id->text.data, '\0', id->text.len) != NULL)
        return schema_fail(schema, id, "it has to be a URI reference");
    struct schema_resource *resource = arena_alloc(&schema->arena, sizeof *resource);
    char *reference = arena_copy(&schema->arena, id->text.data, id->text.len);
    char *uri = reference == NULL ? NULL : uri_resolve(&schema->arena, parent->uri, reference);
    if (resource == NULL || uri == NULL)
        return schema_fail(schema, id, "there is no memory");
    if (uri_split_fragment(uri)[0] != '\0')
        return schema_fail(schema, id, "it has a fragment: use $anchor");
    resource->uri = uri;
    resource->root = value;
    resource->next = schema->resources;
    schema->resources = resource;
    resource->vocabularies = schema_vocabularies(schema, value, parent->vocabularies);
    return resource->vocabularies == 0 ? NULL : resource;
}

struct schema_node *schema_compile(struct schema *schema, struct json_value *value,
                                   struct schema_resource *resource)
{
    if (value->attachment != NULL && value->type != JSON_NUMBER)
        return value->attachment;
    if (value->type != JSON_OBJECT && value->type != JSON_BOOLEAN)
        return schema_fail(schema, value, "a schema is an object, true or false");
    const struct json_value *id = json_member_cstr(value, "$id");
    if (id != NULL)
        resource = open_resource(schema, value, id, resource);
    if (resource == NULL)
        return NULL;
    struct schema_node *node = arena_alloc(&schema->arena, sizeof *node);
    if (node == NULL)
        return schema_fail(schema, value, "there is no memory");
    node->source = value;
    node->resource = resource;
    value->attachment = node;
    for (struct json_value *member = value->type == JSON_OBJECT ? value->first : NULL;
         member != NULL; member = member->next)
        if (!compile_keyword(schema, node, member))
            return NULL;
    if (json_member_cstr(value, "$ref") != NULL || json_member_cstr(value, "$dynamicRef") != NULL) {
        node->next = schema->pending;
        schema->pending = node;
    }
    return node;
}
