#include "config/effective.h"

#include "config/effective_tree.h"
#include "config/paths.h"

#include <stdlib.h>
#include <string.h>

/* Forgets what the environment has for the scalars of a tree: what was written remains. */
static void forget_environment(struct yaml_node *node)
{
    if (node->kind == NODE_SCALAR && node->origin != ORIGIN_FILE) {
        explicit_bzero(node->text, strlen(node->text));
        free(node->text);
        node->text = NULL;
    }
    for (size_t i = 0; i < node->count; i++)
        forget_environment(node->entries[i].value);
}

/* Puts the path that the scalar means in its place. */
static int make_absolute(const char *folder, struct yaml_node *scalar)
{
    char *path = path_resolve(folder, scalar->text);
    char *absolute = path != NULL ? path_absolute(path) : NULL;
    free(path);
    if (absolute == NULL)
        return ERR_NO_MEMORY;
    free(scalar->text);
    scalar->text = absolute;
    return 0;
}

/* {file: PATH} stays a reference; of ${NAME} and {env: NAME} only the name is there. */
static int hide_secret(const char *folder, struct yaml_node *node)
{
    struct yaml_node *file = yaml_node_get(node, "file");
    int error = file != NULL ? make_absolute(folder, file) : 0;
    if (file == NULL)
        forget_environment(node);
    return error;
}

static enum node_kind kind_of(enum sl_option_type type)
{
    if (type == SL_OPTION_STRINGS || type == SL_OPTION_MAPS)
        return NODE_SEQUENCE;
    return type == SL_OPTION_MAP ? NODE_MAPPING : NODE_SCALAR;
}

static int finish_value(const struct sl_option *row, const char *folder, struct yaml_node *node)
{
    switch (row->type) {
    case SL_OPTION_PATH:
        return make_absolute(folder, node);
    case SL_OPTION_SECRET:
        return hide_secret(folder, node);
    case SL_OPTION_MAP:
    case SL_OPTION_MAPS:
        forget_environment(node);
        return 0;
    case SL_OPTION_STRING:
    case SL_OPTION_STRINGS:
    case SL_OPTION_CHOICE:
        effective_quote(node);
        return 0;
    default:
        return 0;
    }
}

static void place_at_default(struct yaml_node *node)
{
    node->position = effective_default_position();
    for (size_t i = 0; i < node->count; i++)
        place_at_default(node->entries[i].value);
}

/* Defaults are YAML as well. */
static int parse_default(const struct sl_option *row, struct yaml_node **out)
{
    struct diagnostics diagnostics;
    struct yaml_source source = {.file = effective_default_file,
                                 .data = row->default_value,
                                 .len = strlen(row->default_value)};
    diagnostics_init(&diagnostics);
    int error = yaml_parse(&source, &diagnostics, out);
    diagnostics_deinit(&diagnostics);
    if (error == 0)
        place_at_default(*out);
    return error;
}

/* An option without a value and a default is NULL. */
static int describe_option(const struct sl_option *row, const struct yaml_node *node,
                           const char *folder, struct yaml_node **out)
{
    int error = 0;
    if (node != NULL)
        error = effective_copy(node, kind_of(row->type), out);
    else if (row->default_value != NULL)
        error = parse_default(row, out);
    if (error == 0 && *out != NULL)
        error = finish_value(row, folder, *out);
    return error;
}

static int describe_options(const struct option_table *table, const struct yaml_node *mapping,
                            const char *folder, struct yaml_node *out)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct sl_option *row = option_table_row(table, i);
        struct yaml_node *value = NULL;
        int error = describe_option(row, yaml_node_get(mapping, row->name), folder, &value);
        if (error != 0) {
            yaml_node_destroy(value);
            return error;
        }
        error = yaml_node_append(out, row->name, out->position, value);
        if (error != 0)
            return error;
    }
    return 0;
}

int effective_options(const struct option_table *table, const struct yaml_node *mapping,
                      struct position where, struct yaml_node **out)
{
    char *folder = option_folder(mapping, where);
    struct yaml_node *options =
        yaml_node_create(NODE_MAPPING, mapping != NULL ? mapping->position : where);
    int error = folder != NULL && options != NULL
                    ? describe_options(table, mapping, folder, options)
                    : ERR_NO_MEMORY;
    free(folder);
    if (error != 0) {
        yaml_node_destroy(options);
        return error;
    }
    *out = options;
    return 0;
}
