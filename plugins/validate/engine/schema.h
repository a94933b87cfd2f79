/*
 * JSON Schema, draft 2020-12: documents compiled at load to nodes that point to each other.
 *
 * A compiled schema is immutable: any thread may check with it, each with a context of its own.
 * References are resolved at load, within the documents that were given and files beside them;
 * nothing is ever fetched. A check is bounded in depth and in work.
 */
#ifndef VALIDATE_SCHEMA_H
#define VALIDATE_SCHEMA_H

#include "json_document.h"

#define SCHEMA_ERROR_SIZE 512
#define SCHEMA_POINTER_SIZE 256

struct schema;
struct schema_context;

struct schema_options {
    bool assert_formats;
    uint32_t match_limit; /* of patterns: PCRE2's steps for one match */
};

/* Begins a set of documents. NULL: no memory. */
struct schema *schema_create(const struct schema_options *options);
void schema_destroy(struct schema *schema); /* NULL is fine */

/* Adds a document under a URI, so that others can refer to it. The text is copied. Returns 0, or -1
 * with a sentence in `error` (SCHEMA_ERROR_SIZE bytes). */
int schema_add(struct schema *schema, const char *uri_cstr, const char *text, size_t len,
               char *error);

/* Adds a file (at most 1 MiB) under its own path; files that it refers to are read as they are met,
 * if they are in its folder or below. Returns as above. */
int schema_add_file(struct schema *schema, const char *path_cstr, char *error);

/* Compiles what was added last and all that it refers to: its root is what is checked. */
int schema_compile(struct schema *schema, char *error);

/* Where a message went wrong. */
struct schema_finding {
    char instance[SCHEMA_POINTER_SIZE]; /* JSON Pointer into the message; cut if longer */
    char schema[SCHEMA_POINTER_SIZE];   /* URI and JSON Pointer of the keyword */
    char detail[128];                   /* a sentence */
};

/* NULL: no memory. */
struct schema_context *schema_context_create(void);
void schema_context_destroy(struct schema_context *context);

/* Whether a message meets the schema. If not, or if that cannot be told within the bounds,
 * *finding says why. */
bool schema_check(const struct schema *schema, struct schema_context *context,
                  const struct json_value *message, struct schema_finding *finding);

#endif
