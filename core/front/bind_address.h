/*
 * An address to listen on, in three forms: as a socket address, as CivetWeb's port option and as a
 * URL; and the check whether this machine lets us listen there.
 *
 * Main thread. Plain values.
 */
#ifndef SLUICE_FRONT_BIND_ADDRESS_H
#define SLUICE_FRONT_BIND_ADDRESS_H

#include "base/error.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define BIND_ADDRESS_PORT_OPTION_MAX 128

struct bind_address {
    struct sockaddr_storage socket_address;
    socklen_t socket_address_len;
    bool both_families; /* "*": IPv6 and IPv4 on one socket */
    bool tls;
    uint16_t port;               /* 0 until the kernel has chosen */
    char host[INET6_ADDRSTRLEN]; /* numeric, without brackets */
};

/* Whether it is a Unix socket, and its path then. */
bool bind_address_is_unix(const struct bind_address *address);
const char *bind_address_path(const struct bind_address *address);

/* Reads "127.0.0.1:8080", "[::1]:8080" or "*:8080" (every address of this machine, IPv4 alone where
 * there is no IPv6), or "unix:/path". Returns 0 or ERR_INVALID: no numeric address with a port, and
 * no path that fits. */
MUST_CHECK int bind_address_parse(struct bind_address *address, const char *text, bool tls);

/* Binds and listens for a moment to learn whether it would work; the caller closes *fd when it has
 * probed all addresses, so that two listeners of one configuration collide here too. Not for Unix
 * sockets, whose files stay behind. Returns 0 or the errno. */
MUST_CHECK int bind_address_probe(const struct bind_address *address, int *fd);

/* Writes the address as CivetWeb's `listening_ports` spells it. A Unix socket's path must not have
 * a comma, nor an s or r behind a digit, which CivetWeb takes for marks of its own. */
void bind_address_port_option(const struct bind_address *address,
                              char option[BIND_ADDRESS_PORT_OPTION_MAX]);

/* Writes "unix:/path", or "ws://host:port" with a host that reaches it from this machine. */
void bind_address_url(const struct bind_address *address, char *url, size_t size);

#endif
