#include "cli/query.h"

#include <stdio.h>
#include <string.h>

bool query_add(char query[QUERY_MAX], const char *name, const char *value)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    size_t len = strlen(query);
    if (value == NULL)
        return true;
    if (len + strlen(name) + 3 * strlen(value) + 3 > QUERY_MAX)
        return false;
    len += (size_t)snprintf(query + len, QUERY_MAX - len, "&%s=", name);
    for (; *value != '\0'; value++)
        len += (size_t)snprintf(query + len, QUERY_MAX - len,
                                strchr(plain, *value) != NULL ? "%c" : "%%%02X",
                                (unsigned char)*value);
    return true;
}
