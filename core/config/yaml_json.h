/*
 * YAML as JSON.
 *
 * Any thread.
 */
#ifndef SLUICE_CONFIG_YAML_JSON_H
#define SLUICE_CONFIG_YAML_JSON_H

#include "config/yaml.h"

#include <cjson/cJSON.h>

/* A value with the types that YAML gives its scalars; null for NULL. The caller's; NULL if there is
 * no memory. */
cJSON *yaml_json_value(const struct yaml_node *node);

#endif
