#include "admin/origin.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#define HOST_MAX 256 /* bytes */

bool origin_is_ours(const char *origin, const char *host)
{
    static const char scheme[] = "http://";
    if (origin == NULL)
        return true;
    return host != NULL && strncasecmp(origin, scheme, sizeof scheme - 1) == 0 &&
           strcasecmp(origin + sizeof scheme - 1, host) == 0;
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
