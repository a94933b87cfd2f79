/*
 * A peer's address: 16 bytes, IPv4 as ::ffff:a.b.c.d, and the port.
 *
 * Pure values, any thread.
 */
#ifndef SLUICE_BASE_ADDRESS_H
#define SLUICE_BASE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define ADDRESS_TEXT_MAX 46 /* INET6_ADDRSTRLEN */

struct address {
    uint8_t bytes[16];
    uint16_t port;
};

/* Fills `out` from a socket address (IPv4, IPv6; anything else becomes ::). */
void address_from_sockaddr(struct address *out, const struct sockaddr *from);

/* The same as a socket address, of IPv6 in every case. Returns its length. */
socklen_t address_to_sockaddr(const struct address *address, struct sockaddr_storage *out);

/* Writes the address without its port ("127.0.0.1", "2001:db8::1"), zero-terminated.
 * Returns the length. */
size_t address_text(const struct address *address, char text[ADDRESS_TEXT_MAX]);

/* The part of an address that limits count by: an IPv4 address whole, an IPv6 address by its /64
 * (what one subscriber usually gets; more would let one host be 2^64 addresses). */
void address_limit_key(const struct address *address, uint8_t key[16]);

#endif
