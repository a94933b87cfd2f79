#include "front/listener.h"

#include "config/listen_address.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define PROBE_BACKLOG 1

static int parse_port(const char *text, uint16_t *port)
{
    size_t len = strlen(text);
    if (len < 1 || len > 5 || strspn(text, "0123456789") != len)
        return ERR_INVALID;
    long value = strtol(text, NULL, 10);
    if (value > UINT16_MAX)
        return ERR_INVALID;
    *port = (uint16_t)value;
    return OK;
}

static bool has_ipv6(void)
{
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static int set_ipv4(struct listener *listener, const char *host)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(listener->port)};
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
        return ERR_INVALID;
    memcpy(&listener->address, &address, sizeof address);
    listener->address_len = sizeof address;
    return OK;
}

/* ::ffff:127.0.0.1 is 127.0.0.1. */
static int set_mapped_ipv4(struct listener *listener, const struct in6_addr *address)
{
    if (inet_ntop(AF_INET, &address->s6_addr[12], listener->host, sizeof listener->host) == NULL)
        return ERR_INVALID;
    return set_ipv4(listener, listener->host);
}

static int set_ipv6(struct listener *listener, const char *host)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(listener->port)};
    if (inet_pton(AF_INET6, host, &address.sin6_addr) != 1)
        return ERR_INVALID;
    if (IN6_IS_ADDR_V4MAPPED(&address.sin6_addr)) /* A socket for IPv6 only cannot listen there. */
        return set_mapped_ipv4(listener, &address.sin6_addr);
    memcpy(&listener->address, &address, sizeof address);
    listener->address_len = sizeof address;
    return OK;
}

static int set_host(struct listener *listener, const char *text, size_t len)
{
    if (len == 1 && text[0] == '*') {
        listener->both_families = has_ipv6();
        strcpy(listener->host, listener->both_families ? "::" : "0.0.0.0");
        return listener->both_families ? set_ipv6(listener, "::") : set_ipv4(listener, "0.0.0.0");
    }
    bool bracketed = len > 2 && text[0] == '[' && text[len - 1] == ']';
    if (bracketed) {
        text++;
        len -= 2;
    }
    if (len >= sizeof listener->host)
        return ERR_INVALID;
    memcpy(listener->host, text, len);
    listener->host[len] = '\0';
    return bracketed ? set_ipv6(listener, listener->host) : set_ipv4(listener, listener->host);
}

static int set_unix(struct listener *listener, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path[0] != '/' || strlen(path) > LISTEN_UNIX_PATH_MAX)
        return ERR_INVALID;
    strcpy(address.sun_path, path);
    memcpy(&listener->address, &address, sizeof address);
    listener->address_len = sizeof address;
    return OK;
}

bool listener_is_unix(const struct listener *listener)
{
    return listener->address.ss_family == AF_UNIX;
}

const char *listener_path(const struct listener *listener)
{
    return ((const struct sockaddr_un *)&listener->address)->sun_path;
}

int listener_parse(struct listener *listener, const char *text, bool tls)
{
    const char *colon = strrchr(text, ':');
    const char *path = listen_unix_path(text);
    *listener = (struct listener){.tls = tls};
    if (path != NULL)
        return set_unix(listener, path);
    if (colon == NULL || parse_port(colon + 1, &listener->port) != OK)
        return ERR_INVALID;
    return set_host(listener, text, (size_t)(colon - text));
}

int listener_probe(const struct listener *listener, int *fd)
{
    int on = 1;
    int v6_only = !listener->both_families;
    int family = listener->address.ss_family;
    *fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0)
        return errno;
    if (setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        (family != AF_INET6 ||
         setsockopt(*fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only) == 0) &&
        bind(*fd, (const struct sockaddr *)&listener->address, listener->address_len) == 0 &&
        listen(*fd, PROBE_BACKLOG) == 0)
        return 0;
    int error = errno;
    close(*fd);
    *fd = -1;
    return error;
}

void listener_port_option(const struct listener *listener, char option[LISTENER_PORT_OPTION_MAX])
{
    const char *suffix = listener->tls ? "s" : "";
    if (listener_is_unix(listener))
        snprintf(option, LISTENER_PORT_OPTION_MAX, "x%s", listener_path(listener));
    else if (listener->both_families)
        snprintf(option, LISTENER_PORT_OPTION_MAX, "+%u%s", listener->port, suffix);
    else if (listener->address.ss_family == AF_INET6)
        snprintf(option, LISTENER_PORT_OPTION_MAX, "[%s]:%u%s", listener->host, listener->port,
                 suffix);
    else
        snprintf(option, LISTENER_PORT_OPTION_MAX, "%s:%u%s", listener->host, listener->port,
                 suffix);
}

/* A host that a client on this machine can type for an address that stands for all. */
static const char *reachable_host(const struct listener *listener)
{
    if (listener->both_families || strcmp(listener->host, "0.0.0.0") == 0)
        return "127.0.0.1";
    return strcmp(listener->host, "::") == 0 ? "::1" : listener->host;
}

void listener_url(const struct listener *listener, char *url, size_t size)
{
    if (listener_is_unix(listener)) {
        snprintf(url, size, "unix:%s", listener_path(listener));
        return;
    }
    const char *host = reachable_host(listener);
    bool bracketed = strchr(host, ':') != NULL;
    snprintf(url, size, "%s://%s%s%s:%u", listener->tls ? "wss" : "ws", bracketed ? "[" : "", host,
             bracketed ? "]" : "", listener->port);
}
