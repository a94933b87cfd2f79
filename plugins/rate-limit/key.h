/*
 * The owner of a shared bucket, as 128 bits: a secret hash of an address, an identity or an
 * attribute.
 *
 * Clients choose their identity and, with IPv6, their address. The hash (SipHash-2-4, twice, with
 * secrets drawn for each table) keeps them from choosing the shard or chain that they fall into,
 * and makes every key the same small size. Pure, any thread.
 */
#ifndef RATE_LIMIT_KEY_H
#define RATE_LIMIT_KEY_H

#include <stddef.h>
#include <stdint.h>

struct key {
    uint64_t high;
    uint64_t low;
};

struct key_secret {
    uint64_t words[4];
};

/* Draws a secret from the kernel. Returns 0, or -1 with errno set. */
int key_secret_init(struct key_secret *secret);

/* SipHash-2-4 of `len` bytes under the 128-bit key (first, second), words in little-endian order.
 */
uint64_t siphash(uint64_t first, uint64_t second, const uint8_t *data, size_t len);

/* The key of the prefix that an address (16 bytes, IPv4 as ::ffff:a.b.c.d) is in: of `ipv4_bits` (0
 * to 32) or `ipv6_bits` (0 to 128) bits. */
struct key key_of_address(const struct key_secret *secret, const uint8_t address[16],
                          unsigned ipv4_bits, unsigned ipv6_bits);

/* The key of an attribute's value; never that of an address or an identity. Only the first 255
 * bytes count. */
struct key key_of_attribute(const struct key_secret *secret, const char *value, size_t len);

/* The key of an identity of at most 255 bytes (more are ignored); never that of an address. */
struct key key_of_identity(const struct key_secret *secret, const char *identity, size_t len);

#endif
