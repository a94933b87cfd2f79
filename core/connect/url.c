#include "connect/url.h"

#include "base/public_url.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What is wrong, for the caller's `why`. */
struct complaint {
    char *text;
    size_t size;
};

static bool __attribute__((format(printf, 2, 3))) wrong(const struct complaint *complaint,
                                                        const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(complaint->text, complaint->size, format, arguments);
    va_end(arguments);
    return false;
}

/* Reads the scheme. Returns what stands behind it, or NULL. */
static const char *read_scheme(const char *text, struct url *url, const struct complaint *complaint)
{
    if (strncasecmp(text, "ws://", 5) == 0)
        return text + 5;
    if (strncasecmp(text, "wss://", 6) == 0) {
        url->is_tls = true;
        return text + 6;
    }
    char shown[200];
    public_url(text, shown, sizeof shown);
    if (strncasecmp(shown, "http://", 7) == 0)
        wrong(complaint, "'%s' is no WebSocket's URL; did you mean 'ws://%s'?", shown, shown + 7);
    else if (strncasecmp(shown, "https://", 8) == 0)
        wrong(complaint, "'%s' is no WebSocket's URL; did you mean 'wss://%s'?", shown, shown + 8);
    else
        wrong(complaint, "'%s' does not begin with ws:// or wss://%s", shown,
              strstr(shown, "://") == NULL ? ", like ws://localhost:8080/ws" : "");
    return NULL;
}

static bool check_characters(const char *text, const struct complaint *complaint)
{
    for (const char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at <= ' ' || (unsigned char)*at >= 0x7f)
            return wrong(complaint,
                         "the URL has a character that has to be written as %%%02X, or, in a name, "
                         "in Punycode",
                         (unsigned)(unsigned char)*at);
    return true;
}

static bool copy_host(struct url *url, const char *from, size_t len,
                      const struct complaint *complaint)
{
    if (len == 0)
        return wrong(complaint, "the URL names no host");
    if (len >= sizeof url->host)
        return wrong(complaint, "the URL's host is longer than %zu bytes", sizeof url->host - 1);
    memcpy(url->host, from, len);
    url->host[len] = '\0';
    return true;
}

static bool copy_port(struct url *url, const char *from, size_t len,
                      const struct complaint *complaint)
{
    bool is_number = len > 0 && len < sizeof url->port && strspn(from, "0123456789") >= len;
    long port = is_number ? strtol(from, NULL, 10) : 0;
    if (port < 1 || port > 65535)
        return wrong(complaint, "what follows the host's ':' is no port");
    snprintf(url->port, sizeof url->port, "%ld", port);
    return true;
}

/* "host", "host:port", "[::1]:port" */
static bool read_authority(struct url *url, const char *text, size_t len,
                           const struct complaint *complaint)
{
    const char *default_port = url->is_tls ? "443" : "80";
    const char *end = text + len;
    const char *bracket = text[0] == '[' ? memchr(text, ']', len) : NULL;
    const char *host_end = bracket != NULL ? bracket + 1 : memchr(text, ':', len);
    if (memchr(text, '@', len) != NULL)
        return wrong(complaint, "user names and passwords do not belong into the URL: give them as "
                                "--header 'Authorization: ...'");
    if (text[0] == '[' && bracket == NULL)
        return wrong(complaint, "the URL's '[' has no ']'");
    if (host_end == NULL)
        host_end = end;
    if (host_end < end && *host_end != ':')
        return wrong(complaint, "do not understand what follows the ']' of the URL");
    size_t brackets = bracket != NULL ? 1 : 0;
    if (!copy_host(url, text + brackets, (size_t)(host_end - text) - 2 * brackets, complaint))
        return false;
    snprintf(url->port, sizeof url->port, "%s", default_port);
    if (host_end < end && !copy_port(url, host_end + 1, (size_t)(end - host_end) - 1, complaint))
        return false;
    bool is_default = strcmp(url->port, default_port) == 0;
    snprintf(url->authority, sizeof url->authority, "%s%s%s%s%s", brackets ? "[" : "", url->host,
             brackets ? "]" : "", is_default ? "" : ":", is_default ? "" : url->port);
    return true;
}

bool url_parse(const char *text, struct url *url, char *why, size_t size)
{
    const struct complaint complaint = {why, size};
    memset(url, 0, sizeof *url);
    const char *authority = read_scheme(text, url, &complaint);
    if (authority == NULL || !check_characters(authority, &complaint))
        return false;
    if (strchr(authority, '#') != NULL)
        return wrong(&complaint, "a WebSocket's URL has no '#'; as a character it is %%23");
    size_t len = strcspn(authority, "/?");
    const char *target = authority + len;
    if (!read_authority(url, authority, len, &complaint))
        return false;
    if (strlen(target) + 2 > sizeof url->target)
        return wrong(&complaint, "the URL is longer than %d bytes", URL_TARGET_MAX);
    snprintf(url->target, sizeof url->target, "%s%s", target[0] == '/' ? "" : "/", target);
    return true;
}
