#include "config/listen_address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST_MAX 64

struct reader {
    char *why;
    size_t why_size;
};

#define refuse(reader, ...) (snprintf((reader)->why, (reader)->why_size, __VA_ARGS__), ERR_INVALID)

static int read_port(const struct reader *reader, const char *text, uint16_t *port)
{
    size_t len = strspn(text, "0123456789");
    unsigned long value = len > 0 && len <= 5 ? strtoul(text, NULL, 10) : 65536;
    if (text[len] != '\0' || value > 65535)
        return refuse(reader, "\"%.32s\" is not a port; write a number from 0 to 65535", text);
    *port = (uint16_t)value;
    return 0;
}

/* What stands before the port's colon, or the text's end. */
static size_t host_length(const char *text)
{
    const char *bracket = text[0] == '[' ? strchr(text, ']') : NULL;
    if (bracket != NULL)
        return (size_t)(bracket - text) + 1;
    const char *colon = strrchr(text, ':');
    return colon != NULL ? (size_t)(colon - text) : strlen(text);
}

static int read_ipv6(const struct reader *reader, const char *host, bool *loopback)
{
    struct in6_addr in6;
    char inside[HOST_MAX];
    snprintf(inside, sizeof inside, "%.*s", (int)strlen(host) - 2, host + 1);
    if (host[strlen(host) - 1] != ']' || inet_pton(AF_INET6, inside, &in6) != 1)
        return refuse(reader, "\"%s\" is not an IPv6 address in brackets, such as [::1]", host);
    *loopback = IN6_IS_ADDR_LOOPBACK(&in6) ||
                (IN6_IS_ADDR_V4MAPPED(&in6) && in6.s6_addr[12] == IN_LOOPBACKNET);
    return 0;
}

static int read_host(const struct reader *reader, const char *host, bool *loopback)
{
    struct in_addr in;
    *loopback = false;
    if (strcmp(host, "*") == 0)
        return 0;
    if (host[0] == '[')
        return read_ipv6(reader, host, loopback);
    if (inet_pton(AF_INET, host, &in) == 1) {
        *loopback = ntohl(in.s_addr) >> IN_CLASSA_NSHIFT == IN_LOOPBACKNET;
        return 0;
    }
    if (strchr(host, ':') != NULL)
        return refuse(reader, "write an IPv6 address in brackets, such as [::1]:8080");
    if (host[0] == '\0')
        return refuse(reader, "the address is missing before the port; write *:PORT for all "
                              "addresses of this machine");
    if (strcmp(host, "localhost") == 0)
        return refuse(reader, "host names are not looked up; write 127.0.0.1 instead of localhost");
    return refuse(
        reader,
        "\"%s\" is not an IPv4 address, an IPv6 address in brackets, or * (host names are "
        "not looked up)",
        host);
}

int listen_address_parse(const char *text, struct listen_address *out, char *why, size_t why_size)
{
    struct reader reader = {.why = why, .why_size = why_size};
    char host[HOST_MAX];
    size_t len = host_length(text);
    if (len >= sizeof host)
        return refuse(&reader, "\"%.32s...\" is too long for an address", text);
    if (strstr(text, "://") != NULL)
        return refuse(&reader,
                      "write an address and a port without a scheme, such as 0.0.0.0:8080");
    memcpy(host, text, len);
    host[len] = '\0';
    if (text[len] != ':') {
        if (len > 0 && host[strspn(host, "0123456789")] == '\0')
            return refuse(&reader, "\"%s\" is only a port; write 0.0.0.0:%s", host, host);
        return refuse(&reader, "\"%s\" has no port; write it with one, such as %s:8080", host,
                      len > 0 ? host : "0.0.0.0");
    }
    int error = read_host(&reader, host, &out->loopback);
    return error != 0 ? error : read_port(&reader, text + len + 1, &out->port);
}

const char *listen_unix_path(const char *text)
{
    static const char scheme[] = "unix:";
    size_t len = sizeof scheme - 1;
    return strncmp(text, scheme, len) == 0 ? text + len : NULL;
}
