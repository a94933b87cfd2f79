/*
 * JSON Schema, draft 2020-12: compiles schema documents once, then checks messages against them.
 *
 * schema_load and schema_parse run at start; a schema does not change afterwards, and any number of
 * threads may check against it, each with a context of its own. Nothing is ever fetched: references
 * lead into the document, to files inside the schema's folder, to the documents handed over, or to
 * the meta-schemas of 2020-12.
 */
#ifndef VALIDATE_SCHEMA_SCHEMA_H
#define VALIDATE_SCHEMA_SCHEMA_H

#include "json/json_parse.h"
#include "matcher.h"

#include <stdint.h>

#define SCHEMA_ERROR_SIZE 512
#define SCHEMA_POINTER_SIZE 256
#define SCHEMA_SENTENCE_SIZE 160
#define SCHEMA_DEPTH_MAX 1000

struct schema;
struct schema_context;

enum schema_flags {
    SCHEMA_ASSERT_FORMAT = 1u << 0, /* "format" refuses; else it is an annotation only */
};

struct schema_limits {
    size_t max_depth;  /* schemas applied inside each other; at most SCHEMA_DEPTH_MAX */
    uint64_t max_work; /* schemas applied, and comparisons, for one message; less for a short one */
    size_t max_memory; /* bytes that a context may use for one message */
};

#define SCHEMA_LIMITS_DEFAULT ((struct schema_limits){512, 1000000, (size_t)16 << 20})

/* A document that references may lead to. All is borrowed until the schema is destroyed. */
struct schema_source {
    const char *uri; /* absolute, without a fragment */
    const char *data;
    size_t len;
};

struct schema_options {
    unsigned flags;                      /* enum schema_flags */
    const struct schema_source *sources; /* NULL if there are none */
    size_t source_count;
};

/* Loads and compiles a file. Returns the schema, owned by the caller, or NULL with a sentence in
 * `error` of SCHEMA_ERROR_SIZE bytes. */
struct schema *schema_load(const char *path, const struct schema_options *options, char *error);

/* The same for text (borrowed until the schema is destroyed) that stands under the absolute URI
 * `uri` (borrowed too); no files are read. */
struct schema *schema_parse(const char *data, size_t len, const char *uri,
                            const struct schema_options *options, char *error);

/* Frees it; NULL is fine. No context may be in use with it. */
void schema_destroy(struct schema *schema);

/* What checks need besides the schema. Owned by the caller, one thread at a time, for any schema
 * and message; borrows the matcher. NULL without memory. */
struct schema_context *schema_context_create(const struct schema_limits *limits,
                                             struct matcher *matcher);
void schema_context_destroy(struct schema_context *context);

enum schema_fault {
    SCHEMA_VALID = 0,
    SCHEMA_INVALID,
    SCHEMA_TOO_DEEP,      /* more than max_depth schemas inside each other */
    SCHEMA_TOO_MUCH_WORK, /* max_work is used up */
    SCHEMA_PATTERN_LIMIT, /* patterns need more steps than there are: see matcher.h */
    SCHEMA_NO_MEMORY,     /* there is none, or max_memory is used up */
};

/* Why a message is refused. Texts are zero-terminated, and cut if they are too long. */
struct schema_finding {
    enum schema_fault fault;
    char instance[SCHEMA_POINTER_SIZE];    /* JSON Pointer into the message */
    char keyword[2 * SCHEMA_POINTER_SIZE]; /* file or URI, '#', JSON Pointer into the schema */
    char sentence[SCHEMA_SENTENCE_SIZE];
};

/* Whether the message is valid; if not, *finding says why. What goes wrong counts as invalid. */
bool schema_check(const struct schema *schema, struct schema_context *context,
                  const struct json_value *message, struct schema_finding *finding);

#endif
