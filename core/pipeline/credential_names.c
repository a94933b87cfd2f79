#include "pipeline/credential_names.h"

#include "config/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int add_name(struct credential_names *names, const char *name)
{
    if (name == NULL || name[0] == '\0' || credential_names_has(names, name))
        return OK;
    char **items = realloc(names->items, (names->count + 1) * sizeof *items);
    if (items == NULL)
        return ERR_NO_MEMORY;
    names->items = items;
    char *copy = strdup(name);
    if (copy == NULL)
        return ERR_NO_MEMORY;
    names->items[names->count++] = copy;
    return OK;
}

/* A text, or a list of texts. */
static int add_value(struct credential_names *names, const struct yaml_node *value)
{
    if (value->kind == NODE_SCALAR)
        return add_name(names, value->text);
    for (size_t i = 0; value->kind == NODE_SEQUENCE && i < value->count; i++)
        if (value->entries[i].value != NULL && value->entries[i].value->kind == NODE_SCALAR &&
            add_name(names, value->entries[i].value->text) != OK)
            return ERR_NO_MEMORY;
    return OK;
}

int credential_names_add(struct credential_names *names, const struct option_table *table,
                         const struct yaml_node *options)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct sl_option *row = option_table_row(table, i);
        if ((row->flags & SL_OPTION_CREDENTIAL) == 0)
            continue;
        const struct yaml_node *value = options != NULL ? yaml_node_get(options, row->name) : NULL;
        int error = value != NULL ? add_value(names, value) : add_name(names, row->default_value);
        if (error != OK)
            return error;
    }
    return OK;
}

bool credential_names_has(const struct credential_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcasecmp(names->items[i], name) == 0)
            return true;
    return false;
}

void credential_names_deinit(struct credential_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names->items);
    *names = (struct credential_names){.count = 0};
}
