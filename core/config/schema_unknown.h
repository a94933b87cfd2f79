/*
 * Keys of a mapping that no row of its table describes.
 *
 * Main thread.
 */
#ifndef SLUICE_CONFIG_SCHEMA_UNKNOWN_H
#define SLUICE_CONFIG_SCHEMA_UNKNOWN_H

#include "config/schema.h"

/* Reports each key of `node` (a mapping, null or NULL) that the schema does not know, with the
 * nearest one that it knows, or else with all of them. */
void schema_report_unknown(struct walk *walk, const struct schema *schema,
                           const struct yaml_node *node);

#endif
