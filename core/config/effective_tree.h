/*
 * What the two halves of the effective configuration share: copies of nodes, and defaults.
 */
#ifndef SLUICE_CONFIG_EFFECTIVE_TREE_H
#define SLUICE_CONFIG_EFFECTIVE_TREE_H

#include "config/yaml_node.h"

/* Copies a tree. A null becomes an empty node of `kind`. */
MUST_CHECK int effective_copy(const struct yaml_node *node, enum node_kind kind,
                              struct yaml_node **out);

/* Makes a scalar. Takes `text`, which may be NULL: then there was no memory. */
MUST_CHECK int effective_scalar(char *text, struct position position, struct yaml_node **out);

/* Has the text of a scalar, or those of a list's entries, in quotes if they would be numbers,
 * booleans or null without them, and else not. */
void effective_quote(struct yaml_node *node);

/* Makes the scalar of a path, which is resolved already: its absolute form. `given` is what stood
 * for it, or NULL: nobody gave it. */
MUST_CHECK int effective_path(const char *path, const struct yaml_node *given,
                              struct yaml_node **out);

/* The position of defaults. */
struct position effective_default_position(void);

#endif
