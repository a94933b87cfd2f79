/*
 * The effective configuration as JSON.
 *
 * Main thread.
 */
#ifndef SLUICE_CLI_CONFIG_JSON_H
#define SLUICE_CLI_CONFIG_JSON_H

#include "config/yaml.h"

#include <cjson/cJSON.h>

/* {"file", "config"}, and with `sources` "sources": for each key, as --set names it, where its
 * value came from. Keys without a value are null. Returns NULL if there is no memory. */
cJSON *config_json_describe(const char *file, const struct yaml_node *tree, bool sources);

#endif
