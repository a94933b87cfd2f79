#include "front/proxy_header.h"

#include <string.h>

#define VERSION 0x20
#define COMMAND_LOCAL 0
#define COMMAND_PROXY 1

enum {
    FAMILY_UNKNOWN = 0x00,
    FAMILY_TCP_IPV4 = 0x11,
    FAMILY_TCP_IPV6 = 0x21,
    FAMILY_UNIX_STREAM = 0x31
};

enum proxy_signature proxy_signature_of(const unsigned char *bytes, size_t len)
{
    static const char binary[PROXY_SIGNATURE_LEN] = "\r\n\r\n\0\r\nQUIT\n";
    static const char text[] = "PROXY ";
    if (len >= sizeof text - 1 && memcmp(bytes, text, sizeof text - 1) == 0)
        return PROXY_SIGNATURE_TEXT;
    if (memcmp(bytes, binary, len < sizeof binary ? len : sizeof binary) != 0)
        return PROXY_SIGNATURE_NONE;
    return len < sizeof binary ? PROXY_SIGNATURE_PARTLY : PROXY_SIGNATURE_BINARY;
}

static size_t length_behind_fixed(const struct proxy_header *header)
{
    return (size_t)header->start[14] << 8 | header->start[15];
}

size_t proxy_header_missing(const struct proxy_header *header)
{
    size_t whole = PROXY_HEADER_FIXED;
    if (header->len >= PROXY_HEADER_FIXED)
        whole += length_behind_fixed(header);
    return whole - header->len;
}

/* How long the addresses of a family are, in bytes; SIZE_MAX: there is no such family here. */
static size_t addresses_of(unsigned char family)
{
    switch (family) {
    case FAMILY_UNKNOWN:
        return 0;
    case FAMILY_TCP_IPV4:
        return 12;
    case FAMILY_TCP_IPV6:
        return PROXY_HEADER_ADDRESSES;
    case FAMILY_UNIX_STREAM:
        return 216;
    default:
        return SIZE_MAX;
    }
}

static const char *check_fixed(const struct proxy_header *header)
{
    unsigned char version = header->start[12] & 0xf0;
    unsigned char command = header->start[12] & 0x0f;
    size_t addresses = addresses_of(header->start[13]);
    if (proxy_signature_of(header->start, PROXY_SIGNATURE_LEN) != PROXY_SIGNATURE_BINARY)
        return "has no signature";
    if (version != VERSION)
        return "has a version that is not 2";
    if (command != COMMAND_LOCAL && command != COMMAND_PROXY)
        return "has an unknown command";
    if (PROXY_HEADER_FIXED + length_behind_fixed(header) > PROXY_HEADER_MAX)
        return "is too long";
    if (command == COMMAND_LOCAL) /* The rest is to be skipped. */
        return NULL;
    if (addresses == SIZE_MAX)
        return "is not about a stream of a known address family";
    return length_behind_fixed(header) < addresses ? "is too short for its addresses" : NULL;
}

const char *proxy_header_add(struct proxy_header *header, const unsigned char *bytes, size_t len)
{
    bool was_fixed = header->len >= PROXY_HEADER_FIXED;
    size_t room = header->len < sizeof header->start ? sizeof header->start - header->len : 0;
    memcpy(header->start + (sizeof header->start - room), bytes, len < room ? len : room);
    header->len += len;
    return !was_fixed && header->len >= PROXY_HEADER_FIXED ? check_fixed(header) : NULL;
}

static uint16_t read_port(const unsigned char *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

bool proxy_header_address(const struct proxy_header *header, struct address *address)
{
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    const unsigned char *addresses = header->start + PROXY_HEADER_FIXED;
    *address = (struct address){.port = 0};
    if ((header->start[12] & 0x0f) == COMMAND_LOCAL)
        return false;
    if (header->start[13] == FAMILY_TCP_IPV4) {
        memcpy(address->bytes, mapped, sizeof mapped);
        memcpy(address->bytes + sizeof mapped, addresses, 4);
        address->port = read_port(addresses + 8);
    } else if (header->start[13] == FAMILY_TCP_IPV6) {
        memcpy(address->bytes, addresses, 16);
        address->port = read_port(addresses + 32);
    }
    return true;
}
