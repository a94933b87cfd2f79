/*
 * Plugins and their option tables as JSON, for sluice plugins --json.
 *
 * Main thread.
 */
#ifndef SLUICE_CLI_PLUGINS_JSON_H
#define SLUICE_CLI_PLUGINS_JSON_H

#include "pipeline/plugin.h"

#include <cjson/cJSON.h>

/* A plugin: {"name", "version", "summary", "license", "file", "abi", "options"}. Owned by the
 * caller; NULL: no memory. */
cJSON *plugins_json_describe(const struct plugin *plugin);

/* Adds {"name", "error"} to a list. */
void plugins_json_add_failed(cJSON *list, const char *name, const char *why);

#endif
