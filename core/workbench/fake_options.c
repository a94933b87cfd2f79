/*
 * Reading options. A read of the wrong kind, which the server would answer with 0, is a mistake.
 */
#include "workbench/fake_internal.h"

#include <stdio.h>

#define LAST_VALUES 64

/* The options that were read last, for their names. */
static struct {
    const struct sl_value *value;
    char name[64];
} last_values[LAST_VALUES];
static unsigned last_value;

static bool is_declared(const struct option_table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(option_table_row(table, i)->name, name) == 0)
            return true;
    return false;
}

static const struct sl_value *get_option(const struct sl_instance *self, const char *name)
{
    struct instance *instance = (struct instance *)(uintptr_t)self;
    if (!is_declared(&instance->plugin->options, name))
        fake_fail("the option '%s' is read but is not in the plugin's option table: declare "
                  "it there, or correct its name",
                  name);
    const struct sl_value *value =
        option_set_get(instance_options_in_hook(&instance->options), name);
    fake_lock();
    unsigned at = last_value++ % LAST_VALUES;
    last_values[at].value = value;
    snprintf(last_values[at].name, sizeof last_values[at].name, "%s", name);
    fake_unlock();
    return value;
}

static const char *getter_for(enum sl_option_type type)
{
    switch (type) {
    case SL_OPTION_BOOL:
        return "value_bool";
    case SL_OPTION_INTEGER:
    case SL_OPTION_DURATION:
    case SL_OPTION_SIZE:
        return "value_integer";
    case SL_OPTION_NUMBER:
    case SL_OPTION_RATE:
        return "value_number";
    case SL_OPTION_STRINGS:
    case SL_OPTION_MAP:
    case SL_OPTION_MAPS:
        return "value_at and value_member";
    default:
        return "value_string";
    }
}

/* Only for options themselves: inside maps, a plugin may try. */
static void check_getter(const struct sl_value *value, const char *getter)
{
    if (value == NULL)
        return;
    enum sl_option_type type = value_type(value);
    bool is_integer_as_number = type == SL_OPTION_INTEGER && strcmp(getter, "value_number") == 0;
    if (is_integer_as_number || strstr(getter_for(type), getter) != NULL)
        return;
    for (unsigned i = 0; i < LAST_VALUES; i++)
        if (last_values[i].value == value)
            fake_fail("the option '%s' is a %s but was read with %s, which gives nothing; use %s",
                      last_values[i].name, option_type_name(type), getter, getter_for(type));
}

static bool get_bool(const struct sl_value *value)
{
    check_getter(value, "value_bool");
    return value_bool(value);
}

static int64_t get_integer(const struct sl_value *value)
{
    check_getter(value, "value_integer");
    return value_integer(value);
}

static double get_number(const struct sl_value *value)
{
    check_getter(value, "value_number");
    return value_number(value);
}

static struct sl_string get_string(const struct sl_value *value)
{
    check_getter(value, "value_string");
    return value_string(value);
}

void fake_options_provide(struct sl_host *host)
{
    host->option = get_option;
    host->value_type = value_type;
    host->value_bool = get_bool;
    host->value_integer = get_integer;
    host->value_number = get_number;
    host->value_string = get_string;
    host->value_count = value_count;
    host->value_at = value_at;
    host->value_key = value_key;
    host->value_member = value_member;
}
