#include "schema_node.h"

#include "schema_uri.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (1024 * 1024)
#define POINTER_MAX 1024

static const struct document_limits limits = {.max_depth = 256,
                                              .max_values = 1000000,
                                              .max_members = 100000,
                                              .max_string = FILE_MAX,
                                              .max_number = 1000,
                                              .unique_members = true};

/* Where subschemas are, by keyword. */
enum place { ONE, MANY };
static const struct {
    const char *keyword;
    enum place place;
} places[] = {
    {"$defs", MANY},
    {"definitions", MANY},
    {"properties", MANY},
    {"patternProperties", MANY},
    {"dependentSchemas", MANY},
    {"allOf", MANY},
    {"anyOf", MANY},
    {"oneOf", MANY},
    {"prefixItems", MANY},
    {"not", ONE},
    {"if", ONE},
    {"then", ONE},
    {"else", ONE},
    {"items", ONE},
    {"contains", ONE},
    {"additionalProperties", ONE},
    {"propertyNames", ONE},
    {"unevaluatedItems", ONE},
    {"unevaluatedProperties", ONE},
    {"contentSchema", ONE},
};

__attribute__((format(printf, 2, 3))) static int refuse(char *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error, SCHEMA_ERROR_SIZE, format, arguments);
    va_end(arguments);
    return -1;
}

static int no_memory(char *error)
{
    return refuse(error, "there is no memory for the schema");
}

static char *copy_text(struct schema *schema, const char *text, size_t len)
{
    char *copy = arena_take(schema->arena, len + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

/* -- resources and anchors -- */

static struct resource *find_resource(const struct schema *schema, const char *uri)
{
    struct resource *resource = schema->resources;
    while (resource != NULL && strcmp(resource->uri, uri) != 0)
        resource = resource->next;
    return resource;
}

static struct resource *resource_of_root(const struct schema *schema,
                                         const struct json_value *value)
{
    struct resource *resource = schema->resources;
    while (resource != NULL && resource->root != value)
        resource = resource->next;
    return resource;
}

static struct resource *add_resource(struct schema *schema, const char *uri,
                                     const struct json_value *root)
{
    struct resource *resource = arena_take(schema->arena, sizeof *resource);
    if (resource == NULL)
        return NULL;
    *resource = (struct resource){
        .next = schema->resources, .uri = copy_text(schema, uri, strcspn(uri, "#")), .root = root};
    if (resource->uri == NULL)
        return NULL;
    schema->resources = resource;
    return resource;
}

static int add_anchor(struct schema *schema, struct resource *resource,
                      const struct json_value *value, const char *keyword, char *error)
{
    const struct json_value *name = json_get(value, keyword);
    if (name == NULL || name->type != TYPE_STRING)
        return 0;
    struct anchor *anchor = arena_take(schema->arena, sizeof *anchor);
    if (anchor == NULL)
        return no_memory(error);
    *anchor = (struct anchor){.next = resource->anchors,
                              .name = name->text,
                              .is_dynamic = keyword[1] == 'd',
                              .value = value};
    resource->anchors = anchor;
    return 0;
}

static int enter_id(struct schema *schema, struct resource **resource,
                    const struct json_value *value, char *error)
{
    const struct json_value *id = json_get(value, "$id");
    char uri[URI_MAX];
    if (id == NULL || id->type != TYPE_STRING || value == (*resource)->root)
        return 0;
    if (!uri_resolve((*resource)->uri, id->text.data, id->text.len, uri))
        return refuse(error, "$id \"%.*s\" is too long", (int)id->text.len, id->text.data);
    bool skips = (*resource)->skips_validation;
    *resource = add_resource(schema, uri, value);
    if (*resource == NULL)
        return no_memory(error);
    (*resource)->skips_validation = skips;
    return 0;
}

/* Finds the resources and anchors of a document, where schemas are and nowhere else. */
static int scan(struct schema *schema, struct resource *resource, const struct json_value *value,
                char *error)
{
    if (value->type != TYPE_OBJECT)
        return 0;
    if (enter_id(schema, &resource, value, error) != 0 ||
        add_anchor(schema, resource, value, "$anchor", error) != 0 ||
        add_anchor(schema, resource, value, "$dynamicAnchor", error) != 0)
        return -1;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const struct json_value *found = json_get(value, places[i].keyword);
        if (found == NULL)
            continue;
        if (places[i].place == ONE && scan(schema, resource, found, error) != 0)
            return -1;
        for (size_t j = 0; places[i].place == MANY && j < found->count; j++)
            if (scan(schema, resource,
                     found->type == TYPE_OBJECT ? &found->members[j].value : &found->items[j],
                     error) != 0)
                return -1;
    }
    return 0;
}

/* Whether the document's meta-schema leaves the validation vocabulary out. */
static bool leaves_validation_out(const struct schema *schema, const struct json_value *root)
{
    const struct json_value *name = json_get(root, "$schema");
    char uri[URI_MAX];
    if (name == NULL || name->type != TYPE_STRING ||
        !uri_resolve("", name->text.data, name->text.len, uri))
        return false;
    const struct resource *meta = find_resource(schema, uri);
    const struct json_value *vocabulary = meta != NULL ? json_get(meta->root, "$vocabulary") : NULL;
    return vocabulary != NULL &&
           json_get(vocabulary, "https://json-schema.org/draft/2020-12/vocab/validation") == NULL;
}

int schema_add(struct schema *schema, const char *uri_cstr, const char *text, size_t len,
               char *error)
{
    size_t at;
    char uri[URI_MAX];
    char *copy = copy_text(schema, text, len);
    struct json_value *root = arena_take(schema->arena, sizeof *root);
    if (copy == NULL || root == NULL)
        return no_memory(error);
    if (document_parse(schema->arena, copy, len, &limits, root, &at) != DOCUMENT_OK)
        return refuse(error, "%s: not JSON, or a member is there twice, at byte %zu", uri_cstr, at);
    if (root->type != TYPE_OBJECT && root->type != TYPE_BOOLEAN)
        return refuse(error, "%s: a schema is an object, true or false", uri_cstr);
    const struct json_value *id = json_get(root, "$id");
    struct resource *resource = add_resource(schema, uri_cstr, root);
    if (resource == NULL)
        return no_memory(error);
    bool skips = resource->skips_validation = leaves_validation_out(schema, root);
    if (id != NULL && id->type == TYPE_STRING) {
        if (!uri_resolve(uri_cstr, id->text.data, id->text.len, uri))
            return refuse(error, "%s: $id is too long", uri_cstr);
        resource = add_resource(schema, uri, root);
        if (resource == NULL)
            return no_memory(error);
        resource->skips_validation = skips;
    }
    schema->last_added = resource;
    return scan(schema, resource, root, error);
}

static char *read_file(const char *path, size_t *len, char *error)
{
    FILE *file = fopen(path, "re");
    char *text = file != NULL ? malloc(FILE_MAX + 1) : NULL;
    if (text == NULL)
        (void)refuse(error, "%s: %s", path, file == NULL ? strerror(errno) : "no memory");
    else
        *len = fread(text, 1, FILE_MAX + 1, file);
    if (text != NULL && *len > FILE_MAX) {
        (void)refuse(error, "%s: it is larger than 1 MiB", path);
        free(text);
        text = NULL;
    }
    if (file != NULL)
        fclose(file);
    return text;
}

int schema_add_file(struct schema *schema, const char *path_cstr, char *error)
{
    char real[PATH_MAX];
    char uri[PATH_MAX + 8];
    size_t len = 0;
    if (realpath(path_cstr, real) == NULL)
        return refuse(error, "%s: %s", path_cstr, strerror(errno));
    char *text = read_file(real, &len, error);
    if (text == NULL)
        return -1;
    if (schema->folder == NULL)
        schema->folder = copy_text(schema, real, (size_t)(strrchr(real, '/') + 1 - real));
    snprintf(uri, sizeof uri, "file://%s", real);
    int result =
        schema->folder != NULL ? schema_add(schema, uri, text, len, error) : no_memory(error);
    free(text);
    return result;
}

/* A file that is referred to: beside the first one, or below. */
static struct resource *load_file(struct schema *schema, const char *uri, char *error)
{
    char real[PATH_MAX];
    struct resource *before = schema->last_added;
    if (strncmp(uri, "file://", 7) != 0 || schema->folder == NULL ||
        realpath(uri + 7, real) == NULL ||
        strncmp(real, schema->folder, strlen(schema->folder)) != 0 ||
        schema_add_file(schema, real, error) != 0)
        return NULL;
    schema->last_added = before;
    return find_resource(schema, uri);
}

/* -- references -- */

/* Walks a JSON Pointer (RFC 6901); *resource follows the $ids on the way. */
static const struct json_value *walk(const struct schema *schema, const struct json_value *value,
                                     const char *pointer, struct resource **resource)
{
    while (value != NULL && *pointer == '/') {
        char name[POINTER_MAX];
        size_t len = pointer_token(&pointer, name, sizeof name);
        if (value->type == TYPE_ARRAY) {
            char *end;
            unsigned long index = strtoul(name, &end, 10);
            value = len > 0 && *end == '\0' && index < value->count ? &value->items[index] : NULL;
        } else {
            value = json_get_text(value, (struct json_text){name, len});
        }
        struct resource *entered = value != NULL ? resource_of_root(schema, value) : NULL;
        if (entered != NULL)
            *resource = entered;
    }
    return *pointer == '\0' ? value : NULL;
}

static struct anchor *find_anchor(const struct resource *resource, const char *name)
{
    struct anchor *anchor = resource->anchors;
    while (anchor != NULL && !json_text_is(anchor->name, name))
        anchor = anchor->next;
    return anchor;
}

static struct node *compile_node(struct schema *schema, struct resource *resource,
                                 const struct json_value *value, const char *pointer, char *error);

/* The value that a URI names; *resource gets the one it is in, *anchor the anchor if it named one.
 */
static const struct json_value *find_target(struct schema *schema, char *uri,
                                            struct resource **resource, struct anchor **anchor,
                                            char *pointer, char *error)
{
    char *fragment = strchr(uri, '#');
    if (fragment != NULL)
        *fragment++ = '\0';
    *resource = find_resource(schema, uri);
    if (*resource == NULL)
        *resource = load_file(schema, uri, error);
    if (*resource == NULL)
        return NULL;
    snprintf(pointer, URI_MAX, "%s", fragment != NULL ? fragment : "");
    uri_decode(pointer);
    if (pointer[0] == '/')
        return walk(schema, (*resource)->root, pointer, resource);
    if (pointer[0] == '\0')
        return (*resource)->root;
    *anchor = find_anchor(*resource, pointer);
    pointer[0] = '\0';
    return *anchor != NULL ? (*anchor)->value : NULL;
}

static struct node *resolve(struct schema *schema, const struct node *from, struct json_text text,
                            struct anchor **anchor, char *error)
{
    char uri[URI_MAX];
    char pointer[URI_MAX] = "";
    struct resource *resource = NULL;
    const struct json_value *target = NULL;
    *anchor = NULL;
    error[0] = '\0';
    if (uri_resolve(from->resource->uri, text.data, text.len, uri))
        target = find_target(schema, uri, &resource, anchor, pointer, error);
    if (target != NULL)
        return compile_node(schema, resource, target, pointer, error);
    if (error[0] == '\0')
        (void)refuse(error,
                     "%s: \"%.*s\" leads nowhere: there is no such schema here, and none is "
                     "fetched",
                     from->pointer, (int)text.len, text.data);
    return NULL;
}

/* -- nodes -- */

static struct node *compile_child(struct schema *schema, struct node *node, const char *keyword,
                                  struct json_text name, const struct json_value *value,
                                  char *error)
{
    char pointer[POINTER_MAX];
    const char *own = strchr(node->pointer, '#');
    snprintf(pointer, sizeof pointer, "%s/%s%s%.*s", own != NULL ? own + 1 : "", keyword,
             name.data != NULL ? "/" : "", (int)name.len, name.data != NULL ? name.data : "");
    return compile_node(schema, node->resource, value, pointer, error);
}

static int compile_one(struct schema *schema, struct node *node, const char *keyword,
                       struct node **out, char *error)
{
    const struct json_value *value = json_get(node->value, keyword);
    if (value == NULL)
        return 0;
    *out = compile_child(schema, node, keyword, (struct json_text){NULL, 0}, value, error);
    return *out != NULL ? 0 : -1;
}

static int compile_list(struct schema *schema, struct node *node, const char *keyword,
                        struct nodes *out, char *error)
{
    const struct json_value *list = json_get(node->value, keyword);
    if (list == NULL)
        return 0;
    if (list->type != TYPE_ARRAY || list->count == 0)
        return refuse(error, "%s/%s has to be a list with at least one schema", node->pointer,
                      keyword);
    out->items = arena_take(schema->arena, list->count * sizeof(struct node *));
    if (out->items == NULL)
        return no_memory(error);
    for (; out->count < list->count; out->count++) {
        char index[24];
        int len = snprintf(index, sizeof index, "%zu", out->count);
        out->items[out->count] =
            compile_child(schema, node, keyword, (struct json_text){index, (size_t)len},
                          &list->items[out->count], error);
        if (out->items[out->count] == NULL)
            return -1;
    }
    return 0;
}

static int compile_map(struct schema *schema, struct node *node, const char *keyword,
                       struct named_node **out, size_t *count, char *error)
{
    const struct json_value *map = json_get(node->value, keyword);
    if (map == NULL)
        return 0;
    if (map->type != TYPE_OBJECT)
        return refuse(error, "%s/%s has to be an object of schemas", node->pointer, keyword);
    *out = arena_take(schema->arena, (map->count + 1) * sizeof **out);
    if (*out == NULL)
        return no_memory(error);
    for (; *count < map->count; ++*count) {
        const struct json_member *member = &map->members[*count];
        struct node *child =
            compile_child(schema, node, keyword, member->name, &member->value, error);
        if (child == NULL)
            return -1;
        (*out)[*count] = (struct named_node){member->name, child};
    }
    return 0;
}

static pcre2_code *compile_pattern(const struct node *node, struct json_text text, char *error)
{
    int code;
    size_t offset;
    PCRE2_UCHAR message[128];
    pcre2_code *pattern = schema_pattern_compile(text, &code, &offset);
    if (pattern != NULL)
        return pattern;
    pcre2_get_error_message(code, message, sizeof message);
    (void)refuse(error, "%s: the pattern \"%.*s\" is wrong at %zu: %s", node->pointer,
                 (int)text.len, text.data, offset, (const char *)message);
    return NULL;
}

static int compile_patterns(struct schema *schema, struct node *node, char *error)
{
    struct named_node *named = NULL;
    size_t count = 0;
    if (compile_map(schema, node, "patternProperties", &named, &count, error) != 0)
        return -1;
    if (count == 0)
        return 0;
    node->patterns = arena_take(schema->arena, count * sizeof *node->patterns);
    if (node->patterns == NULL)
        return no_memory(error);
    for (; node->pattern_count < count; node->pattern_count++) {
        struct pattern_node *pattern = &node->patterns[node->pattern_count];
        pattern->node = named[node->pattern_count].node;
        pattern->code = compile_pattern(node, named[node->pattern_count].name, error);
        if (pattern->code == NULL)
            return -1;
    }
    return 0;
}

static int compile_references(struct schema *schema, struct node *node, char *error)
{
    const struct json_value *ref = json_get(node->value, "$ref");
    const struct json_value *dynamic = json_get(node->value, "$dynamicRef");
    struct anchor *anchor;
    if ((ref != NULL && ref->type != TYPE_STRING) ||
        (dynamic != NULL && dynamic->type != TYPE_STRING))
        return refuse(error, "%s: $ref and $dynamicRef have to be texts", node->pointer);
    if (ref != NULL) {
        node->ref = resolve(schema, node, ref->text, &anchor, error);
        if (node->ref == NULL)
            return -1;
    }
    if (dynamic == NULL)
        return 0;
    node->dynamic_ref = resolve(schema, node, dynamic->text, &anchor, error);
    if (node->dynamic_ref != NULL && anchor != NULL && anchor->is_dynamic)
        node->dynamic_name = anchor->name;
    return node->dynamic_ref != NULL ? 0 : -1;
}

static int compile_applicators(struct schema *schema, struct node *node, char *error)
{
    const struct {
        const char *keyword;
        struct node **out;
    } ones[] = {
        {"not", &node->not_},
        {"if", &node->if_},
        {"then", &node->then_},
        {"else", &node->else_},
        {"items", &node->items},
        {"contains", &node->contains},
        {"additionalProperties", &node->additional},
        {"propertyNames", &node->property_names},
        {"unevaluatedItems", &node->unevaluated_items},
        {"unevaluatedProperties", &node->unevaluated_properties},
    };
    for (size_t i = 0; i < sizeof ones / sizeof *ones; i++)
        if (compile_one(schema, node, ones[i].keyword, ones[i].out, error) != 0)
            return -1;
    schema->tracks |= node->unevaluated_items != NULL || node->unevaluated_properties != NULL;
    if (compile_list(schema, node, "allOf", &node->all_of, error) != 0 ||
        compile_list(schema, node, "anyOf", &node->any_of, error) != 0 ||
        compile_list(schema, node, "oneOf", &node->one_of, error) != 0 ||
        compile_list(schema, node, "prefixItems", &node->prefix_items, error) != 0 ||
        compile_map(schema, node, "properties", &node->properties, &node->property_count, error) !=
            0 ||
        compile_map(schema, node, "dependentSchemas", &node->dependent_schemas,
                    &node->dependent_schema_count, error) != 0)
        return -1;
    return compile_patterns(schema, node, error);
}

static unsigned type_bit(struct json_text name)
{
    static const char *const names[] = {
        [TYPE_NULL] = "null",     [TYPE_BOOLEAN] = "boolean", [TYPE_NUMBER] = "number",
        [TYPE_STRING] = "string", [TYPE_ARRAY] = "array",     [TYPE_OBJECT] = "object"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (json_text_is(name, names[i]))
            return 1u << i;
    return json_text_is(name, "integer") ? TYPE_INTEGER_BIT : 0;
}

static int compile_types(struct node *node, char *error)
{
    const struct json_value *type = json_get(node->value, "type");
    if (type == NULL)
        return 0;
    if (type->type == TYPE_STRING)
        node->types = type_bit(type->text);
    for (size_t i = 0; type->type == TYPE_ARRAY && i < type->count; i++) {
        unsigned bit = type->items[i].type == TYPE_STRING ? type_bit(type->items[i].text) : 0;
        if (bit == 0)
            return refuse(error, "%s/type/%zu is no type", node->pointer, i);
        node->types |= bit;
    }
    return node->types != 0 ? 0 : refuse(error, "%s/type is no type", node->pointer);
}

static int compile_numbers(struct node *node, char *error)
{
    const struct {
        const char *keyword;
        const struct json_value **out;
        bool is_count;
    } numbers[] = {
        {"multipleOf", &node->multiple_of, false},
        {"maximum", &node->maximum, false},
        {"exclusiveMaximum", &node->exclusive_maximum, false},
        {"minimum", &node->minimum, false},
        {"exclusiveMinimum", &node->exclusive_minimum, false},
        {"maxLength", &node->max_length, true},
        {"minLength", &node->min_length, true},
        {"maxItems", &node->max_items, true},
        {"minItems", &node->min_items, true},
        {"maxContains", &node->max_contains, true},
        {"minContains", &node->min_contains, true},
        {"maxProperties", &node->max_properties, true},
        {"minProperties", &node->min_properties, true},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const struct json_value *value = json_get(node->value, numbers[i].keyword);
        if (value == NULL)
            continue;
        if (value->type != TYPE_NUMBER ||
            (numbers[i].is_count && (!json_is_integer(value) || value->number < 0)))
            return refuse(error, "%s/%s has to be a number%s", node->pointer, numbers[i].keyword,
                          numbers[i].is_count ? " that counts" : "");
        *numbers[i].out = value;
    }
    if (node->multiple_of != NULL && !(node->multiple_of->number > 0))
        return refuse(error, "%s/multipleOf has to be greater than 0", node->pointer);
    return 0;
}

static int compile_dependencies(struct schema *schema, struct node *node, char *error)
{
    const struct json_value *map = json_get(node->value, "dependentRequired");
    if (map == NULL)
        return 0;
    if (map->type != TYPE_OBJECT)
        return refuse(error, "%s/dependentRequired has to be an object", node->pointer);
    node->dependencies = arena_take(schema->arena, (map->count + 1) * sizeof *node->dependencies);
    if (node->dependencies == NULL)
        return no_memory(error);
    for (; node->dependency_count < map->count; node->dependency_count++) {
        const struct json_member *member = &map->members[node->dependency_count];
        if (member->value.type != TYPE_ARRAY)
            return refuse(error, "%s/dependentRequired has to hold lists", node->pointer);
        node->dependencies[node->dependency_count] =
            (struct dependency){member->name, &member->value};
    }
    return 0;
}

static int compile_assertions(struct schema *schema, struct node *node, char *error)
{
    const struct json_value *pattern = json_get(node->value, "pattern");
    const struct json_value *unique = json_get(node->value, "uniqueItems");
    if (compile_types(node, error) != 0 || compile_numbers(node, error) != 0 ||
        compile_dependencies(schema, node, error) != 0)
        return -1;
    node->enumeration = json_get(node->value, "enum");
    node->constant = json_get(node->value, "const");
    node->required = json_get(node->value, "required");
    if ((node->enumeration != NULL && node->enumeration->type != TYPE_ARRAY) ||
        (node->required != NULL && node->required->type != TYPE_ARRAY))
        return refuse(error, "%s: enum and required have to be lists", node->pointer);
    node->unique_items = unique != NULL && unique->type == TYPE_BOOLEAN && unique->truth;
    if (pattern == NULL)
        return 0;
    if (pattern->type != TYPE_STRING)
        return refuse(error, "%s/pattern has to be a text", node->pointer);
    node->pattern = compile_pattern(node, pattern->text, error);
    return node->pattern != NULL ? 0 : -1;
}

static void compile_format(const struct schema *schema, struct node *node)
{
    const struct json_value *format = json_get(node->value, "format");
    if (schema->options.assert_formats && format != NULL && format->type == TYPE_STRING)
        node->format = schema_format_find(format->text);
}

static struct node *find_node(const struct schema *schema, const struct json_value *value)
{
    struct node *node = schema->nodes;
    while (node != NULL && node->value != value)
        node = node->next;
    return node;
}

static struct node *add_node(struct schema *schema, struct resource *resource,
                             const struct json_value *value, const char *pointer)
{
    char text[URI_MAX + POINTER_MAX];
    struct node *node = arena_take(schema->arena, sizeof *node);
    int len = snprintf(text, sizeof text, "%s#%s", resource->uri, pointer);
    if (node == NULL)
        return NULL;
    if (len >= (int)sizeof text)
        len = (int)sizeof text - 1;
    *node = (struct node){.next = schema->nodes,
                          .value = value,
                          .resource = resource,
                          .pointer = copy_text(schema, text, (size_t)len),
                          .is_boolean = value->type == TYPE_BOOLEAN,
                          .accepts = value->truth};
    if (node->pointer == NULL)
        return NULL;
    schema->nodes = node;
    return node;
}

/* Compiles a value once; references to it meet the node that is there, also one that is still being
 * compiled, so that loops end. */
static struct node *compile_node(struct schema *schema, struct resource *resource,
                                 const struct json_value *value, const char *pointer, char *error)
{
    struct node *node = find_node(schema, value);
    struct resource *own = resource_of_root(schema, value);
    if (node != NULL)
        return node;
    if (value->type != TYPE_OBJECT && value->type != TYPE_BOOLEAN) {
        (void)refuse(error, "%s#%s: a schema is an object, true or false", resource->uri, pointer);
        return NULL;
    }
    if (own != NULL && own != resource) {
        resource = own;
        pointer = "";
    }
    node = add_node(schema, resource, value, pointer);
    if (node == NULL) {
        (void)no_memory(error);
        return NULL;
    }
    if (node->is_boolean)
        return node;
    if (compile_references(schema, node, error) != 0 ||
        compile_applicators(schema, node, error) != 0 ||
        (!resource->skips_validation && compile_assertions(schema, node, error) != 0))
        return NULL;
    compile_format(schema, node);
    return node;
}

/* -- schemas -- */

struct schema *schema_create(const struct schema_options *options)
{
    char error[SCHEMA_ERROR_SIZE];
    struct schema *schema = calloc(1, sizeof *schema);
    if (schema == NULL)
        return NULL;
    schema->options = *options;
    schema->arena = arena_create();
    if (schema->arena != NULL &&
        schema_add(schema, SCHEMA_META_URI, schema_meta_text, strlen(schema_meta_text), error) == 0)
        return schema;
    schema_destroy(schema);
    return NULL;
}

/* All dynamic anchors are compiled, since a check may come to any of them. */
static int compile_anchors(struct schema *schema, char *error)
{
    for (struct resource *resource = schema->resources; resource != NULL; resource = resource->next)
        for (struct anchor *anchor = resource->anchors; anchor != NULL; anchor = anchor->next) {
            if (!anchor->is_dynamic || anchor->node != NULL)
                continue;
            anchor->node = compile_node(schema, resource, anchor->value, "", error);
            if (anchor->node == NULL)
                return -1;
        }
    return 0;
}

int schema_compile(struct schema *schema, char *error)
{
    error[0] = '\0';
    schema->root = compile_node(schema, schema->last_added, schema->last_added->root, "", error);
    return schema->root != NULL ? compile_anchors(schema, error) : -1;
}

void schema_destroy(struct schema *schema)
{
    if (schema == NULL)
        return;
    for (struct node *node = schema->nodes; node != NULL; node = node->next) {
        pcre2_code_free(node->pattern);
        for (size_t i = 0; i < node->pattern_count; i++)
            pcre2_code_free(node->patterns[i].code);
    }
    arena_destroy(schema->arena);
    free(schema);
}
