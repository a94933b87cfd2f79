/*
 * Plugin options: a YAML mapping checked against a plugin's option table, as typed values.
 *
 * Made at start on the main thread, immutable afterwards; any thread may read.
 */
#ifndef SLUICE_CONFIG_OPTIONS_H
#define SLUICE_CONFIG_OPTIONS_H

#include "base/error.h"
#include "config/diagnostics.h"

#include <sluice/plugin.h>

struct yaml_node;
struct option_set;

/* The rows of an option table that may have been compiled against an older or newer header: rows
 * are `option_size` bytes apart. */
struct option_table {
    const struct sl_option *rows;
    size_t count;
    size_t option_size;
};

/* The nth row. */
const struct sl_option *option_table_row(const struct option_table *table, size_t index);

/* Checks the table itself (names, types, defaults that parse, choices where there must be some).
 * Returns 0, or ERR_PLUGIN with one sentence in `text`. */
MUST_CHECK int option_table_check(const struct option_table *table, char *text, size_t text_size);

/* Checks `mapping` (NULL: no options given) against the table and fills in defaults. `where` is the
 * position for errors that have no node (a missing required option). Unknown names are errors that
 * name the nearest known one. `plugin` is used in messages. *out is owned by the caller.
 * Returns 0, ERR_CONFIG (errors are in `diagnostics`) or ERR_NO_MEMORY. */
MUST_CHECK int option_set_create(const struct option_table *table, const char *plugin,
                                 const struct yaml_node *mapping, struct position where,
                                 struct diagnostics *diagnostics, struct option_set **out);

/* The folder that relative paths in options are looked for in first: that of the file that the
 * plugin's entry, which is at `where`, is in; that of the options' file if the entry came from
 * --set. Owned by the caller; NULL: no memory. */
char *option_folder(const struct yaml_node *mapping, struct position where);

/* Frees; wipes secrets; NULL is fine. */
void option_set_destroy(struct option_set *set);

/* The value of an option, or NULL if it is unset and has no default. */
const struct sl_value *option_set_get(const struct option_set *set, const char *name);

/* The accessors that struct sl_host documents. All accept NULL. */
enum sl_option_type value_type(const struct sl_value *value);
bool value_bool(const struct sl_value *value);
int64_t value_integer(const struct sl_value *value);
double value_number(const struct sl_value *value);
struct sl_string value_string(const struct sl_value *value);
size_t value_count(const struct sl_value *value);
const struct sl_value *value_at(const struct sl_value *value, size_t index);
struct sl_string value_key(const struct sl_value *value, size_t index);
const struct sl_value *value_member(const struct sl_value *value, const char *name);

/* The name of a type as help and documentation show it ("list of strings"); static storage. */
const char *option_type_name(enum sl_option_type type);

#endif
