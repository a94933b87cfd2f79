/*
 * The JSON Schema (draft 7) of a configuration, from the table of its keys and the plugins' tables
 * of options.
 *
 * Main thread.
 */
#ifndef SLUICE_CLI_SCHEMA_KEYS_H
#define SLUICE_CLI_SCHEMA_KEYS_H

#include "config/schema.h"
#include "pipeline/plugin.h"

#include <cjson/cJSON.h>

/* Makes the schema of a plugin's options. Returns NULL if there is no memory. */
cJSON *schema_options_describe(const struct plugin *plugin);

/* Makes the schema of what a table describes. Where it has a mapping for a plugin's options, the
 * plugins of the set are those that there are. Returns NULL if there is no memory. */
cJSON *schema_describe(const struct schema *table, const struct plugin_set *plugins);

#endif
