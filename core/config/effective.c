#include "config/effective.h"

#include "config/config_schema.h"
#include "config/effective_tree.h"

#include <string.h>

struct walker {
    effective_stage_options *options;
    void *context;
};

static int describe_mapping(const struct walker *walker, const struct schema *schema,
                            const struct yaml_node *node, const char *target,
                            struct yaml_node **out);

/* A pointer of whatever type; copied, since a struct pointer may not be read as another kind. */
static void *pointer_at(const char *target, size_t offset)
{
    void *pointer;
    memcpy(&pointer, target + offset, sizeof pointer);
    return pointer;
}

static int make_empty(enum node_kind kind, const struct yaml_node *node, struct yaml_node **out)
{
    *out = yaml_node_create(kind, node != NULL ? node->position : effective_default_position());
    return *out != NULL ? 0 : ERR_NO_MEMORY;
}

/* Puts an entry into *out, or destroys both if there was an error before or there is one now. Takes
 * `value`. */
static int append(struct yaml_node **out, int error, const char *key, struct yaml_node *value)
{
    if (error == 0)
        error = yaml_node_append(*out, key, (*out)->position, value);
    else
        yaml_node_destroy(value);
    if (error != 0) {
        yaml_node_destroy(*out);
        *out = NULL;
    }
    return error;
}

/* -- scalars and lists of them -- */

static bool is_text_type(const struct field *field)
{
    return field->type == FIELD_STRING || field->type == FIELD_CHOICE ||
           field->type == FIELD_STRINGS || field->type == FIELD_FLAGS;
}

static int describe_scalar(const struct field *field, const struct yaml_node *node,
                           struct yaml_node **out)
{
    int error = 0;
    if (node != NULL)
        error = effective_copy(node, NODE_SCALAR, out);
    else if (field->fallback != NULL)
        error = effective_scalar(strdup(field->fallback), effective_default_position(), out);
    if (error == 0 && *out != NULL && is_text_type(field))
        effective_quote(*out);
    return error;
}

static int describe_flags(const struct field *field, const struct yaml_node *node,
                          struct yaml_node **out)
{
    if (node != NULL)
        return effective_copy(node, NODE_SEQUENCE, out);
    int error = make_empty(NODE_SEQUENCE, NULL, out);
    for (const struct choice *choice = field->choices; error == 0 && choice->name != NULL;
         choice++) {
        struct yaml_node *item = NULL;
        error = effective_scalar(strdup(choice->name), effective_default_position(), &item);
        error = append(out, error, NULL, item);
    }
    return error;
}

static int describe_strings(const struct yaml_node *node, struct yaml_node **out)
{
    int error = node != NULL ? effective_copy(node, NODE_SEQUENCE, out)
                             : make_empty(NODE_SEQUENCE, NULL, out);
    if (error == 0)
        effective_quote(*out);
    return error;
}

/* Absolute, and with the server's own folders if none are given. */
static int describe_paths(const struct field *field, const struct yaml_node *node,
                          const char *target, struct yaml_node **out)
{
    char **items = pointer_at(target, field->offset);
    size_t count = *(const size_t *)(const void *)(target + field->count_offset);
    int error = make_empty(NODE_SEQUENCE, node, out);
    for (size_t i = 0; error == 0 && i < count; i++) {
        struct yaml_node *item = NULL;
        bool is_given = node != NULL && i < node->count;
        error = effective_path(items[i], is_given ? node->entries[i].value : NULL, &item);
        error = append(out, error, NULL, item);
    }
    return error;
}

static int describe_path(const struct field *field, const struct yaml_node *node,
                         const char *target, struct yaml_node **out)
{
    return node != NULL ? effective_path(pointer_at(target, field->offset), node, out) : 0;
}

/* -- mappings and lists of them -- */

/* What has keys that it must have is not there at all without them. */
static bool may_be_left_out(const struct schema *schema)
{
    for (size_t i = 0; i < schema->count; i++)
        if (schema->fields[i].required)
            return true;
    return false;
}

static int describe_section(const struct walker *walker, const struct field *field,
                            const struct yaml_node *node, const char *target,
                            struct yaml_node **out)
{
    if (node == NULL && may_be_left_out(field->schema))
        return 0;
    return describe_mapping(walker, field->schema, node, target, out);
}

static int describe_object(const struct walker *walker, const struct field *field,
                           const struct yaml_node *node, const char *target, struct yaml_node **out)
{
    const char *object = pointer_at(target, field->offset);
    return object != NULL ? describe_mapping(walker, field->schema, node, object, out) : 0;
}

static int describe_objects(const struct walker *walker, const struct field *field,
                            const struct yaml_node *node, const char *target,
                            struct yaml_node **out)
{
    const char *items = pointer_at(target, field->offset);
    int error = make_empty(NODE_SEQUENCE, node, out);
    for (size_t i = 0; error == 0 && node != NULL && i < node->count; i++) {
        struct yaml_node *item = NULL;
        error = describe_mapping(walker, field->schema, node->entries[i].value,
                                 items + i * field->schema->size, &item);
        error = append(out, error, NULL, item);
    }
    return error;
}

static int describe_field(const struct walker *walker, const struct field *field,
                          const struct yaml_node *node, const char *target, struct yaml_node **out)
{
    switch (field->type) {
    case FIELD_SECTION:
        return describe_section(walker, field, node, target, out);
    case FIELD_OBJECT:
        return describe_object(walker, field, node, target, out);
    case FIELD_OBJECTS:
        return describe_objects(walker, field, node, target, out);
    case FIELD_NODE: /* There is one: the options of a stage. */
        return walker->options((const struct stage_config *)(const void *)target, out,
                               walker->context);
    case FIELD_FLAGS:
        return describe_flags(field, node, out);
    case FIELD_STRINGS:
        return describe_strings(node, out);
    case FIELD_PATHS:
        return describe_paths(field, node, target, out);
    case FIELD_PATH:
        return describe_path(field, node, target, out);
    default:
        return describe_scalar(field, node, out);
    }
}

static int describe_mapping(const struct walker *walker, const struct schema *schema,
                            const struct yaml_node *node, const char *target,
                            struct yaml_node **out)
{
    int error = make_empty(NODE_MAPPING, node, out);
    for (size_t i = 0; error == 0 && i < schema->count; i++) {
        const struct field *field = &schema->fields[i];
        struct yaml_node *value = NULL;
        if (field->type == FIELD_UNSUPPORTED)
            continue;
        error = describe_field(walker, field, yaml_node_get(node, field->key), target, &value);
        error = append(out, error, field->key, value);
    }
    return error;
}

int effective_create(const struct config *config, effective_stage_options *options, void *context,
                     struct yaml_node **out)
{
    const struct walker walker = {.options = options, .context = context};
    return describe_mapping(&walker, &config_schema, config->tree, (const char *)config, out);
}
