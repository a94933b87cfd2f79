#include "admin/origin.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#define HOST_MAX 256 /* bytes */

bool origin_is_ours(const char *origin, const char *host)
{
    static const char *const schemes[] = {"http://", "https://"}; /* the latter behind a proxy */
    if (origin == NULL)
        return true;
    for (size_t i = 0; host != NULL && i < sizeof schemes / sizeof *schemes; i++) {
        size_t len = strlen(schemes[i]);
        if (strncasecmp(origin, schemes[i], len) == 0 && strcasecmp(origin + len, host) == 0)
            return true;
    }
    return false;
}

/* Copies the host without its port and brackets. */
static bool cut_port(const char *host, char name[HOST_MAX])
{
    bool is_bracketed = host[0] == '[';
    if (is_bracketed)
        host++;
    size_t len = strcspn(host, is_bracketed ? "]" : ":");
    if (len >= HOST_MAX)
        return false;
    memcpy(name, host, len);
    name[len] = '\0';
    return true;
}

bool origin_host_is_plain(const char *host)
{
    char name[HOST_MAX];
    unsigned char number[sizeof(struct in6_addr)];
    if (host == NULL)
        return true; /* HTTP/1.0: no browser. */
    if (!cut_port(host, name))
        return false;
    return strcasecmp(name, "localhost") == 0 || inet_pton(AF_INET, name, number) == 1 ||
           inet_pton(AF_INET6, name, number) == 1;
}
