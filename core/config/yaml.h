/*
 * YAML as a tree of nodes that know their positions: what configuration and options are read from.
 *
 * Made on one thread, not changed while others read it. A tree owns its nodes and texts; positions
 * borrow the file's name. Everything about a tree is bounded, since files may be generated and
 * `--set` comes from command lines.
 *
 * The dialect: one document; mappings, sequences and scalars; keys are scalars, each once in its
 * mapping; anchors and aliases (an alias is a copy); no tags, no merge keys. In scalar values
 * ${NAME} and ${NAME:-default} are replaced from the environment and $${ stands for ${.
 */
#ifndef SLUICE_CONFIG_YAML_H
#define SLUICE_CONFIG_YAML_H

#include "base/error.h"
#include "config/diagnostics.h"

#include <stdbool.h>
#include <stddef.h>

#define YAML_MAX_FILE ((size_t)1024 * 1024)     /* bytes of a file */
#define YAML_MAX_DEPTH 32                       /* nodes inside nodes */
#define YAML_MAX_NODES 50000                    /* in one tree, copies by aliases included */
#define YAML_MAX_KEYS 1000                      /* in one mapping */
#define YAML_MAX_SCALAR ((size_t)64 * 1024)     /* bytes of one text after substitution */
#define YAML_MAX_TEXT ((size_t)4 * 1024 * 1024) /* bytes of all texts of a tree */

enum node_kind { NODE_SCALAR, NODE_SEQUENCE, NODE_MAPPING };

/* Where a scalar's text came from. */
enum node_origin {
    ORIGIN_FILE,        /* as written */
    ORIGIN_MIXED,       /* in part from ${...}, or from a default after :- */
    ORIGIN_ENVIRONMENT, /* every byte from the environment */
};

struct yaml_node;

struct yaml_entry {
    char *key; /* of a mapping's entry; NULL in a sequence */
    struct position key_position;
    struct yaml_node *value;
};

struct yaml_node {
    enum node_kind kind;
    struct position position;
    bool broken; /* an error in it was already reported: do not check it further */

    char *text; /* of a scalar: zero-terminated, holds no zero byte */
    bool plain; /* of a scalar: written without quotes, so it may be a number, true, null, ... */
    enum node_origin origin;
    char *written; /* of a scalar that is not ORIGIN_FILE: its text before ${...} was replaced */

    struct yaml_entry *entries; /* of a sequence or a mapping, in the order written */
    size_t count;
    size_t capacity;
};

/* What is parsed, and how errors call it. */
struct yaml_source {
    const char *file;  /* borrowed by all positions of the tree */
    const char *label; /* put in front of each error ("listen.0"), or NULL */
    const char *data;
    size_t len;
};

/* Parses a text. Errors that leave the rest meaningful (a duplicate key, an undefined variable) are
 * added to `diagnostics` and mark the node as broken; then the tree is still returned. An empty
 * text is a null scalar. Returns 0 (*out is owned by the caller), ERR_CONFIG (no tree, the reason
 * is in `diagnostics`) or ERR_NO_MEMORY. */
MUST_CHECK int yaml_parse(const struct yaml_source *source, struct diagnostics *diagnostics,
                          struct yaml_node **out);

/* The same for a file of at most YAML_MAX_FILE bytes. */
MUST_CHECK int yaml_load(const char *file, struct diagnostics *diagnostics, struct yaml_node **out);

/* Lays a value, itself YAML, over the node at `path` ("listen.0.address"): a number indexes a
 * sequence (one past the end appends), missing mappings and sequences are made on the way. *root
 * may be NULL or null at first. Returns 0, ERR_CONFIG (reported) or ERR_NO_MEMORY; after an error
 * *root may hold empty places (values that are NULL) and is only good for being destroyed. */
MUST_CHECK int yaml_override(struct yaml_node **root, const char *path, const char *value,
                             struct diagnostics *diagnostics);

/* The "file name" in positions of what yaml_override laid over a file. */
extern const char yaml_override_file[];

/* Frees a tree, and wipes what came from the environment. NULL is fine. */
void yaml_node_destroy(struct yaml_node *node);

/* The entry of a key, or its value; NULL if there is none, or `mapping` is none. */
const struct yaml_entry *yaml_node_entry(const struct yaml_node *mapping, const char *key);
struct yaml_node *yaml_node_get(const struct yaml_node *mapping, const char *key);

/* Whether a node is empty: nothing, ~ or null, without quotes. NULL counts too. */
bool yaml_node_is_null(const struct yaml_node *node);

/* Whether two trees say the same, wherever they stand. NULL and an empty mapping are the same. */
bool yaml_node_equals(const struct yaml_node *a, const struct yaml_node *b);

/* "a mapping", "a list" or "a single value", for messages. */
const char *yaml_node_kind_name(const struct yaml_node *node);

#endif
