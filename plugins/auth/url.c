#include "url.h"

#include <string.h>
#include <strings.h>

#define HTTPS "https://"
#define HTTP "http://"

static bool equals_host(const char *host, size_t len, const char *name_cstr)
{
    return len == strlen(name_cstr) && strncasecmp(host, name_cstr, len) == 0;
}

bool url_is_exposed(const char *url_cstr)
{
    if (strncasecmp(url_cstr, HTTPS, strlen(HTTPS)) == 0)
        return false;
    const char *host = url_cstr + strlen(HTTP);
    size_t len = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#");
    bool is_loopback_address = strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == len;
    return !is_loopback_address && !equals_host(host, len, "localhost") &&
           !equals_host(host, len, "[::1]");
}

int url_loggable(const char *url_cstr)
{
    return (int)strcspn(url_cstr, "?#");
}
