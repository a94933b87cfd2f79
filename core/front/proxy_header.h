/*
 * The PROXY protocol's binary header, version 2: what a proxy that does not look into a connection
 * sends before the first byte of it, to say where it comes from.
 *
 * Pure: bytes in, an address out. The header is fed in pieces of any size, and asks for no byte of
 * what follows it. Only its beginning is kept. Any thread.
 */
#ifndef SLUICE_FRONT_PROXY_HEADER_H
#define SLUICE_FRONT_PROXY_HEADER_H

#include "base/address.h"

#include <stdbool.h>
#include <stddef.h>

#define PROXY_SIGNATURE_LEN 12
#define PROXY_HEADER_FIXED 16     /* bytes: signature, version and command, family, length */
#define PROXY_HEADER_ADDRESSES 36 /* bytes behind those of two IPv6 addresses and ports */
#define PROXY_HEADER_MAX 2048     /* bytes in all: addresses and a few extensions */

/* How a connection begins. */
enum proxy_signature {
    PROXY_SIGNATURE_NONE,
    PROXY_SIGNATURE_PARTLY, /* what is there could become one */
    PROXY_SIGNATURE_TEXT,   /* of version 1, which is not understood */
    PROXY_SIGNATURE_BINARY
};

/* Looks at the first bytes of a connection. */
enum proxy_signature proxy_signature_of(const unsigned char *bytes, size_t len);

struct proxy_header {
    unsigned char start[PROXY_HEADER_FIXED + PROXY_HEADER_ADDRESSES];
    size_t len; /* bytes received; 0: begin here */
};

/* How many bytes are known to belong to the header and have not been added; 0: it is complete. */
size_t proxy_header_missing(const struct proxy_header *header);

/* Adds the next bytes, at most as many as are missing. Returns NULL, or what is wrong with the
 * header as the rest of a sentence; then nothing more may be asked of it. */
const char *proxy_header_add(struct proxy_header *header, const unsigned char *bytes, size_t len);

/* The address of a complete header, `::` if the proxy does not say or the family has no addresses.
 * False: the proxy speaks for itself, as it does to see whether we are there. */
bool proxy_header_address(const struct proxy_header *header, struct address *address);

#endif
