/*
 * One listening address: its text as a socket address, as CivetWeb's port option and as a URL, and
 * the check whether this machine lets us listen on it.
 *
 * Main thread. Plain values.
 */
#ifndef SLUICE_FRONT_LISTENER_H
#define SLUICE_FRONT_LISTENER_H

#include "base/error.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define LISTENER_PORT_OPTION_MAX (INET6_ADDRSTRLEN + 16)

struct listener {
    struct sockaddr_storage address;
    socklen_t address_len;
    bool both_families; /* "*": IPv6 and IPv4 on one socket */
    bool tls;
    uint16_t port;               /* 0 until the kernel has chosen */
    char host[INET6_ADDRSTRLEN]; /* numeric, without brackets */
};

/* Reads "127.0.0.1:8080", "[::1]:8080" or "*:8080" (every address of this machine, IPv4 alone where
 * there is no IPv6). Returns 0 or ERR_INVALID: no numeric address with a port. */
MUST_CHECK int listener_parse(struct listener *listener, const char *text, bool tls);

/* Binds and listens for a moment to learn whether it would work; the caller closes *fd when it has
 * probed all addresses, so that two listeners of one configuration collide here too.
 * Returns 0 or the errno. */
MUST_CHECK int listener_probe(const struct listener *listener, int *fd);

/* Writes the listener as CivetWeb's `listening_ports` spells it. */
void listener_port_option(const struct listener *listener, char option[LISTENER_PORT_OPTION_MAX]);

/* Writes "ws://host:port" with a host that reaches it from this machine. */
void listener_url(const struct listener *listener, char *url, size_t size);

#endif
