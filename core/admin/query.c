#include "admin/query.h"

#include <civetweb.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool query_parse_number(const char *text, uint64_t most, uint64_t *out)
{
    size_t len = strlen(text);
    errno = 0;
    *out = strtoull(text, NULL, 10);
    return len > 0 && strspn(text, "0123456789") == len && errno == 0 && *out <= most;
}

/* Returns the length of the decoded value, -1 (there is none) or -2 (it does not fit). */
static int take_parameter(const char *query, const char *name, char *text, size_t size)
{
    return query == NULL ? -1 : mg_get_var(query, strlen(query), name, text, size);
}

bool query_number(const char *query, const char *name, uint64_t most, uint64_t *out)
{
    char text[32];
    int len = take_parameter(query, name, text, sizeof text);
    return len == -1 || (len > 0 && query_parse_number(text, most, out));
}

const char *query_text(const char *query, const char *name, char *text, size_t size)
{
    int len = take_parameter(query, name, text, size);
    if (len < 0 || strlen(text) != (size_t)len)
        text[0] = '\0';
    return len == -1 ? NULL : text;
}
