#include "config/schema.h"

#include "config/paths.h"
#include "config/schema_unknown.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_mapping(struct walk *walk, const struct schema *schema,
                        const struct yaml_node *node, bool present, struct position where,
                        char *target);

/* -- names -- */

/* Appends ".key" to the walk's name; returns the length to go back to with leave_key. */
static size_t enter_key(struct walk *walk, const char *key)
{
    size_t before = walk->name_len;
    size_t room = sizeof walk->name - before;
    int len = snprintf(walk->name + before, room, "%s%s", before > 0 ? "." : "", key);
    walk->name_len += (size_t)len < room ? (size_t)len : room - 1;
    return before;
}

static size_t enter_index(struct walk *walk, size_t index)
{
    char key[24];
    snprintf(key, sizeof key, "%zu", index);
    return enter_key(walk, key);
}

static void leave_key(struct walk *walk, size_t before)
{
    walk->name_len = before;
    walk->name[before] = '\0';
}

static struct typed typed_at(struct walk *walk, const struct yaml_node *node, struct position where)
{
    return (struct typed){.node = node,
                          .name = walk->name,
                          .where = node != NULL ? node->position : where,
                          .diagnostics = walk->diagnostics};
}

/* -- scalars -- */

static struct bounds bounds_for(const struct field *field, const struct yaml_node *node)
{
    bool zero = field->zero_allowed && node != NULL && node->kind == NODE_SCALAR &&
                strcmp(node->text, "0") == 0;
    return zero ? (struct bounds){0, 0} : field->bounds;
}

static int read_count(const struct field *field, const struct typed *typed, char *target)
{
    int64_t value = 0;
    bool keyword = field->keyword != NULL && typed->node != NULL &&
                   typed->node->kind == NODE_SCALAR &&
                   strcmp(typed->node->text, field->keyword) == 0;
    int error = keyword ? 0 : typed_integer(typed, bounds_for(field, typed->node), &value);
    uint32_t count = (uint32_t)value; /* every row has bounds that fit */
    if (error == 0)
        memcpy(target + field->offset, &count, sizeof count);
    return error;
}

static int read_size(const struct field *field, const struct typed *typed, char *target)
{
    int64_t value;
    int error = typed_size(typed, bounds_for(field, typed->node), &value);
    if (error == 0)
        *(size_t *)(void *)(target + field->offset) = (size_t)value;
    return error;
}

static int find_choice(const struct field *field, const struct typed *typed, int *out)
{
    const char *names[16], *text;
    size_t count = 0;
    int error = typed_text(typed, &text);
    if (error != 0)
        return error;
    for (const struct choice *choice = field->choices; choice->name != NULL; choice++) {
        bool same = strcmp(choice->name, text) == 0;
        if (same && choice->value == CHOICE_UNSUPPORTED)
            return typed_error(typed, "this version does not support \"%s\" yet", text);
        if (same) {
            *out = choice->value;
            return 0;
        }
        if (choice->value != CHOICE_UNSUPPORTED && count < sizeof names / sizeof names[0])
            names[count++] = choice->name;
    }
    return typed_unknown_choice(typed, text, names, count);
}

static int read_choice(const struct field *field, const struct typed *typed, char *target)
{
    int value;
    int error = find_choice(field, typed, &value);
    if (error == 0 && field->size == sizeof(bool))
        *(bool *)(void *)(target + field->offset) = value != 0;
    else if (error == 0 && field->size == sizeof value)
        memcpy(target + field->offset, &value, sizeof value);
    return error;
}

static int read_text(struct walk *walk, const struct field *field, const struct typed *typed,
                     bool is_path, char **out)
{
    const char *text;
    int error = typed_text(typed, &text);
    if (error == 0 && *text == '\0')
        error = typed_error(typed, "is empty");
    if (error == 0 && field->check != NULL)
        error = field->check(typed, text);
    if (error != 0)
        return error;
    *out = is_path ? path_resolve(walk->folder, text) : strdup(text);
    return *out != NULL ? 0 : ERR_NO_MEMORY;
}

/* -- lists -- */

static int read_flags(struct walk *walk, const struct field *field, const struct typed *list,
                      char *target)
{
    unsigned flags = 0;
    int error = typed_kind(list, NODE_SEQUENCE);
    if (error != 0)
        return error;
    if (list->node == NULL || list->node->count == 0)
        return typed_error(list, "is an empty list; name at least one");
    for (size_t i = 0; i < list->node->count; i++) {
        int value = 0;
        size_t before = enter_index(walk, i);
        struct typed item = typed_at(walk, list->node->entries[i].value, list->where);
        if (find_choice(field, &item, &value) != 0)
            error = ERR_CONFIG;
        flags |= (unsigned)value;
        leave_key(walk, before);
    }
    if (error == 0)
        memcpy(target + field->offset, &flags, sizeof flags);
    return error;
}

/* The list's entries, 0 for null; reports a list that is none, empty though required, or too long.
 */
static int list_length(const struct field *field, const struct typed *list, size_t *count)
{
    int error = typed_kind(list, NODE_SEQUENCE);
    *count = error == 0 && list->node != NULL ? list->node->count : 0;
    if (error == 0 && *count == 0 && field->required)
        return typed_error(list, "is empty; at least one entry is needed");
    if (error == 0 && field->bounds.maximum > 0 && (double)*count > field->bounds.maximum)
        return typed_error(list, "has %zu entries; there may be %.0f", *count,
                           field->bounds.maximum);
    return error;
}

static int read_item(struct walk *walk, const struct field *field, const struct typed *item,
                     char **items, size_t *used)
{
    char *text = NULL;
    int error = read_text(walk, field, item, field->type == FIELD_PATHS, &text);
    if (error == 0)
        items[(*used)++] = text;
    return error;
}

static int read_strings(struct walk *walk, const struct field *field, const struct typed *list,
                        char *target)
{
    char ***items = (char ***)(void *)(target + field->offset);
    size_t *used = (size_t *)(void *)(target + field->count_offset), count = 1;
    bool is_one = field->one_allowed && list->node != NULL && list->node->kind == NODE_SCALAR;
    int error = is_one ? 0 : list_length(field, list, &count);
    if (error != 0 || count == 0)
        return error;
    *items = calloc(count, sizeof **items);
    if (*items == NULL)
        return ERR_NO_MEMORY;
    if (is_one)
        return read_item(walk, field, list, *items, used);
    for (size_t i = 0; i < count; i++) {
        size_t before = enter_index(walk, i);
        struct typed item = typed_at(walk, list->node->entries[i].value, list->where);
        error = read_item(walk, field, &item, *items, used);
        leave_key(walk, before);
        if (error == ERR_NO_MEMORY)
            return error;
    }
    return 0;
}

static int read_objects(struct walk *walk, const struct field *field, const struct typed *list,
                        char *target)
{
    size_t *used = (size_t *)(void *)(target + field->count_offset), count;
    int error = list_length(field, list, &count);
    if (error != 0 || count == 0)
        return error;
    char *items = calloc(count, field->schema->size);
    if (items == NULL)
        return ERR_NO_MEMORY;
    memcpy(target + field->offset, &items, sizeof items);
    *used = count; /* zeroed ones are freed as well as filled ones */
    for (size_t i = 0; i < count; i++) {
        size_t before = enter_index(walk, i);
        error = read_mapping(walk, field->schema, list->node->entries[i].value, true, list->where,
                             items + i * field->schema->size);
        leave_key(walk, before);
        if (error == ERR_NO_MEMORY)
            return error;
    }
    return 0;
}

static int read_object(struct walk *walk, const struct field *field, const struct typed *typed,
                       char *target)
{
    int error = typed_kind(typed, NODE_MAPPING);
    if (error != 0)
        return error;
    char *object = calloc(1, field->schema->size);
    if (object == NULL)
        return ERR_NO_MEMORY;
    memcpy(target + field->offset, &object, sizeof object);
    return read_mapping(walk, field->schema, typed->node, true, typed->where, object);
}

static int read_node(const struct field *field, const struct typed *typed, char *target)
{
    int error = typed_kind(typed, NODE_MAPPING);
    if (error == 0 && !yaml_node_is_null(typed->node))
        *(const struct yaml_node **)(void *)(target + field->offset) = typed->node;
    return error;
}

/* -- fields -- */

/* Reads a value that is there (or a default that stands in for it). */
static int read_value(struct walk *walk, const struct field *field, const struct typed *typed,
                      char *target)
{
    void *member = target + field->offset;
    switch (field->type) {
    case FIELD_BOOL:
        return typed_bool(typed, member);
    case FIELD_COUNT:
        return read_count(field, typed, target);
    case FIELD_SIZE:
        return read_size(field, typed, target);
    case FIELD_DURATION:
        return typed_duration(typed, bounds_for(field, typed->node), member);
    case FIELD_CHOICE:
        return read_choice(field, typed, target);
    case FIELD_FLAGS:
        return read_flags(walk, field, typed, target);
    case FIELD_STRING:
    case FIELD_PATH:
        return read_text(walk, field, typed, field->type == FIELD_PATH, member);
    case FIELD_STRINGS:
    case FIELD_PATHS:
        return read_strings(walk, field, typed, target);
    case FIELD_SECTION:
        return read_mapping(walk, field->schema, typed->node, true, typed->where, target);
    case FIELD_OBJECT:
        return read_object(walk, field, typed, target);
    case FIELD_OBJECTS:
        return read_objects(walk, field, typed, target);
    case FIELD_NODE:
        return read_node(field, typed, target);
    case FIELD_UNSUPPORTED:
        break;
    }
    return typed_error(typed, "this version does not support it yet; remove it");
}

static void set_all_flags(const struct field *field, char *target)
{
    unsigned flags = 0;
    for (const struct choice *choice = field->choices; choice->name != NULL; choice++)
        flags |= (unsigned)choice->value;
    memcpy(target + field->offset, &flags, sizeof flags);
}

/* `present`: the mapping that the key is missing from is there. */
static int read_absent(struct walk *walk, const struct field *field, bool present,
                       struct position where, char *target)
{
    char text[32];
    struct yaml_node node = {.kind = NODE_SCALAR, .position = where, .text = text, .plain = true};
    struct typed typed = typed_at(walk, NULL, where);
    if (field->required)
        return present ? typed_error(&typed, "is missing; it is required") : 0;
    if (field->type == FIELD_SECTION)
        return read_mapping(walk, field->schema, NULL, false, where, target);
    if (field->type == FIELD_FLAGS)
        set_all_flags(field, target);
    if (field->fallback == NULL)
        return 0;
    snprintf(text, sizeof text, "%s", field->fallback);
    typed.node = &node;
    return read_value(walk, field, &typed, target);
}

static int read_field(struct walk *walk, const struct field *field, const struct yaml_entry *entry,
                      bool present, struct position where, char *target)
{
    size_t before = enter_key(walk, field->key);
    int error;
    if (entry == NULL) {
        error = read_absent(walk, field, present, where, target);
    } else {
        struct typed typed = typed_at(walk, entry->value, entry->key_position);
        if (field->type == FIELD_UNSUPPORTED) /* then the key is what is wrong */
            typed = typed_at(walk, NULL, entry->key_position);
        if (field->position_offset != 0)
            memcpy(target + field->position_offset, &typed.where, sizeof typed.where);
        error = read_value(walk, field, &typed, target);
    }
    leave_key(walk, before);
    return error;
}

/* -- the mapping -- */

static int read_mapping(struct walk *walk, const struct schema *schema,
                        const struct yaml_node *node, bool present, struct position where,
                        char *target)
{
    struct typed typed = typed_at(walk, node, where);
    if (walk->name_len == 0)
        typed.name = "the configuration";
    if (typed_kind(&typed, NODE_MAPPING) != 0)
        return ERR_CONFIG;
    schema_report_unknown(walk, schema, node);
    for (size_t i = 0; i < schema->count; i++) {
        const struct field *field = &schema->fields[i];
        int error = read_field(walk, field, yaml_node_entry(node, field->key), present, typed.where,
                               target);
        if (error == ERR_NO_MEMORY)
            return error;
    }
    return 0;
}

int schema_read(struct walk *walk, const struct schema *schema, const struct yaml_node *node,
                struct position where, void *target)
{
    int error = read_mapping(walk, schema, node, true, where, target);
    return error == ERR_NO_MEMORY ? error : 0;
}
