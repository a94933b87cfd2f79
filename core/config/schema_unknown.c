#include "config/schema_unknown.h"

#include "config/suggest.h"

#include <stdio.h>
#include <string.h>

static bool is_known(const struct schema *schema, const char *key)
{
    for (size_t i = 0; i < schema->count; i++)
        if (strcmp(schema->fields[i].key, key) == 0)
            return true;
    return false;
}

static void list_keys(const struct schema *schema, char *text, size_t size)
{
    size_t len = 0;
    for (size_t i = 0; i < schema->count && len < size; i++)
        if (schema->fields[i].type != FIELD_UNSUPPORTED)
            len += (size_t)snprintf(text + len, size - len, "%s%s", len > 0 ? ", " : "",
                                    schema->fields[i].key);
}

static void report_key(struct walk *walk, const struct schema *schema,
                       const struct yaml_entry *entry)
{
    char keys[256] = "";
    struct suggestion suggestion = suggest_begin(entry->key);
    for (size_t i = 0; i < schema->count; i++)
        if (schema->fields[i].type != FIELD_UNSUPPORTED)
            suggest_offer(&suggestion, schema->fields[i].key);
    list_keys(schema, keys, sizeof keys);
    const char *colon = walk->name_len > 0 ? ": " : "";
    if (suggestion.nearest != NULL)
        diagnostics_add(walk->diagnostics, entry->key_position,
                        "%s%sunknown key \"%.64s\"; did you mean \"%s\"?", walk->name, colon,
                        entry->key, suggestion.nearest);
    else
        diagnostics_add(walk->diagnostics, entry->key_position,
                        "%s%sunknown key \"%.64s\"; known here: %s", walk->name, colon, entry->key,
                        keys);
}

void schema_report_unknown(struct walk *walk, const struct schema *schema,
                           const struct yaml_node *node)
{
    for (size_t i = 0; node != NULL && i < node->count; i++)
        if (!is_known(schema, node->entries[i].key))
            report_key(walk, schema, &node->entries[i]);
}
