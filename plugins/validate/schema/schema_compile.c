#include "schema_keyword.h"
#include "uri.h"

#include <string.h>

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
        property->pattern = schema_compile_pattern(schema, member, member->name);
        if (property->pattern == NULL)
            return false;
    }
    return true;
}

/* Of drafts before 2019-09: dependentRequired and dependentSchemas in one. Since it would be
 * ignored without a word otherwise, it is understood still. */
static bool compile_dependencies(struct schema *schema, struct schema_node *node,
                                 struct json_value *value, size_t offset)
{
    if (value->type != JSON_OBJECT)
        return schema_fail(schema, value, "it has to be an object") != NULL;
    for (struct json_value *member = value->first; member != NULL; member = member->next) {
        if (schema_is_strings(member))
            continue;
        if (member->type == JSON_ARRAY)
            return schema_fail(schema, member, "it has to be a list of strings, or a schema") !=
                   NULL;
        if (schema_compile(schema, member, node->resource) == NULL)
            return false;
    }
    return schema_keep_value(schema, node, value, offset);
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

#define CORE VOCABULARY_CORE
#define APPLICATOR VOCABULARY_APPLICATOR
#define UNEVALUATED VOCABULARY_UNEVALUATED

/* The keywords that hold schemas, names and references. */
static const struct keyword schema_keywords[] = {
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
};

const struct keyword *schema_find_keyword(const struct keyword *keywords, size_t count,
                                          struct json_text name)
{
    for (size_t i = 0; i < count; i++)
        if (json_text_is(name, keywords[i].name))
            return &keywords[i];
    return NULL;
}

static bool compile_keyword(struct schema *schema, struct schema_node *node,
                            struct json_value *value)
{
    const struct keyword *keyword = schema_find_keyword(
        schema_keywords, sizeof schema_keywords / sizeof *schema_keywords, value->name);
    if (keyword == NULL)
        keyword = schema_find_value_keyword(value->name);
    if (keyword == NULL)
        return true; /* an unknown keyword is an annotation */
    return !(keyword->vocabulary & (node->resource->vocabularies | VOCABULARY_CORE)) ||
           keyword->compile(schema, node, value, keyword->offset);
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
