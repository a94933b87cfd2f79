#include "config/yaml_node.h"

#include <stdlib.h>
#include <string.h>

struct yaml_node *yaml_node_create(enum node_kind kind, struct position position)
{
    struct yaml_node *node = calloc(1, sizeof *node);
    if (node == NULL)
        return NULL;
    node->kind = kind;
    node->position = position;
    return node;
}

void yaml_node_destroy(struct yaml_node *node)
{
    if (node == NULL)
        return;
    for (size_t i = 0; i < node->count; i++) {
        free(node->entries[i].key);
        yaml_node_destroy(node->entries[i].value);
    }
    free(node->entries);
    if (node->text != NULL && node->origin != ORIGIN_FILE)
        explicit_bzero(node->text, strlen(node->text)); /* it may be a secret */
    free(node->text);
    free(node->written);
    free(node);
}

static int grow_entries(struct yaml_node *parent)
{
    size_t capacity = parent->capacity == 0 ? 4 : parent->capacity * 2;
    struct yaml_entry *entries = realloc(parent->entries, capacity * sizeof *entries);
    if (entries == NULL)
        return ERR_NO_MEMORY;
    parent->entries = entries;
    parent->capacity = capacity;
    return 0;
}

int yaml_node_append(struct yaml_node *parent, const char *key, struct position key_position,
                     struct yaml_node *value)
{
    struct yaml_entry entry = {.key_position = key_position, .value = value};
    if (parent->count == parent->capacity && grow_entries(parent) != 0)
        goto no_memory;
    if (key != NULL && (entry.key = strdup(key)) == NULL)
        goto no_memory;
    parent->entries[parent->count++] = entry;
    return 0;
no_memory:
    yaml_node_destroy(value);
    return ERR_NO_MEMORY;
}

size_t yaml_node_text_bytes(const struct yaml_node *scalar)
{
    return strlen(scalar->text) + (scalar->written != NULL ? strlen(scalar->written) : 0);
}

static int copy_scalar(const struct yaml_node *node, struct yaml_budget *budget,
                       struct yaml_node *copy)
{
    size_t len = yaml_node_text_bytes(node);
    if (len > budget->text)
        return ERR_LIMIT;
    budget->text -= len;
    copy->plain = node->plain;
    copy->origin = node->origin;
    copy->text = strdup(node->text);
    if (node->written != NULL)
        copy->written = strdup(node->written);
    bool is_whole = copy->text != NULL && (node->written == NULL || copy->written != NULL);
    return is_whole ? 0 : ERR_NO_MEMORY;
}

static int copy_entries(const struct yaml_node *node, unsigned depth, struct yaml_budget *budget,
                        struct yaml_node *copy)
{
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_entry *entry = &node->entries[i];
        struct yaml_node *value;
        int error = yaml_node_copy(entry->value, depth + 1, budget, &value);
        if (error != 0)
            return error;
        error = yaml_node_append(copy, entry->key, entry->key_position, value);
        if (error != 0)
            return error;
    }
    return 0;
}

int yaml_node_copy(const struct yaml_node *node, unsigned depth, struct yaml_budget *budget,
                   struct yaml_node **out)
{
    if (depth >= YAML_MAX_DEPTH || budget->nodes == 0)
        return ERR_LIMIT;
    budget->nodes--;
    struct yaml_node *copy = yaml_node_create(node->kind, node->position);
    if (copy == NULL)
        return ERR_NO_MEMORY;
    copy->broken = node->broken;
    int error = node->kind == NODE_SCALAR ? copy_scalar(node, budget, copy)
                                          : copy_entries(node, depth, budget, copy);
    if (error != 0) {
        yaml_node_destroy(copy);
        return error;
    }
    *out = copy;
    return 0;
}

const struct yaml_entry *yaml_node_entry(const struct yaml_node *mapping, const char *key)
{
    if (mapping == NULL || mapping->kind != NODE_MAPPING)
        return NULL;
    for (size_t i = 0; i < mapping->count; i++)
        if (strcmp(mapping->entries[i].key, key) == 0)
            return &mapping->entries[i];
    return NULL;
}

struct yaml_node *yaml_node_get(const struct yaml_node *mapping, const char *key)
{
    const struct yaml_entry *entry = yaml_node_entry(mapping, key);
    return entry != NULL ? entry->value : NULL;
}

bool yaml_node_is_null(const struct yaml_node *node)
{
    if (node == NULL)
        return true;
    if (node->kind != NODE_SCALAR || !node->plain)
        return false;
    return strcmp(node->text, "") == 0 || strcmp(node->text, "~") == 0 ||
           strcmp(node->text, "null") == 0 || strcmp(node->text, "Null") == 0 ||
           strcmp(node->text, "NULL") == 0;
}

const char *yaml_node_kind_name(const struct yaml_node *node)
{
    switch (node->kind) {
    case NODE_MAPPING:
        return "a mapping";
    case NODE_SEQUENCE:
        return "a list";
    default:
        return "a single value";
    }
}

static bool is_empty(const struct yaml_node *node)
{
    return yaml_node_is_null(node) || (node->kind == NODE_MAPPING && node->count == 0);
}

static bool entries_equal(const struct yaml_entry *a, const struct yaml_entry *b)
{
    bool same_key = a->key == NULL ? b->key == NULL : b->key != NULL && strcmp(a->key, b->key) == 0;
    return same_key && yaml_node_equals(a->value, b->value);
}

bool yaml_node_equals(const struct yaml_node *a, const struct yaml_node *b)
{
    if (is_empty(a) || is_empty(b))
        return is_empty(a) && is_empty(b);
    if (a->kind != b->kind)
        return false;
    if (a->kind == NODE_SCALAR)
        return a->plain == b->plain && strcmp(a->text, b->text) == 0;
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!entries_equal(&a->entries[i], &b->entries[i]))
            return false;
    return true;
}
