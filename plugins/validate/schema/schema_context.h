/*
 * What one check of a message carries along, shared by the files schema_check*.c only.
 */
#ifndef VALIDATE_SCHEMA_CONTEXT_H
#define VALIDATE_SCHEMA_CONTEXT_H

#include "schema_node.h"

/* A bit for each element or member that a schema has looked at. NULL: nobody asks. */
typedef unsigned char evaluated;

struct schema_context {
    struct schema_limits limits;
    struct arena arena;
    struct matcher *matcher; /* borrowed */
    const struct schema *schema;
    struct schema_finding *finding;
    size_t depth;
    uint64_t work_left;
    unsigned quiet;          /* above 0: a failure is not what the message is refused for */
    enum schema_fault fault; /* what ends the check early, or SCHEMA_VALID */
    size_t scope_count;
    const struct schema_resource *scopes[SCHEMA_DEPTH_MAX + 1]; /* the dynamic scope */
};

/* Applies a schema; adds what it evaluates to `seen`. After a false `seen` is of no use. */
bool schema_apply(struct schema_context *context, const struct schema_node *node,
                  const struct json_value *value, evaluated *seen);

/* Notes why the value is refused: keyword `name` of the node. Returns false. */
__attribute__((format(printf, 5, 6))) bool
schema_refuse(struct schema_context *context, const struct schema_node *node, const char *name,
              const struct json_value *value, const char *format, ...);

/* Notes what ends the check. Returns false. */
bool schema_stop(struct schema_context *context, enum schema_fault fault,
                 const struct schema_node *node, const struct json_value *value,
                 const char *sentence);

/* Counts work. False, and the check ends, if it is too much. */
bool schema_work(struct schema_context *context, const struct schema_node *node,
                 const struct json_value *value, uint64_t work);

/* An empty set for the value's children; NULL and the check ends without memory. */
evaluated *schema_evaluated(struct schema_context *context, const struct schema_node *node,
                            const struct json_value *value);
void schema_evaluated_add(evaluated *seen, size_t index);
void schema_evaluated_merge(evaluated *seen, const evaluated *other, size_t count);

/* Whether the pattern matches somewhere in the text. */
bool schema_match(struct schema_context *context, const struct schema_node *node,
                  const struct json_value *value, const pcre2_code *pattern, struct json_text text);

/* schema_check_values.c: the keywords that look at the value alone. */
bool schema_check_value(struct schema_context *context, const struct schema_node *node,
                        const struct json_value *value);

/* schema_check_logic.c: the keywords that apply schemas to the same value. */
bool schema_check_in_place(struct schema_context *context, const struct schema_node *node,
                           const struct json_value *value, evaluated *seen);

/* schema_check_children.c: the keywords that apply schemas to elements, members and names. */
bool schema_check_children(struct schema_context *context, const struct schema_node *node,
                           const struct json_value *value, evaluated *seen);
bool schema_check_unevaluated(struct schema_context *context, const struct schema_node *node,
                              const struct json_value *value, evaluated *seen);

#endif
