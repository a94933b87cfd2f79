#include "cli/config_json.h"

#include "config/effective.h"
#include "config/yaml_json.h"

#include <stdio.h>

#define NAME_MAX_LEN 1024

/* Adds the sources of the scalars, and of empty lists and mappings, below a name. */
static void add_sources(const struct yaml_node *node, const char *name, cJSON *sources)
{
    char below[NAME_MAX_LEN], text[YAML_COMMENT_MAX];
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_entry *entry = &node->entries[i];
        const char *dot = name[0] != '\0' ? "." : "";
        if (entry->key != NULL)
            snprintf(below, sizeof below, "%s%s%s", name, dot, entry->key);
        else
            snprintf(below, sizeof below, "%s%s%zu", name, dot, i);
        if (entry->value != NULL && entry->value->count > 0) {
            add_sources(entry->value, below, sources);
        } else if (entry->value != NULL) {
            effective_source(entry->value, text);
            cJSON_AddStringToObject(sources, below, text);
        }
    }
}

cJSON *config_json_describe(const char *file, const struct yaml_node *tree, bool sources)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "file", file);
    cJSON_AddItemToObject(json, "config", yaml_json_value(tree));
    if (sources)
        add_sources(tree, "", cJSON_AddObjectToObject(json, "sources"));
    return json;
}
