/*
 * What compiling makes and checking walks: shared by schema_compile.c and schema_check.c only.
 */
#ifndef VALIDATE_SCHEMA_NODE_H
#define VALIDATE_SCHEMA_NODE_H

#include "schema.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

struct node;

/* A document, or a part of one that has an $id of its own. */
struct resource {
    struct resource *next;
    char *uri; /* without a fragment */
    const struct json_value *root;
    bool skips_validation; /* its meta-schema's vocabularies leave validation out */
    struct anchor *anchors;
};

struct anchor {
    struct anchor *next;
    struct json_text name;
    bool is_dynamic;
    const struct json_value *value;
    struct node *node; /* dynamic ones, after compiling */
};

struct named_node {
    struct json_text name;
    struct node *node;
};

struct pattern_node {
    pcre2_code *code;
    struct node *node;
};

struct dependency {
    struct json_text name;
    const struct json_value *required; /* an array of strings */
};

struct nodes {
    struct node **items;
    size_t count;
};

/* One schema. What is NULL or empty is not asked. */
struct node {
    struct node *next; /* of all */
    const struct json_value *value;
    struct resource *resource;
    char *pointer; /* URI and JSON Pointer */
    bool is_boolean;
    bool accepts; /* booleans */

    struct node *ref;
    struct node *dynamic_ref;
    struct json_text dynamic_name; /* empty: as ref */

    struct nodes all_of, any_of, one_of, prefix_items;
    struct node *not_, *if_, *then_, *else_;
    struct node *items, *contains, *unevaluated_items;
    struct node *additional, *property_names, *unevaluated_properties;
    struct named_node *properties;
    size_t property_count;
    struct pattern_node *patterns;
    size_t pattern_count;
    struct named_node *dependent_schemas;
    size_t dependent_schema_count;
    struct dependency *dependencies;
    size_t dependency_count;

    unsigned types; /* a bit for each json_type, and TYPE_INTEGER_BIT; 0: any */
    const struct json_value *enumeration, *constant, *required;
    const struct json_value *multiple_of, *maximum, *exclusive_maximum, *minimum,
        *exclusive_minimum;
    const struct json_value *max_length, *min_length, *max_items, *min_items, *max_contains,
        *min_contains, *max_properties, *min_properties;
    bool unique_items;
    pcre2_code *pattern;
    bool (*format)(struct json_text text);
    bool uses_validation;
};

#define TYPE_INTEGER_BIT (1u << 8)

struct schema {
    struct schema_options options;
    struct arena *arena; /* of all documents */
    struct resource *resources;
    struct node *nodes;
    struct node *root;
    struct resource *last_added;
    char *folder; /* that files may be in; NULL: none */
    bool tracks;  /* something is unevaluated: what was evaluated has to be known */
};

/* The check of a format's name, NULL if it is not known (and so not asserted). */
typedef bool (*format_check)(struct json_text text);
format_check schema_format_find(struct json_text name);

/* Compiles an ECMA-262 pattern. NULL: *offset and *code say what is wrong with it. */
pcre2_code *schema_pattern_compile(struct json_text text, int *code, size_t *offset);

/* The meta-schema of the draft, as text. */
extern const char schema_meta_text[];
#define SCHEMA_META_URI "https://json-schema.org/draft/2020-12/schema"

#endif
