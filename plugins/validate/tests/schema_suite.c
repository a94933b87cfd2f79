/*
 * Runs cases in the format of the JSON Schema Test Suite: files that hold a list of {description,
 * schema, tests: [{description, data, valid}]}.
 *
 * usage: schema_suite [--format] [--remotes FOLDER] FILE...
 *
 * The files of the folder are known under http://localhost:1234/.
 */
#include "engine/schema.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (4 * 1024 * 1024)
#define REMOTES "http://localhost:1234"

static const struct document_limits limits = {.max_depth = 500,
                                              .max_values = 1000000,
                                              .max_members = 100000,
                                              .max_string = TEXT_MAX,
                                              .max_number = 1000};
static bool assert_formats;
static const char *remotes;
static unsigned passed, failed;

static char *read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "r");
    char *text = malloc(TEXT_MAX);
    if (file == NULL || text == NULL) {
        perror(path);
        exit(2);
    }
    *len = fread(text, 1, TEXT_MAX, file);
    fclose(file);
    return text;
}

/* A value as text again, from the bytes that it was read from. */
static size_t skip_value(const char *text, size_t at)
{
    int depth = 0;
    bool quoted = false;
    do {
        char c = text[at++];
        if (quoted && c == '\\')
            at++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '['))
            depth++;
        else if (!quoted && (c == '}' || c == ']'))
            depth--;
        if (depth == 0 && !quoted && (strchr("}]\"", c) != NULL))
            return at;
    } while (depth > 0 || quoted || strchr(",}] \n\r\t", text[at]) == NULL);
    return at;
}

/* Where the schema of the nth case stands in the file. */
static const char *find_schema(const char *text, size_t len, size_t nth, size_t *schema_len)
{
    size_t depth = 0, seen = 0;
    for (size_t at = 0; at < len; at++) {
        if (text[at] == '"') {
            size_t end = skip_value(text, at);
            if (depth == 2 && end - at == 8 && memcmp(text + at, "\"schema\"", 8) == 0 &&
                seen++ == nth) {
                at = end + strspn(text + end, " \t\r\n:");
                *schema_len = skip_value(text, at) - at;
                return text + at;
            }
            at = end - 1;
        } else if (text[at] == '{' || text[at] == '[') {
            depth++;
        } else if (text[at] == '}' || text[at] == ']') {
            depth--;
        }
    }
    exit(2);
}

static void add_remotes(struct schema *schema, const char *folder, const char *uri)
{
    char error[SCHEMA_ERROR_SIZE], path[4096], name[4096];
    DIR *directory = opendir(folder);
    const struct dirent *entry;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] == '.' || strncmp(entry->d_name, "draft", 5) == 0)
            if (strcmp(entry->d_name, "draft2020-12") != 0)
                continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        snprintf(name, sizeof name, "%s/%s", uri, entry->d_name);
        if (strstr(entry->d_name, ".json") != NULL) {
            size_t len;
            char *text = read_file(path, &len);
            if (schema_add(schema, name, text, len, error) != 0)
                fprintf(stderr, "%s\n", error);
            free(text);
        } else {
            add_remotes(schema, path, name);
        }
    }
    if (directory != NULL)
        closedir(directory);
}

static void report(bool good, const char *file, struct json_text what, struct json_text which,
                   const char *detail)
{
    *(good ? &passed : &failed) += 1;
    if (!good)
        printf("FAILED %s: %.*s: %.*s%s%s\n", file, (int)what.len, what.data, (int)which.len,
               which.data, detail[0] != '\0' ? ": " : "", detail);
}

static void run_case(const char *file, const struct json_value *entry, const char *text, size_t len)
{
    const struct schema_options options = {.assert_formats = assert_formats, .match_limit = 100000};
    struct schema *schema = schema_create(&options);
    struct schema_context *context = schema_context_create();
    const struct json_value *tests = json_get(entry, "tests");
    struct json_text what = json_get(entry, "description")->text;
    struct schema_finding finding = {.detail = ""};
    char error[SCHEMA_ERROR_SIZE] = "";
    if (remotes != NULL)
        add_remotes(schema, remotes, REMOTES);
    bool compiled =
        schema_add(schema, "", text, len, error) == 0 && schema_compile(schema, error) == 0;
    for (size_t i = 0; i < tests->count; i++) {
        const struct json_value *test = &tests->items[i];
        bool valid = json_get(test, "valid")->truth;
        bool found = compiled && schema_check(schema, context, json_get(test, "data"), &finding);
        report(compiled && found == valid, file, what, json_get(test, "description")->text,
               compiled ? finding.detail : error);
    }
    schema_context_destroy(context);
    schema_destroy(schema);
}

static void run_file(const char *path)
{
    size_t len, at, schema_len;
    char *text = read_file(path, &len);
    struct arena *arena = arena_create();
    struct json_value root;
    if (document_parse(arena, text, len, &limits, &root, &at) != DOCUMENT_OK) {
        fprintf(stderr, "%s: not JSON at byte %zu\n", path, at);
        exit(2);
    }
    for (size_t i = 0; i < root.count; i++) {
        const char *schema = find_schema(text, len, i, &schema_len);
        run_case(path, &root.items[i], schema, schema_len);
    }
    arena_destroy(arena);
    free(text);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--format") == 0)
            assert_formats = true;
        else if (strcmp(argv[i], "--remotes") == 0 && i + 1 < argc)
            remotes = argv[++i];
        else
            run_file(argv[i]);
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed > 0 || passed == 0;
}
