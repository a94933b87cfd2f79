/*
 * Runs test files of the form that the JSON Schema project's own suite has:
 *
 *     schema_suite [--remotes DIR] [--format] FILE_OR_FOLDER...
 *
 * The files below DIR stand under http://localhost:1234/ with their path. Prints each failure and a
 * total; ends with 1 if anything failed.
 */
#include "../schema.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define REMOTES_MAX 1024
#define PATH_SIZE 4096
#define REMOTE_URI "http://localhost:1234/"

struct suite {
    struct schema_options options;
    struct schema_source remotes[REMOTES_MAX];
    struct matcher matcher;
    struct schema_context *context;
    struct arena arena;
    size_t tests;
    size_t failures;
};

static const struct json_limits limits = {.max_depth = 200,
                                          .max_values = 1000000,
                                          .max_members = 100000,
                                          .max_string = 1 << 20,
                                          .max_number = 4096};

static char *read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    char *data = NULL;
    if (file == NULL)
        return NULL;
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    fseek(file, 0, SEEK_SET);
    if (size >= 0)
        data = malloc((size_t)size + 1);
    if (data != NULL)
        *len = fread(data, 1, (size_t)size, file);
    fclose(file);
    return data;
}

/* Calls `each` for the path, or for all JSON files below it in order. */
static void walk(struct suite *suite, const char *path, const char *relative,
                 void (*each)(struct suite *, const char *path, const char *relative))
{
    struct stat info;
    struct dirent **entries;
    size_t len = strlen(path);
    if (stat(path, &info) == 0 && !S_ISDIR(info.st_mode)) {
        if (len > 5 && strcmp(path + len - 5, ".json") == 0)
            each(suite, path, relative);
        return;
    }
    int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0) {
        fprintf(stderr, "%s cannot be read\n", path);
        suite->failures++;
    }
    for (int i = 0; i < count; i++) {
        char child[PATH_SIZE], name[PATH_SIZE];
        snprintf(child, sizeof child, "%s/%s", path, entries[i]->d_name);
        snprintf(name, sizeof name, "%s%s%s", relative, relative[0] == '\0' ? "" : "/",
                 entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            walk(suite, child, name, each);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

static void add_remote(struct suite *suite, const char *path, const char *relative)
{
    if (suite->options.source_count == REMOTES_MAX)
        return;
    struct schema_source *source = &suite->remotes[suite->options.source_count];
    size_t size = strlen(relative) + sizeof REMOTE_URI;
    char *uri = malloc(size);
    source->data = read_file(path, &source->len);
    if (uri == NULL || source->data == NULL)
        abort();
    snprintf(uri, size, "%s%s", REMOTE_URI, relative);
    source->uri = uri;
    suite->options.source_count++;
}

static void report(struct suite *suite, const char *path, const struct json_value *group,
                   const struct json_value *test, const char *what)
{
    const struct json_value *name = json_member_cstr(group, "description");
    const struct json_value *part = test == NULL ? NULL : json_member_cstr(test, "description");
    suite->failures++;
    printf("FAIL %s: %.*s", path, (int)name->text.len, name->text.data);
    if (part != NULL)
        printf(": %.*s", (int)part->text.len, part->text.data);
    printf(": %s\n", what);
}

static void run_group(struct suite *suite, const char *path, const struct json_value *group)
{
    char error[SCHEMA_ERROR_SIZE];
    struct schema_finding finding;
    const struct json_value *source = json_member_cstr(group, "schema");
    const struct json_value *tests = json_member_cstr(group, "tests");
    const struct json_value *refused = json_member_cstr(group, "refused");
    struct schema *schema =
        schema_parse(source->raw.data, source->raw.len, "urn:test:schema", &suite->options, error);
    if (refused != NULL) { /* our addition: the schema itself is wrong */
        suite->tests++;
        if (schema != NULL)
            report(suite, path, group, NULL, "the schema is not refused");
        schema_destroy(schema);
        return;
    }
    for (const struct json_value *test = tests->first; test != NULL; test = test->next) {
        suite->tests++;
        bool expected = json_member_cstr(test, "valid")->boolean;
        matcher_begin(&suite->matcher, json_member_cstr(test, "data")->raw.len);
        if (schema == NULL)
            report(suite, path, group, test, error);
        else if (schema_check(schema, suite->context, json_member_cstr(test, "data"), &finding) !=
                 expected)
            report(suite, path, group, test, expected ? finding.sentence : "it is not refused");
        else if (!expected && (finding.sentence[0] == '\0' || finding.keyword[0] == '\0'))
            report(suite, path, group, test, "there is no finding");
    }
    schema_destroy(schema);
}

static void run_file(struct suite *suite, const char *path, const char *relative)
{
    size_t len, at;
    struct json_value *root;
    char *data = read_file(path, &len);
    (void)relative;
    arena_reset(&suite->arena);
    if (data == NULL || json_parse(data, len, &limits, &suite->arena, &root, &at) != JSON_OK) {
        printf("FAIL %s cannot be read\n", path);
        suite->failures++;
        free(data);
        return;
    }
    for (const struct json_value *group = root->first; group != NULL; group = group->next)
        run_group(suite, path, group);
    free(data);
}

int main(int count, char **arguments)
{
    static struct suite suite;
    struct schema_limits check_limits = SCHEMA_LIMITS_DEFAULT;
    arena_init(&suite.arena, (size_t)256 << 20, malloc, free);
    suite.options.sources = suite.remotes;
    if (!matcher_init(&suite.matcher, 100000))
        return 1;
    suite.context = schema_context_create(&check_limits, &suite.matcher);
    if (suite.context == NULL)
        return 1;
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--format") == 0)
            suite.options.flags |= SCHEMA_ASSERT_FORMAT;
        else if (strcmp(arguments[i], "--remotes") == 0 && i + 1 < count)
            walk(&suite, arguments[++i], "", add_remote);
        else
            walk(&suite, arguments[i], "", run_file);
    }
    printf("%zu tests, %zu failures\n", suite.tests, suite.failures);
    for (size_t i = 0; i < suite.options.source_count; i++) {
        free((void *)(uintptr_t)suite.remotes[i].uri);
        free((void *)(uintptr_t)suite.remotes[i].data);
    }
    schema_context_destroy(suite.context);
    matcher_deinit(&suite.matcher);
    arena_deinit(&suite.arena);
    return suite.failures > 0 || suite.tests == 0;
}
