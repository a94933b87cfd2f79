#include "config/option_value.h"

#include <stdlib.h>
#include <string.h>

static bool is_list(enum sl_option_type type)
{
    return type == SL_OPTION_STRINGS || type == SL_OPTION_MAP || type == SL_OPTION_MAPS;
}

static bool is_text(enum sl_option_type type)
{
    return type == SL_OPTION_STRING || type == SL_OPTION_CHOICE || type == SL_OPTION_PATH ||
           type == SL_OPTION_SECRET;
}

static void deinit_list(struct sl_value *value)
{
    for (size_t i = 0; i < value->as.list.count; i++) {
        option_value_deinit(&value->as.list.items[i]);
        if (value->as.list.keys != NULL)
            free((char *)(uintptr_t)value->as.list.keys[i].data);
    }
    free(value->as.list.items);
    free(value->as.list.keys);
}

void option_value_deinit(struct sl_value *value)
{
    if (is_list(value->type))
        deinit_list(value);
    if (is_text(value->type)) {
        char *text = (char *)(uintptr_t)value->as.string.data; /* ours, read-only for plugins */
        if (value->type == SL_OPTION_SECRET && text != NULL)
            explicit_bzero(text, value->as.string.len);
        free(text);
    }
    memset(value, 0, sizeof *value);
}

int option_value_set_text(struct sl_value *value, const char *text, size_t len)
{
    char *copy = malloc(len + 1);
    if (copy == NULL)
        return ERR_NO_MEMORY;
    memcpy(copy, text, len);
    copy[len] = '\0';
    value->as.string = (struct sl_string){.data = copy, .len = len};
    return 0;
}

int option_value_reserve(struct sl_value *value, size_t count)
{
    if (count == 0)
        return 0;
    value->as.list.items = calloc(count, sizeof *value->as.list.items);
    if (value->as.list.items == NULL)
        return ERR_NO_MEMORY;
    if (value->type != SL_OPTION_MAP)
        return 0;
    value->as.list.keys = calloc(count, sizeof *value->as.list.keys);
    return value->as.list.keys != NULL ? 0 : ERR_NO_MEMORY;
}

enum sl_option_type value_type(const struct sl_value *value)
{
    return value != NULL ? value->type : (enum sl_option_type)0;
}

bool value_bool(const struct sl_value *value)
{
    return value != NULL && value->type == SL_OPTION_BOOL && value->as.boolean;
}

int64_t value_integer(const struct sl_value *value)
{
    if (value == NULL)
        return 0;
    switch (value->type) {
    case SL_OPTION_INTEGER:
    case SL_OPTION_DURATION:
    case SL_OPTION_SIZE:
        return value->as.integer;
    default:
        return 0;
    }
}

double value_number(const struct sl_value *value)
{
    if (value == NULL)
        return 0.0;
    switch (value->type) {
    case SL_OPTION_NUMBER:
    case SL_OPTION_RATE:
        return value->as.number;
    case SL_OPTION_INTEGER:
        return (double)value->as.integer;
    default:
        return 0.0;
    }
}

struct sl_string value_string(const struct sl_value *value)
{
    if (value == NULL || !is_text(value->type) || value->as.string.data == NULL)
        return (struct sl_string){.data = "", .len = 0};
    return value->as.string;
}

size_t value_count(const struct sl_value *value)
{
    return value != NULL && is_list(value->type) ? value->as.list.count : 0;
}

const struct sl_value *value_at(const struct sl_value *value, size_t index)
{
    return index < value_count(value) ? &value->as.list.items[index] : NULL;
}

struct sl_string value_key(const struct sl_value *value, size_t index)
{
    if (index >= value_count(value) || value->as.list.keys == NULL)
        return (struct sl_string){.data = "", .len = 0};
    return value->as.list.keys[index];
}

const struct sl_value *value_member(const struct sl_value *value, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < value_count(value) && value->as.list.keys != NULL; i++) {
        struct sl_string key = value->as.list.keys[i];
        if (key.len == len && memcmp(key.data, name, len) == 0)
            return &value->as.list.items[i];
    }
    return NULL;
}

const char *option_type_name(enum sl_option_type type)
{
    static const char *const names[] = {
        [SL_OPTION_BOOL] = "bool",
        [SL_OPTION_INTEGER] = "integer",
        [SL_OPTION_NUMBER] = "number",
        [SL_OPTION_STRING] = "string",
        [SL_OPTION_DURATION] = "duration",
        [SL_OPTION_SIZE] = "size",
        [SL_OPTION_RATE] = "rate",
        [SL_OPTION_CHOICE] = "choice",
        [SL_OPTION_STRINGS] = "list of strings",
        [SL_OPTION_PATH] = "path",
        [SL_OPTION_SECRET] = "secret",
        [SL_OPTION_MAP] = "map",
        [SL_OPTION_MAPS] = "list of maps",
    };
    size_t index = (size_t)type;
    if (index >= sizeof names / sizeof names[0] || names[index] == NULL)
        return "unknown";
    return names[index];
}
