/*
 * The effective configuration: each key with the value in force and where it came from, as a tree
 * of YAML nodes. Written down, the tree is a configuration that means the same.
 *
 * Main thread. In the tree an entry whose value is NULL is a key without a value, and a scalar
 * whose text is NULL shows what was written (${NAME}) in place of what the environment has for it.
 * Paths are absolute.
 */
#ifndef SLUICE_CONFIG_EFFECTIVE_H
#define SLUICE_CONFIG_EFFECTIVE_H

#include "config/config.h"
#include "config/options.h"
#include "config/yaml_write.h"

/* The "file name" in positions of values that nobody has given. */
extern const char effective_default_file[];

/* Makes the tree of a stage's options: *out is owned by the caller. Returns 0 or an error. */
typedef int effective_stage_options(const struct stage_config *stage, struct yaml_node **out,
                                    void *context);

/* Makes the tree of a configuration that has no errors. *out is owned by the caller. Returns 0,
 * ERR_NO_MEMORY, or what `options` returned. */
MUST_CHECK int effective_create(const struct config *config, effective_stage_options *options,
                                void *context, struct yaml_node **out);

/* The same for the options of a plugin, without errors as well: `mapping` (or NULL) at `where`,
 * read by the plugin's table. What the environment has for secrets, and for maps, which may hold
 * some, is not in the tree. Returns 0, ERR_CONFIG (a default of the table is no YAML) or
 * ERR_NO_MEMORY. */
MUST_CHECK int effective_options(const struct option_table *table, const struct yaml_node *mapping,
                                 struct position where, struct yaml_node **out);

/* Says where a node of the tree came from: "default", "command line" or FILE:LINE:COLUMN, with what
 * was written if the environment is part of it. One line. */
void effective_source(const struct yaml_node *node, char text[YAML_COMMENT_MAX]);

#endif
