/*
 * The server's configuration as a table of keys: what docs/configuration.md describes.
 */
#ifndef SLUICE_CONFIG_CONFIG_SCHEMA_H
#define SLUICE_CONFIG_CONFIG_SCHEMA_H

#include "config/schema.h"

/* Reads into a struct config. */
extern const struct schema config_schema;

#endif
