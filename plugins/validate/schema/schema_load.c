#include "schema_node.h"

#include "uri.h"

#include <limits.h>
#include <sluice/file.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What one schema with all its documents may take. */
#define SCHEMA_MEMORY_MAX ((size_t)256 << 20)
#define FILE_SIZE_MAX ((long)16 << 20)
#define FILE_URI "file:///"

static const struct json_limits schema_json_limits = {
    .max_depth = 256,
    .max_values = 1000000,
    .max_members = 100000,
    .max_string = 1 << 20,
    .max_number = 4096,
    .refuse_duplicates = true,
};

void schema_where(const struct schema *schema, const struct json_value *at, char *where,
                  size_t size)
{
    char pointer[SCHEMA_POINTER_SIZE];
    const struct json_value *root = at;
    while (root->parent != NULL)
        root = root->parent;
    const struct schema_document *document = schema->documents;
    while (document != NULL && document->root != root)
        document = document->next;
    json_pointer_write(at, pointer, sizeof pointer);
    snprintf(where, size, "%s#%s", document == NULL ? "" : document->name, pointer);
}

void *schema_fail(struct schema *schema, const struct json_value *at, const char *format, ...)
{
    va_list arguments;
    char where[2 * SCHEMA_POINTER_SIZE], sentence[SCHEMA_SENTENCE_SIZE];
    schema_where(schema, at, where, sizeof where);
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    snprintf(schema->error, SCHEMA_ERROR_SIZE, "%.300s: %s", where, sentence);
    return NULL;
}

/* Parses text that the schema owns or borrows, and compiles it. */
static struct schema_document *add_document(struct schema *schema, const char *uri,
                                            const char *name, const char *data, size_t len)
{
    size_t at;
    struct schema_document *document = arena_alloc(&schema->arena, sizeof *document);
    struct schema_resource *resource = arena_alloc(&schema->arena, sizeof *resource);
    if (document == NULL || resource == NULL) {
        snprintf(schema->error, SCHEMA_ERROR_SIZE, "%.300s: there is no memory", name);
        return NULL;
    }
    enum json_result result =
        json_parse(data, len, &schema_json_limits, &schema->arena, &document->root, &at);
    if (result != JSON_OK) {
        snprintf(schema->error, SCHEMA_ERROR_SIZE, "%.300s: at byte %zu %s", name, at,
                 json_result_text(result));
        return NULL;
    }
    document->uri = uri;
    document->name = name;
    document->next = schema->documents;
    schema->documents = document;
    *resource = (struct schema_resource){.uri = uri, .root = document->root};
    resource->vocabularies = schema_vocabularies(schema, document->root, VOCABULARY_DEFAULT);
    if (resource->vocabularies == 0)
        return NULL;
    const struct schema_node *node = schema_compile(schema, document->root, resource);
    if (node != NULL && node->resource == resource) {
        resource->next = schema->resources;
        schema->resources = resource;
    }
    return node == NULL ? NULL : document;
}

/* Reads a file into the schema's arena. NULL with an error. */
static char *read_file(struct schema *schema, const char *path, const char *name, size_t *len)
{
    char *data = NULL;
    char why[SCHEMA_ERROR_SIZE / 2];
    int fd = sl_file_open(path, SL_FILE_READABLE, NULL, why, sizeof why);
    if (fd < 0) {
        snprintf(schema->error, SCHEMA_ERROR_SIZE, "%.250s: %s", name, why);
        return NULL;
    }
    FILE *file = fdopen(fd, "rb");
    if (file != NULL && fseek(file, 0, SEEK_END) == 0) {
        long size = ftell(file);
        if (size >= 0 && size <= FILE_SIZE_MAX && fseek(file, 0, SEEK_SET) == 0)
            data = arena_alloc(&schema->arena, (size_t)size + 1);
        if (data != NULL)
            *len = fread(data, 1, (size_t)size, file);
    }
    if (file != NULL)
        fclose(file);
    else
        close(fd);
    if (data == NULL)
        snprintf(schema->error, SCHEMA_ERROR_SIZE, "%.300s cannot be read, or is too large", name);
    return data;
}

/* The file that a file: URI names, below the schema's folder, which is the root of these URIs. */
static struct schema_document *find_file(struct schema *schema, const char *uri)
{
    char path[PATH_MAX], real[PATH_MAX];
    size_t len, folder_len = schema->folder == NULL ? 0 : strlen(schema->folder);
    char *name = arena_copy(&schema->arena, uri + strlen(FILE_URI), strlen(uri + strlen(FILE_URI)));
    if (folder_len == 0 || name == NULL || uri_decode(name) == 0 ||
        (size_t)snprintf(path, sizeof path, "%s/%s", schema->folder, name) >= sizeof path ||
        realpath(path, real) == NULL)
        return NULL;
    if (strncmp(real, schema->folder, folder_len) != 0 || real[folder_len] != '/') {
        snprintf(schema->error, SCHEMA_ERROR_SIZE, "%.300s is not inside the schema's folder",
                 name);
        return NULL;
    }
    char *data = read_file(schema, real, name, &len);
    return data == NULL ? NULL : add_document(schema, uri, name, data, len);
}

struct schema_document *schema_find_document(struct schema *schema, const char *uri)
{
    for (struct schema_document *document = schema->documents; document != NULL;
         document = document->next)
        if (strcmp(document->uri, uri) == 0)
            return document;
    for (size_t i = 0; i < schema->options.source_count; i++) {
        const struct schema_source *source = &schema->options.sources[i];
        if (strcmp(source->uri, uri) == 0)
            return add_document(schema, source->uri, source->uri, source->data, source->len);
    }
    const char *meta = schema_meta_find(uri);
    char *copy = arena_copy(&schema->arena, uri, strlen(uri));
    if (copy == NULL)
        return NULL;
    if (meta != NULL)
        return add_document(schema, copy, copy, meta, strlen(meta));
    return strncmp(uri, FILE_URI, strlen(FILE_URI)) == 0 ? find_file(schema, copy) : NULL;
}

static struct schema *create_schema(const struct schema_options *options, char *error)
{
    struct schema *schema = calloc(1, sizeof *schema);
    error[0] = '\0';
    if (schema == NULL) {
        snprintf(error, SCHEMA_ERROR_SIZE, "There is no memory for the schema");
        return NULL;
    }
    arena_init(&schema->arena, SCHEMA_MEMORY_MAX, malloc, free);
    schema->options = *options;
    schema->error = error;
    return schema;
}

/* Resolves what is pending; destroys the schema if it does not work out. */
static struct schema *finish_schema(struct schema *schema, const struct schema_document *document)
{
    bool fine = document != NULL && schema_resolve_references(schema);
    if (fine) {
        schema->root = document->root->attachment;
        schema->error = NULL;
        return schema;
    }
    if (schema->error[0] == '\0')
        snprintf(schema->error, SCHEMA_ERROR_SIZE, "The schema's file is not there");
    schema_destroy(schema);
    return NULL;
}

struct schema *schema_load(const char *path, const struct schema_options *options, char *error)
{
    char real[PATH_MAX];
    struct schema *schema = create_schema(options, error);
    if (schema == NULL)
        return NULL;
    if (realpath(path, real) == NULL) {
        snprintf(error, SCHEMA_ERROR_SIZE, "%.300s cannot be found", path);
        schema_destroy(schema);
        return NULL;
    }
    const char *name = strrchr(real, '/') + 1;
    schema->folder = arena_copy(&schema->arena, real, (size_t)(name - real) - 1);
    const char *file = arena_copy(&schema->arena, name, strlen(name));
    char *uri = arena_alloc(&schema->arena, sizeof FILE_URI + 3 * strlen(name));
    char *data = NULL;
    size_t len;
    if (uri != NULL && file != NULL && schema->folder != NULL)
        data = read_file(schema, real, file, &len);
    if (data == NULL)
        return finish_schema(schema, NULL);
    char *at = uri + sprintf(uri, "%s", FILE_URI);
    for (; *name != '\0'; name++) /* what would end the path is written as %XX */
        at += strchr("%?#", *name) != NULL ? sprintf(at, "%%%02X", (unsigned char)*name)
                                           : sprintf(at, "%c", *name);
    return finish_schema(schema, add_document(schema, uri, file, data, len));
}

struct schema *schema_parse(const char *data, size_t len, const char *uri,
                            const struct schema_options *options, char *error)
{
    struct schema *schema = create_schema(options, error);
    return schema == NULL ? NULL : finish_schema(schema, add_document(schema, uri, uri, data, len));
}

void schema_destroy(struct schema *schema)
{
    if (schema == NULL)
        return;
    for (struct schema_code *code = schema->codes; code != NULL; code = code->next)
        pcre2_code_free(code->code);
    arena_deinit(&schema->arena);
    free(schema);
}
