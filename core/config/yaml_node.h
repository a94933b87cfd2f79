/*
 * Building trees of YAML nodes; for the files that parse and override only.
 */
#ifndef SLUICE_CONFIG_YAML_NODE_H
#define SLUICE_CONFIG_YAML_NODE_H

#include "config/yaml.h"

/* Returns an empty node owned by the caller, or NULL: no memory. */
struct yaml_node *yaml_node_create(enum node_kind kind, struct position position);

/* Appends an entry. Takes `value` even if it fails; copies `key` (NULL in a sequence).
 * Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int yaml_node_append(struct yaml_node *parent, const char *key,
                                struct position key_position, struct yaml_node *value);

/* What the texts of a scalar count in a budget. */
size_t yaml_node_text_bytes(const struct yaml_node *scalar);

/* What a tree may still grow by. */
struct yaml_budget {
    size_t nodes;
    size_t text; /* bytes */
};

/* Copies a tree whose root is `depth` nodes below the document's. Returns 0 (*out is owned by the
 * caller), ERR_LIMIT (deeper than YAML_MAX_DEPTH, or the budget is used up) or ERR_NO_MEMORY. */
MUST_CHECK int yaml_node_copy(const struct yaml_node *node, unsigned depth,
                              struct yaml_budget *budget, struct yaml_node **out);

/* A text with its references to the environment replaced. */
struct yaml_expansion {
    char *text; /* owned by the caller */
    enum node_origin origin;
};

/* Expands ${...} in `text` (zero-terminated). Returns 0, ERR_CONFIG (with a sentence in `why`) or
 * ERR_NO_MEMORY. */
MUST_CHECK int yaml_expand(const char *text, struct yaml_expansion *out, char *why,
                           size_t why_size);

#endif
