/*
 * What the anchors (&name) of a document name, for the aliases (*name) behind them.
 *
 * For the parser only.
 */
#ifndef SLUICE_CONFIG_YAML_ANCHORS_H
#define SLUICE_CONFIG_YAML_ANCHORS_H

#include "config/yaml_node.h"

#define YAML_ANCHORS_MAX 100

/* A name, and a copy of what it names: it does not matter what becomes of the original. */
struct yaml_anchor {
    char *name;
    struct yaml_node *node;
};

/* Zeroed, there are none. */
struct yaml_anchors {
    struct yaml_anchor list[YAML_ANCHORS_MAX];
    size_t count;
};

/* Adds one; there are fewer than YAML_ANCHORS_MAX. Copies both. Returns 0, ERR_LIMIT (the copy
 * would exceed the budget) or ERR_NO_MEMORY. */
MUST_CHECK int yaml_anchors_add(struct yaml_anchors *anchors, const char *name,
                                const struct yaml_node *node, struct yaml_budget *budget);

/* What the latest anchor of that name names, borrowed, or NULL: there is none. */
const struct yaml_node *yaml_anchors_get(const struct yaml_anchors *anchors, const char *name);

void yaml_anchors_deinit(struct yaml_anchors *anchors);

#endif
