#include "base/file_read.h"
#include "config/option_read.h"
#include "config/paths.h"

#include <errno.h>
#include <sluice/file.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECRET_MAX ((size_t)64 * 1024)

static const char how[] = "give it as ${NAME}, {env: NAME} or {file: PATH}";

static int set_secret(const struct option_reader *reader, struct sl_value *value, const char *text,
                      size_t len)
{
    struct bounds bounds = {reader->row->minimum, reader->row->maximum};
    if (len == 0)
        return typed_error(&reader->typed, "the secret is empty");
    int error = typed_length(&reader->typed, bounds, len);
    return error != 0 ? error : option_value_set_text(value, text, len);
}

static int read_environment(const struct option_reader *reader, const char *name,
                            struct sl_value *value)
{
    const char *text = getenv(name);
    if (text == NULL)
        return typed_error(&reader->typed, "the environment variable %.64s is not set", name);
    if (strlen(text) > SECRET_MAX)
        return typed_error(&reader->typed, "is longer than 64KiB");
    return set_secret(reader, value, text, strlen(text));
}

/* -- secrets in files -- */

static size_t without_newline(const char *text, size_t len)
{
    if (len > 0 && text[len - 1] == '\n')
        len--;
    if (len > 0 && text[len - 1] == '\r')
        len--;
    return len;
}

static int read_open_file(const struct option_reader *reader, int fd, const char *path,
                          struct sl_value *value)
{
    int error;
    size_t size = SECRET_MAX + 3; /* a newline, and a byte that shows that it is too long */
    char *text = malloc(size);
    if (text == NULL)
        return ERR_NO_MEMORY;
    ssize_t len = file_read(fd, text, size);
    size_t kept = len > 0 ? without_newline(text, (size_t)len) : 0;
    if (len < 0)
        error = typed_error(&reader->typed, "%s: %s", path, strerror(errno));
    else if (kept > SECRET_MAX)
        error = typed_error(&reader->typed, "%s is longer than 64KiB", path);
    else
        error = set_secret(reader, value, text, kept);
    explicit_bzero(text, size);
    free(text);
    return error;
}

static int read_file(const struct option_reader *reader, const char *name, struct sl_value *value)
{
    int error;
    char why[512];
    char *path = path_resolve(reader->folder, name);
    if (path == NULL)
        return ERR_NO_MEMORY;
    int fd = sl_file_open(path, SL_FILE_PRIVATE, NULL, why, sizeof why);
    if (fd < 0)
        error = typed_error(&reader->typed, "%s: %s", path, why);
    else
        error = read_open_file(reader, fd, path, value);
    if (fd >= 0)
        close(fd);
    free(path);
    return error;
}

/* -- references -- */

static int read_reference(const struct option_reader *reader, struct sl_value *value)
{
    const struct yaml_node *node = reader->typed.node;
    const char *key = node->count == 1 ? node->entries[0].key : "";
    bool is_file = strcmp(key, "file") == 0;
    const char *text;
    if (!is_file && strcmp(key, "env") != 0)
        return typed_error(&reader->typed, "is not a reference to a secret; %s", how);
    struct option_reader inner = *reader;
    inner.typed.node = node->entries[0].value;
    inner.typed.where = node->entries[0].key_position;
    int error = typed_text(&inner.typed, &text);
    if (error == 0 && *text == '\0')
        error = typed_error(&inner.typed, "is empty");
    if (error != 0)
        return error;
    return is_file ? read_file(&inner, text, value) : read_environment(&inner, text, value);
}

int option_read_secret(const struct option_reader *reader, struct sl_value *value)
{
    const struct yaml_node *node = reader->typed.node;
    if (node != NULL && node->broken)
        return ERR_CONFIG;
    if (node != NULL && node->kind == NODE_MAPPING)
        return read_reference(reader, value);
    if (node == NULL || node->kind == NODE_SEQUENCE ||
        (yaml_node_is_null(node) && node->origin == ORIGIN_FILE))
        return typed_error(&reader->typed, "has no value; %s", how);
    if (node->origin != ORIGIN_ENVIRONMENT)
        return typed_error(&reader->typed, "a secret must not stand in the configuration; %s", how);
    return set_secret(reader, value, node->text, strlen(node->text));
}
