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

#define LISTENER_PORT_OPTION_MAX 128

struct listener {
    struct sockaddr_storage address;
    socklen_t address_len;
    bool both_families; /* "*": IPv6 and IPv4 on one socket */
    bool tls;
    uint16_t port;               /* 0 until the kernel has chosen */
    char host[INET6_ADDRSTRLEN]; /* numeric, without brackets */
};

/* Whether it is a Unix socket, and its path then. */
bool listener_is_unix(const struct listener *listener);
const char *listener_path(const struct listener *listener);

/* Reads "127.0.0.1:8080", "[::1]:8080" or "*:8080" (every address of this machine, IPv4 alone where
 * there is no IPv6), or "unix:/path". Returns 0 or ERR_INVALID: no numeric address with a port, and
 * no path that fits. */
MUST_CHECK int listener_parse(struct listener *listener, const char *text, bool tls);

/* Binds and listens for a moment to learn whether it would work; the caller closes *fd when it has
 * probed all addresses, so that two listeners of one configuration collide here too. Not for Unix
 * sockets, whose files a server leaves behind. Returns 0 or the errno. */
MUST_CHECK int listener_probe(const struct listener *listener, int *fd);

/* Writes the listener as CivetWeb's `listening_ports` spells it. A Unix socket's path must not have
 * a comma, nor an s or r behind a digit, which CivetWeb takes for marks of its own. */
void listener_port_option(const struct listener *listener, char option[LISTENER_PORT_OPTION_MAX]);

/* Writes "unix:/path", or "ws://host:port" with a host that reaches it from this machine. */
void listener_url(const struct listener *listener, char *url, size_t size);

#endif
