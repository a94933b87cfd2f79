#include "uri.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALPHA "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* The parts of section 3, each borrowed from one text; data is NULL if a part is not there. */
struct part {
    const char *data;
    size_t len;
};

struct uri {
    struct part scheme, authority, path, query, fragment;
};

static size_t scheme_length(const char *text)
{
    size_t len = strspn(text, ALPHA "0123456789+-.");
    return len > 0 && text[len] == ':' && strchr(ALPHA, text[0]) != NULL ? len : 0;
}

bool uri_has_scheme(const char *reference)
{
    return scheme_length(reference) > 0;
}

static struct uri split_uri(const char *text)
{
    struct uri uri = {0};
    size_t len = scheme_length(text);
    if (len > 0) {
        uri.scheme = (struct part){text, len};
        text += len + 1;
    }
    if (strncmp(text, "//", 2) == 0) {
        uri.authority = (struct part){text + 2, strcspn(text + 2, "/?#")};
        text += 2 + uri.authority.len;
    }
    uri.path = (struct part){text, strcspn(text, "?#")};
    text += uri.path.len;
    if (*text == '?') {
        uri.query = (struct part){text + 1, strcspn(text + 1, "#")};
        text += 1 + uri.query.len;
    }
    if (*text == '#')
        uri.fragment = (struct part){text + 1, strlen(text + 1)};
    return uri;
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* Section 5.2.4, in place. */
static void remove_dot_segments(char *path)
{
    char *in = path, *out = path;
    while (*in != '\0') {
        if (starts_with(in, "/./") || strcmp(in, "/.") == 0) {
            in += in[2] == '\0' ? 1 : 2;
            *in = '/';
        } else if (starts_with(in, "/../") || strcmp(in, "/..") == 0) {
            in += in[3] == '\0' ? 2 : 3;
            *in = '/';
            while (out > path && *--out != '/')
                ;
        } else {
            do
                *out++ = *in++;
            while (*in != '\0' && *in != '/');
        }
    }
    *out = '\0';
}

/* Section 5.2.3: the base's path up to its last slash, then the reference's. */
static void merge_paths(char *path, const struct uri *base, struct part relative)
{
    size_t len = base->path.len;
    while (len > 0 && base->path.data[len - 1] != '/')
        len--;
    memcpy(path, base->path.data, len);
    if (len == 0 && base->authority.data != NULL)
        path[len++] = '/';
    memcpy(path + len, relative.data, relative.len);
    path[len + relative.len] = '\0';
}

static char *append_part(char *at, const char *before, struct part part, const char *after)
{
    if (part.data == NULL)
        return at;
    return at + sprintf(at, "%s%.*s%s", before, (int)part.len, part.data, after);
}

char *uri_resolve(struct arena *arena, const char *base, const char *reference)
{
    size_t size = strlen(base) + strlen(reference) + 8;
    char *path = arena_alloc(arena, size), *result = arena_alloc(arena, size);
    struct uri from = split_uri(base), to = split_uri(reference);
    if (path == NULL || result == NULL)
        return NULL;
    bool relative = to.scheme.data == NULL && to.authority.data == NULL;
    if (!relative || to.path.len > 0) {
        if (relative && to.path.data[0] != '/')
            merge_paths(path, &from, to.path);
        else
            memcpy(path, to.path.data, to.path.len);
        if (path[0] == '/')
            remove_dot_segments(path);
    } else {
        memcpy(path, from.path.data, from.path.len);
        if (to.query.data == NULL)
            to.query = from.query;
    }
    char *at = append_part(result, "", to.scheme.data != NULL ? to.scheme : from.scheme, ":");
    at = append_part(at, "//", relative ? from.authority : to.authority, "");
    at = append_part(at, "", (struct part){path, strlen(path)}, "");
    at = append_part(at, "?", to.query, "");
    append_part(at, "#", to.fragment, "");
    return result;
}

char *uri_split_fragment(char *uri)
{
    char *hash = strchr(uri, '#');
    if (hash == NULL)
        return uri + strlen(uri);
    *hash = '\0';
    return hash + 1;
}

size_t uri_decode(char *text)
{
    char *out = text;
    for (char *in = text; *in != '\0'; in++, out++) {
        char digits[3] = {0};
        *out = *in;
        if (*in != '%' || strspn(in + 1, "0123456789abcdefABCDEF") < 2)
            continue;
        memcpy(digits, in + 1, 2);
        *out = (char)strtoul(digits, NULL, 16);
        in += 2;
    }
    *out = '\0';
    return (size_t)(out - text);
}
