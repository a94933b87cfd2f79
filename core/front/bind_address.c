#include "front/bind_address.h"

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

static int set_ipv4(struct bind_address *address, const char *host)
{
    struct sockaddr_in socket_address = {.sin_family = AF_INET, .sin_port = htons(address->port)};
    if (inet_pton(AF_INET, host, &socket_address.sin_addr) != 1)
        return ERR_INVALID;
    memcpy(&address->socket_address, &socket_address, sizeof socket_address);
    address->socket_address_len = sizeof socket_address;
    return OK;
}

/* ::ffff:127.0.0.1 is 127.0.0.1. */
static int set_mapped_ipv4(struct bind_address *address, const struct in6_addr *ipv6)
{
    if (inet_ntop(AF_INET, &ipv6->s6_addr[12], address->host, sizeof address->host) == NULL)
        return ERR_INVALID;
    return set_ipv4(address, address->host);
}

static int set_ipv6(struct bind_address *address, const char *host)
{
    struct sockaddr_in6 socket_address = {.sin6_family = AF_INET6,
                                          .sin6_port = htons(address->port)};
    if (inet_pton(AF_INET6, host, &socket_address.sin6_addr) != 1)
        return ERR_INVALID;
    if (IN6_IS_ADDR_V4MAPPED(
            &socket_address.sin6_addr)) /* A socket for IPv6 only cannot listen there. */
        return set_mapped_ipv4(address, &socket_address.sin6_addr);
    memcpy(&address->socket_address, &socket_address, sizeof socket_address);
    address->socket_address_len = sizeof socket_address;
    return OK;
}

static int set_host(struct bind_address *address, const char *text, size_t len)
{
    if (len == 1 && text[0] == '*') {
        address->both_families = has_ipv6();
        strcpy(address->host, address->both_families ? "::" : "0.0.0.0");
        return address->both_families ? set_ipv6(address, "::") : set_ipv4(address, "0.0.0.0");
    }
    bool bracketed = len > 2 && text[0] == '[' && text[len - 1] == ']';
    if (bracketed) {
        text++;
        len -= 2;
    }
    if (len >= sizeof address->host)
        return ERR_INVALID;
    memcpy(address->host, text, len);
    address->host[len] = '\0';
    return bracketed ? set_ipv6(address, address->host) : set_ipv4(address, address->host);
}

static int set_unix(struct bind_address *address, const char *path)
{
    struct sockaddr_un socket_address = {.sun_family = AF_UNIX};
    if (path[0] != '/' || strlen(path) > LISTEN_UNIX_PATH_MAX)
        return ERR_INVALID;
    strcpy(socket_address.sun_path, path);
    memcpy(&address->socket_address, &socket_address, sizeof socket_address);
    address->socket_address_len = sizeof socket_address;
    return OK;
}

bool bind_address_is_unix(const struct bind_address *address)
{
    return address->socket_address.ss_family == AF_UNIX;
}

const char *bind_address_path(const struct bind_address *address)
{
    return ((const struct sockaddr_un *)&address->socket_address)->sun_path;
}

int bind_address_parse(struct bind_address *address, const char *text, bool tls)
{
    const char *colon = strrchr(text, ':');
    const char *path = listen_unix_path(text);
    *address = (struct bind_address){.tls = tls};
    if (path != NULL)
        return set_unix(address, path);
    if (colon == NULL || parse_port(colon + 1, &address->port) != OK)
        return ERR_INVALID;
    return set_host(address, text, (size_t)(colon - text));
}

int bind_address_probe(const struct bind_address *address, int *fd)
{
    int on = 1;
    int v6_only = !address->both_families;
    int family = address->socket_address.ss_family;
    *fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0)
        return errno;
    if (setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        (family != AF_INET6 ||
         setsockopt(*fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only) == 0) &&
        bind(*fd, (const struct sockaddr *)&address->socket_address, address->socket_address_len) ==
            0 &&
        listen(*fd, PROBE_BACKLOG) == 0)
        return 0;
    int error = errno;
    close(*fd);
    *fd = -1;
    return error;
}

void bind_address_port_option(const struct bind_address *address,
                              char option[BIND_ADDRESS_PORT_OPTION_MAX])
{
    const char *suffix = address->tls ? "s" : "";
    if (bind_address_is_unix(address))
        snprintf(option, BIND_ADDRESS_PORT_OPTION_MAX, "x%s", bind_address_path(address));
    else if (address->both_families)
        snprintf(option, BIND_ADDRESS_PORT_OPTION_MAX, "+%u%s", address->port, suffix);
    else if (address->socket_address.ss_family == AF_INET6)
        snprintf(option, BIND_ADDRESS_PORT_OPTION_MAX, "[%s]:%u%s", address->host, address->port,
                 suffix);
    else
        snprintf(option, BIND_ADDRESS_PORT_OPTION_MAX, "%s:%u%s", address->host, address->port,
                 suffix);
}

/* The host that a client on this machine can type; an address that stands for all is not one. */
static const char *reachable_host(const struct bind_address *address)
{
    if (address->both_families || strcmp(address->host, "0.0.0.0") == 0)
        return "127.0.0.1";
    return strcmp(address->host, "::") == 0 ? "::1" : address->host;
}

void bind_address_url(const struct bind_address *address, char *url, size_t size)
{
    if (bind_address_is_unix(address)) {
        snprintf(url, size, "unix:%s", bind_address_path(address));
        return;
    }
    const char *host = reachable_host(address);
    bool bracketed = strchr(host, ':') != NULL;
    snprintf(url, size, "%s://%s%s%s:%u", address->tls ? "wss" : "ws", bracketed ? "[" : "", host,
             bracketed ? "]" : "", address->port);
}
