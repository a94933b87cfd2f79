#include "base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_mapped_ipv4(const uint8_t bytes[16])
{
    return memcmp(bytes, mapped_prefix, sizeof mapped_prefix) == 0;
}

void address_from_sockaddr(struct address *out, const struct sockaddr *from)
{
    memset(out, 0, sizeof *out);
    if (from->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, from, sizeof in);
        memcpy(out->bytes, mapped_prefix, sizeof mapped_prefix);
        memcpy(out->bytes + 12, &in.sin_addr, 4);
        out->port = ntohs(in.sin_port);
    } else if (from->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, from, sizeof in6);
        memcpy(out->bytes, &in6.sin6_addr, 16);
        out->port = ntohs(in6.sin6_port);
    }
}

socklen_t address_to_sockaddr(const struct address *address, struct sockaddr_storage *out)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(address->port)};
    memcpy(&in6.sin6_addr, address->bytes, sizeof in6.sin6_addr);
    memset(out, 0, sizeof *out);
    memcpy(out, &in6, sizeof in6);
    return sizeof in6;
}

size_t address_text(const struct address *address, char text[ADDRESS_TEXT_MAX])
{
    const char *done = is_mapped_ipv4(address->bytes)
                           ? inet_ntop(AF_INET, address->bytes + 12, text, ADDRESS_TEXT_MAX)
                           : inet_ntop(AF_INET6, address->bytes, text, ADDRESS_TEXT_MAX);
    if (done == NULL)
        text[0] = '\0';
    return strlen(text);
}

void address_limit_key(const struct address *address, uint8_t key[16])
{
    memcpy(key, address->bytes, 16);
    if (!is_mapped_ipv4(address->bytes))
        memset(key + 8, 0, 8);
}
