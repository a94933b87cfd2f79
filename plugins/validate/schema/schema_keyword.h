/*
 * The keywords of a schema, and how each is compiled; shared by the files schema_compile*.c only.
 */
#ifndef VALIDATE_SCHEMA_KEYWORD_H
#define VALIDATE_SCHEMA_KEYWORD_H

#include "schema_node.h"

#include <stddef.h>

struct keyword {
    const char *name;
    unsigned vocabulary;
    /* Compiles the value into the node at `offset`. False with an error. */
    bool (*compile)(struct schema *, struct schema_node *, struct json_value *, size_t offset);
    size_t offset;
};

/* The field of a node that a keyword's offset says, and that offset. */
#define FIELD(type, node, offset) ((type *)(void *)((char *)(node) + (offset)))
#define NODE(field) offsetof(struct schema_node, field)

/* NULL if none of `count` keywords has this name. */
const struct keyword *schema_find_keyword(const struct keyword *keywords, size_t count,
                                          struct json_text name);

/* schema_compile_values.c: the keywords that look at the value alone; else NULL. */
const struct keyword *schema_find_value_keyword(struct json_text name);

/* Keeps the keyword's value as it is in the node's field at `offset`. Returns true. */
bool schema_keep_value(struct schema *schema, struct schema_node *node, struct json_value *value,
                       size_t offset);

/* Whether it is a list of nothing but strings. */
bool schema_is_strings(const struct json_value *value);

/* The code of a pattern, which schema_destroy frees. NULL with an error, which is about `at`. */
pcre2_code *schema_compile_pattern(struct schema *schema, const struct json_value *at,
                                   struct json_text pattern);

#endif
