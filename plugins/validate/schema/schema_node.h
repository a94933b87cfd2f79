/*
 * A compiled schema, as only the files schema_*.c know it.
 *
 * Nodes, resources and documents are owned by the schema's arena and do not change once the schema
 * is compiled. A json_value's attachment is its node, if it is a schema.
 */
#ifndef VALIDATE_SCHEMA_NODE_H
#define VALIDATE_SCHEMA_NODE_H

#include "schema.h"
#include "schema_format.h"
#include "schema_pattern.h"

/* The vocabularies that a resource's meta-schema may switch on and off. */
enum vocabulary {
    VOCABULARY_CORE = 1u << 0,
    VOCABULARY_APPLICATOR = 1u << 1,
    VOCABULARY_UNEVALUATED = 1u << 2,
    VOCABULARY_VALIDATION = 1u << 3,
    VOCABULARY_FORMAT = 1u << 4,
    VOCABULARY_FORMAT_ASSERTION = 1u << 5,
    VOCABULARY_OTHER = 1u << 6, /* known, but without a say in what is valid */
    VOCABULARY_DEFAULT = 0x5f,
};

struct schema_anchor {
    struct json_text name;
    bool dynamic;
    struct schema_node *node;
    struct schema_anchor *next;
};

/* A schema with a URI of its own: a document, or a part of one with an $id. */
struct schema_resource {
    const char *uri; /* absolute, without fragment */
    struct json_value *root;
    unsigned vocabularies;
    struct schema_anchor *anchors;
    struct schema_resource *next;
};

struct schema_document {
    const char *uri;  /* where it is, whatever its $id says */
    const char *name; /* for people */
    struct json_value *root;
    struct schema_document *next;
};

struct schema_node_list {
    struct schema_node **nodes;
    size_t count;
};

struct schema_pattern_property {
    pcre2_code *pattern;
    struct schema_node *node;
};

struct schema_node {
    const struct json_value *source;
    struct schema_resource *resource;
    struct schema_node *next; /* in the schema's list of nodes with references */
    struct schema_node *ref, *dynamic_ref;
    struct json_text dynamic_name; /* if dynamic_ref is to be looked up in the dynamic scope */
    struct schema_node_list all_of, any_of, one_of, prefix_items;
    struct schema_node *not_, *if_, *then, *else_, *items, *contains;
    struct schema_node *additional_properties, *property_names;
    struct schema_node *unevaluated_items, *unevaluated_properties;
    const struct json_value *properties, *dependent_schemas; /* their members have attachments */
    const struct json_value *dependencies; /* lists of names, or schemas with attachments */
    struct schema_pattern_property *pattern_properties;
    size_t pattern_property_count;
    unsigned types; /* bits of 1 << enum json_type and TYPE_INTEGER; 0: any */
    const struct json_value *const_, *required, *dependent_required;
    struct json_value **enum_; /* sorted; NULL: any value */
    size_t enum_count;
    const struct json_value *multiple_of, *maximum, *exclusive_maximum, *minimum,
        *exclusive_minimum;
    const struct json_value *max_length, *min_length, *max_items, *min_items, *max_contains,
        *min_contains, *max_properties, *min_properties; /* their attachment is a size_t */
    pcre2_code *pattern;
    const struct format *format;
    bool unique_items;
};

#define TYPE_INTEGER (1u << 8)

struct schema_code {
    pcre2_code *code;
    struct schema_code *next;
};

struct schema {
    struct arena arena;
    struct schema_options options;
    const char *folder; /* real path of the folder that files may be in, or NULL */
    struct schema_document *documents;
    struct schema_resource *resources;
    struct schema_node *root;
    struct schema_node *pending; /* nodes whose references are not resolved yet */
    struct schema_code *codes;   /* owned */
    char *error;                 /* borrowed while it is compiled */
};

/* schema_compile.c */

/* The node of a value that is a schema in `resource` (its parent's), made if it is not there yet,
 * with all schemas inside it. NULL with an error. */
struct schema_node *schema_compile(struct schema *schema, struct json_value *value,
                                   struct schema_resource *resource);

/* schema_load.c */

/* Sets the error: "FILE#POINTER: sentence". Returns NULL. */
__attribute__((format(printf, 3, 4))) void *
schema_fail(struct schema *schema, const struct json_value *at, const char *format, ...);

/* Writes "FILE#POINTER". */
void schema_where(const struct schema *schema, const struct json_value *at, char *where,
                  size_t size);

/* The document under an absolute URI without fragment, parsed and compiled if need be. NULL with
 * or without an error. */
struct schema_document *schema_find_document(struct schema *schema, const char *uri);

/* schema_reference.c */

/* Resolves the pending references. Returns false with an error. */
bool schema_resolve_references(struct schema *schema);

/* The vocabularies of the meta-schema that `root` names, or those of `otherwise`. 0 with an
 * error. */
unsigned schema_vocabularies(struct schema *schema, const struct json_value *root,
                             unsigned otherwise);

struct schema_anchor *schema_find_anchor(const struct schema_resource *resource,
                                         struct json_text name, bool dynamic);

/* schema_meta.c: the meta-schema of this URI, or NULL. Static storage. */
const char *schema_meta_find(const char *uri);

#endif
