#include "config/option_read.h"
#include "config/paths.h"

#include <stdio.h>
#include <string.h>

static struct bounds bounds_of(const struct sl_option *row)
{
    return (struct bounds){row->minimum, row->maximum};
}

static size_t choice_count(const char *const *choices)
{
    size_t count = 0;
    while (choices != NULL && choices[count] != NULL)
        count++;
    return count;
}

static int check_choice(const struct typed *typed, const struct sl_option *row, const char *text)
{
    size_t count = choice_count(row->choices);
    for (size_t i = 0; i < count; i++)
        if (strcmp(row->choices[i], text) == 0)
            return 0;
    return count == 0 ? 0 : typed_unknown_choice(typed, text, row->choices, count);
}

static int read_string(const struct typed *typed, const struct sl_option *row,
                       struct sl_value *value)
{
    const char *text;
    int error = typed_text(typed, &text);
    if (error == 0 && row->type != SL_OPTION_CHOICE)
        error = typed_length(typed, bounds_of(row), strlen(text));
    if (error == 0)
        error = check_choice(typed, row, text);
    return error != 0 ? error : option_value_set_text(value, text, strlen(text));
}

static int read_path(const struct option_reader *reader, struct sl_value *value)
{
    const char *text;
    int error = typed_text(&reader->typed, &text);
    if (error == 0 && *text == '\0')
        error = typed_error(&reader->typed, "is empty");
    if (error != 0)
        return error;
    char *path = path_resolve(reader->folder, text);
    if (path == NULL)
        return ERR_NO_MEMORY;
    value->as.string = (struct sl_string){.data = path, .len = strlen(path)};
    return 0;
}

static int read_item(const struct option_reader *reader, enum sl_option_type list_type,
                     size_t index, struct sl_value *item)
{
    char name[320];
    struct typed typed = reader->typed;
    snprintf(name, sizeof name, "%s.%zu", reader->typed.name, index);
    typed.name = name;
    typed.node = reader->typed.node->entries[index].value;
    if (list_type == SL_OPTION_STRINGS) {
        item->type = SL_OPTION_STRING;
        return read_string(&typed, reader->row, item);
    }
    item->type = SL_OPTION_MAP;
    int error = typed_kind(&typed, NODE_MAPPING);
    if (error != 0 || yaml_node_is_null(typed.node))
        return error;
    return option_read_any(&typed, item);
}

/* Reads each entry of a list, going on after an entry that is wrong. */
static int read_list(const struct option_reader *reader, struct sl_value *value)
{
    const struct yaml_node *list = reader->typed.node;
    int result = typed_kind(&reader->typed, NODE_SEQUENCE);
    if (result != 0 || list == NULL || list->count == 0)
        return result;
    if (option_value_reserve(value, list->count) != 0)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < list->count; i++) {
        struct sl_value *item = &value->as.list.items[value->as.list.count++];
        int error = read_item(reader, value->type, i, item);
        if (error == ERR_NO_MEMORY)
            return error;
        result = error != 0 ? error : result;
    }
    return result;
}

static int read_map(const struct option_reader *reader, struct sl_value *value)
{
    int error = typed_kind(&reader->typed, NODE_MAPPING);
    if (error != 0 || yaml_node_is_null(reader->typed.node))
        return error;
    return option_read_any(&reader->typed, value);
}

int option_read(const struct option_reader *reader, struct sl_value *value)
{
    const struct typed *typed = &reader->typed;
    struct bounds bounds = bounds_of(reader->row);
    value->type = reader->row->type;
    switch (value->type) {
    case SL_OPTION_BOOL:
        return typed_bool(typed, &value->as.boolean);
    case SL_OPTION_INTEGER:
        return typed_integer(typed, bounds, &value->as.integer);
    case SL_OPTION_NUMBER:
        return typed_number(typed, bounds, &value->as.number);
    case SL_OPTION_DURATION:
        return typed_duration(typed, bounds, &value->as.integer);
    case SL_OPTION_SIZE:
        return typed_size(typed, bounds, &value->as.integer);
    case SL_OPTION_RATE:
        return typed_rate(typed, bounds, &value->as.number);
    case SL_OPTION_STRING:
    case SL_OPTION_CHOICE:
        return read_string(typed, reader->row, value);
    case SL_OPTION_PATH:
        return read_path(reader, value);
    case SL_OPTION_SECRET:
        return option_read_secret(reader, value);
    case SL_OPTION_STRINGS:
    case SL_OPTION_MAPS:
        return read_list(reader, value);
    case SL_OPTION_MAP:
        return read_map(reader, value);
    }
    return typed_error(typed, "has a type that this version of the server does not know");
}
