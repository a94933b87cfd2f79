/* Values inside maps. Recursive; YAML trees are never deeper than 2 * YAML_MAX_DEPTH. */
#include "config/option_read.h"
#include "config/values.h"

#include <stdio.h>
#include <string.h>

static bool is_infinite_or_nan(const char *text)
{
    static const char *const names[] = {".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"};
    const char *bare = text + (*text == '-' || *text == '+');
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(bare, names[i]) == 0)
            return true;
    return false;
}

/* The core schema of YAML 1.2, section 10.3.2. */
static int read_plain(const struct typed *typed, const char *text, struct sl_value *value)
{
    int error = integer_parse(text, &value->as.integer);
    if (error != ERR_INVALID) {
        value->type = SL_OPTION_INTEGER;
        return error == 0 ? 0
                          : typed_error(typed,
                                        "%.64s does not fit a 64-bit integer; put it in "
                                        "quotes if it is a text",
                                        text);
    }
    error = number_parse(text, &value->as.number);
    if (error != ERR_INVALID || is_infinite_or_nan(text)) {
        value->type = SL_OPTION_NUMBER;
        return error == 0 ? 0
                          : typed_error(typed,
                                        "%.64s is not a finite number; put it in quotes if "
                                        "it is a text",
                                        text);
    }
    if (bool_parse(text, &value->as.boolean) == 0) {
        value->type = SL_OPTION_BOOL;
        return 0;
    }
    value->type = SL_OPTION_STRING;
    return option_value_set_text(value, text, strlen(text));
}

static int read_scalar(const struct typed *typed, struct sl_value *value)
{
    const char *text;
    int error = typed_text(typed, &text);
    if (error != 0)
        return error;
    if (typed->node != NULL && typed->node->plain)
        return read_plain(typed, text, value);
    value->type = SL_OPTION_STRING;
    return option_value_set_text(value, text, strlen(text));
}

static enum sl_option_type list_type(const struct yaml_node *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->entries[i].value == NULL || list->entries[i].value->kind != NODE_MAPPING)
            return SL_OPTION_STRINGS;
    return list->count > 0 ? SL_OPTION_MAPS : SL_OPTION_STRINGS;
}

static int copy_key(const char *key, struct sl_string *out)
{
    struct sl_value text = {.type = SL_OPTION_STRING};
    int error = option_value_set_text(&text, key, strlen(key));
    *out = text.as.string;
    return error;
}

static int read_entry(const struct typed *parent, const struct yaml_entry *entry, size_t index,
                      struct sl_value *value)
{
    char name[320];
    struct typed typed = *parent;
    if (entry->key != NULL)
        snprintf(name, sizeof name, "%.250s.%.64s", parent->name, entry->key);
    else
        snprintf(name, sizeof name, "%.290s.%zu", parent->name, index);
    typed.name = name;
    typed.node = entry->value;
    typed.where = entry->key != NULL ? entry->key_position : parent->where;
    return option_read_any(&typed, value);
}

static int read_entries(const struct typed *typed, struct sl_value *value)
{
    const struct yaml_node *node = typed->node;
    int result = 0;
    if (option_value_reserve(value, node->count) != 0)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_entry *entry = &node->entries[i];
        size_t index = value->as.list.count;
        if (value->as.list.keys != NULL && copy_key(entry->key, &value->as.list.keys[index]) != 0)
            return ERR_NO_MEMORY;
        value->as.list.count++;
        int error = read_entry(typed, entry, i, &value->as.list.items[index]);
        if (error == ERR_NO_MEMORY)
            return error;
        result = error != 0 ? error : result;
    }
    return result;
}

int option_read_any(const struct typed *typed, struct sl_value *value)
{
    if (typed->node == NULL || typed->node->kind == NODE_SCALAR)
        return read_scalar(typed, value);
    if (typed->node->broken)
        return ERR_CONFIG;
    value->type = typed->node->kind == NODE_MAPPING ? SL_OPTION_MAP : list_type(typed->node);
    return read_entries(typed, value);
}
