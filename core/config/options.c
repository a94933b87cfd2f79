#include "config/options.h"
#include "config/option_read.h"
#include "config/option_value.h"
#include "config/paths.h"
#include "config/suggest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An option that has a value; the name is copied, since a plugin may be unloaded first. */
struct option {
    char *name;
    struct sl_value value;
};

struct option_set {
    struct option *options;
    size_t count;
};

/* What a set is made from. */
struct maker {
    const struct option_table *table;
    const char *plugin;
    const struct yaml_node *mapping;
    struct position where;
    struct diagnostics *diagnostics;
    char *folder; /* owned */
};

const struct sl_option *option_table_row(const struct option_table *table, size_t index)
{
    const char *rows = (const char *)table->rows;
    return (const struct sl_option *)(const void *)(rows + index * table->option_size);
}

static const struct sl_option *find_row(const struct option_table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(option_table_row(table, i)->name, name) == 0)
            return option_table_row(table, i);
    return NULL;
}

static int report_unknown(const struct maker *maker, const struct yaml_entry *entry)
{
    struct suggestion suggestion = suggest_begin(entry->key);
    for (size_t i = 0; i < maker->table->count; i++)
        suggest_offer(&suggestion, option_table_row(maker->table, i)->name);
    if (suggestion.nearest != NULL)
        diagnostics_add(maker->diagnostics, entry->key_position,
                        "plugin %s has no option \"%.64s\"; did you mean \"%s\"?", maker->plugin,
                        entry->key, suggestion.nearest);
    else
        diagnostics_add(maker->diagnostics, entry->key_position,
                        "plugin %s has no option \"%.64s\"; sluice plugins %s lists them",
                        maker->plugin, entry->key, maker->plugin);
    return ERR_CONFIG;
}

static int check_names(const struct maker *maker)
{
    int result = 0;
    for (size_t i = 0; maker->mapping != NULL && i < maker->mapping->count; i++)
        if (find_row(maker->table, maker->mapping->entries[i].key) == NULL)
            result = report_unknown(maker, &maker->mapping->entries[i]);
    return result;
}

static int add_value(struct option_set *set, const struct option_reader *reader)
{
    struct option *option = &set->options[set->count++];
    option->name = strdup(reader->row->name);
    if (option->name == NULL)
        return ERR_NO_MEMORY;
    return option_read(reader, &option->value);
}

/* Defaults are YAML as well, and are read by the same code. */
static int add_default(const struct maker *maker, struct option_set *set,
                       struct option_reader *reader)
{
    struct yaml_node *node;
    struct yaml_source source = {.file = maker->where.file,
                                 .label = reader->typed.name,
                                 .data = reader->row->default_value,
                                 .len = strlen(reader->row->default_value)};
    int error = yaml_parse(&source, maker->diagnostics, &node);
    if (error != 0)
        return error;
    reader->typed.node = node;
    error = add_value(set, reader);
    yaml_node_destroy(node);
    return error;
}

static int make_option(const struct maker *maker, const struct sl_option *row,
                       struct option_set *set)
{
    char name[192];
    snprintf(name, sizeof name, "%.64s: %.64s", maker->plugin, row->name);
    struct option_reader reader = {
        .typed = {.name = name, .where = maker->where, .diagnostics = maker->diagnostics},
        .row = row,
        .folder = maker->folder,
    };
    reader.typed.node = yaml_node_get(maker->mapping, row->name);
    if (reader.typed.node != NULL)
        return add_value(set, &reader);
    if ((row->flags & SL_OPTION_REQUIRED) != 0)
        return typed_error(&reader.typed, "is missing; it is required");
    return row->default_value != NULL ? add_default(maker, set, &reader) : 0;
}

static int make_options(const struct maker *maker, struct option_set *set)
{
    struct typed whole = {.node = maker->mapping,
                          .name = maker->plugin,
                          .where = maker->where,
                          .diagnostics = maker->diagnostics};
    if (typed_kind(&whole, NODE_MAPPING) != 0)
        return ERR_CONFIG;
    int result = check_names(maker);
    set->options = calloc(maker->table->count + 1, sizeof *set->options);
    if (set->options == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < maker->table->count; i++) {
        int error = make_option(maker, option_table_row(maker->table, i), set);
        if (error == ERR_NO_MEMORY)
            return error;
        result = error != 0 ? error : result;
    }
    return result;
}

char *option_folder(const struct yaml_node *mapping, struct position where)
{
    const char *file = where.file;
    if ((file == NULL || file == yaml_override_file) && mapping != NULL)
        file = mapping->position.file;
    return path_folder(file != NULL && file != yaml_override_file ? file : "");
}

int option_set_create(const struct option_table *table, const char *plugin,
                      const struct yaml_node *mapping, struct position where,
                      struct diagnostics *diagnostics, struct option_set **out)
{
    struct maker maker = {.table = table,
                          .plugin = plugin,
                          .mapping = mapping,
                          .where = where,
                          .diagnostics = diagnostics,
                          .folder = option_folder(mapping, where)};
    struct option_set *set = calloc(1, sizeof *set);
    int error = set != NULL && maker.folder != NULL ? make_options(&maker, set) : ERR_NO_MEMORY;
    free(maker.folder);
    if (error != 0) {
        option_set_destroy(set);
        return error;
    }
    *out = set;
    return 0;
}

void option_set_destroy(struct option_set *set)
{
    if (set == NULL)
        return;
    for (size_t i = 0; i < set->count; i++) {
        free(set->options[i].name);
        option_value_deinit(&set->options[i].value);
    }
    free(set->options);
    free(set);
}

const struct sl_value *option_set_get(const struct option_set *set, const char *name)
{
    for (size_t i = 0; set != NULL && i < set->count; i++)
        if (strcmp(set->options[i].name, name) == 0)
            return &set->options[i].value;
    return NULL;
}
