#include "schema_uri.h"

#include <stdio.h>
#include <string.h>

/* The length of "scheme:" at the front, 0 if there is none. */
static size_t scheme_length(const char *uri)
{
    size_t len = strcspn(uri, ":/?#");
    return len > 1 && uri[len] == ':' ? len + 1 : 0;
}

/* Where the path begins: behind the scheme and "//authority". */
static size_t path_start(const char *uri)
{
    size_t at = scheme_length(uri);
    if (strncmp(uri + at, "//", 2) == 0)
        at += 2 + strcspn(uri + at + 2, "/?#");
    return at;
}

/* RFC 3986, section 5.2.4, on the path at `path`, which ends at '?', '#' or the end. */
static void remove_dots(char *path)
{
    char *out = path;
    const char *in = path;
    size_t len = strcspn(path, "?#");
    const char *end = path + len;
    while (in < end) {
        size_t segment = 1;
        while (in + segment < end && in[segment] != '/')
            segment++;
        bool is_dot = segment == 2 && memcmp(in, "/.", 2) == 0;
        bool is_up = segment == 3 && memcmp(in, "/..", 3) == 0;
        if (is_up)
            while (out > path && *--out != '/')
                ;
        if (!is_dot && !is_up) {
            memmove(out, in, segment);
            out += segment;
        } else if (in + segment == end) {
            *out++ = '/';
        }
        in += segment;
    }
    memmove(out, end, strlen(end) + 1);
}

bool uri_resolve(const char *base_cstr, const char *reference, size_t len, char *out)
{
    char text[URI_MAX];
    int written;
    if (len >= sizeof text)
        return false;
    memcpy(text, reference, len);
    text[len] = '\0';
    size_t root = path_start(base_cstr);
    size_t path = strcspn(base_cstr + root, "?#");
    size_t folder = path;
    while (folder > 0 && base_cstr[root + folder - 1] != '/')
        folder--;
    if (scheme_length(text) > 0)
        written = snprintf(out, URI_MAX, "%s", text);
    else if (text[0] == '\0' || text[0] == '#')
        written = snprintf(out, URI_MAX, "%.*s%s", (int)strcspn(base_cstr, "#"), base_cstr, text);
    else if (strncmp(text, "//", 2) == 0)
        written = snprintf(out, URI_MAX, "%.*s%s", (int)scheme_length(base_cstr), base_cstr, text);
    else if (text[0] == '/')
        written = snprintf(out, URI_MAX, "%.*s%s", (int)root, base_cstr, text);
    else if (text[0] == '?')
        written = snprintf(out, URI_MAX, "%.*s%s", (int)(root + path), base_cstr, text);
    else
        written = snprintf(out, URI_MAX, "%.*s%s%s", (int)(root + folder), base_cstr,
                           folder == 0 && root > 0 && base_cstr[root - 1] != ':' ? "/" : "", text);
    if (written < 0 || written >= URI_MAX)
        return false;
    if (out[path_start(out)] == '/')
        remove_dots(out + path_start(out));
    written = (int)strlen(out);
    if (written > 0 && out[written - 1] == '#')
        out[written - 1] = '\0';
    return true;
}

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

void uri_decode(char *text_cstr)
{
    char *out = text_cstr;
    for (const char *in = text_cstr; *in != '\0'; out++) {
        if (*in == '%' && hex(in[1]) >= 0 && hex(in[2]) >= 0) {
            *out = (char)(hex(in[1]) << 4 | hex(in[2]));
            in += 3;
        } else {
            *out = *in++;
        }
    }
    *out = '\0';
}

size_t pointer_token(const char **pointer, char *out, size_t size)
{
    const char *in = *pointer + 1;
    size_t len = 0;
    for (; *in != '\0' && *in != '/'; in++) {
        char c = *in;
        if (c == '~' && (in[1] == '0' || in[1] == '1'))
            c = *++in == '0' ? '~' : '/';
        if (len + 1 < size)
            out[len++] = c;
    }
    out[len] = '\0';
    *pointer = in;
    return len;
}
