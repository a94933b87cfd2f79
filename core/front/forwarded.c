#include "front/forwarded.h"

#include <sluice/address.h>
#include <string.h>

#define PORT_DIGITS_MAX 5

void forwarded_begin(struct forwarded *walk, const struct trusted_proxies *proxies,
                     const struct address *peer)
{
    *walk = (struct forwarded){.proxies = proxies, .address = *peer};
    walk->has_ended = !trusted_proxies_hold(proxies, peer);
}

static bool read_port(const char *text, size_t len, uint16_t *port)
{
    unsigned value = 0;
    if (len == 0 || len > PORT_DIGITS_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    *port = (uint16_t)value;
    return value <= UINT16_MAX;
}

/* "[IPv6]" or "[IPv6]:port". */
static bool read_bracketed(const char *text, size_t len, struct address *address)
{
    const char *end = memchr(text, ']', len);
    if (end == NULL)
        return false;
    const char *colon = end + 1;
    size_t rest = len - (size_t)(colon - text);
    if (memchr(text, ':', (size_t)(end - text)) == NULL ||
        !sl_address_parse(text + 1, (size_t)(end - text) - 1, address->bytes))
        return false;
    return rest == 0 || (*colon == ':' && read_port(colon + 1, rest - 1, &address->port));
}

/* An address with or without a port, which is 0 if it is not there. */
static bool read_entry(const char *text, size_t len, struct address *address)
{
    *address = (struct address){.port = 0};
    if (len > 0 && text[0] == '[')
        return read_bracketed(text, len, address);
    const char *colon = memchr(text, ':', len);
    if (colon == NULL || memchr(colon + 1, ':', len - (size_t)(colon + 1 - text)) != NULL)
        return sl_address_parse(text, len, address->bytes);
    size_t host = (size_t)(colon - text);
    return sl_address_parse(text, host, address->bytes) &&
           read_port(colon + 1, len - host - 1, &address->port);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Goes one step to the left, to the entry of `len` bytes. An empty entry does not count (RFC 9110,
 * section 5.6.1). */
static void follow_entry(struct forwarded *walk, const char *entry, size_t len)
{
    struct address next;
    while (len > 0 && is_blank(entry[len - 1]))
        len--;
    for (; len > 0 && is_blank(*entry); len--)
        entry++;
    walk->has_ended = ++walk->entries == FORWARDED_ENTRIES_MAX;
    if (len == 0)
        return;
    if (!read_entry(entry, len, &next)) {
        walk->has_ended = true;
        return;
    }
    walk->address = next;
    if (!trusted_proxies_hold(walk->proxies, &next))
        walk->has_ended = true;
}

void forwarded_follow(struct forwarded *walk, const char *value)
{
    size_t end = strlen(value);
    while (!walk->has_ended) {
        size_t begin = end;
        while (begin > 0 && value[begin - 1] != ',')
            begin--;
        follow_entry(walk, value + begin, end - begin);
        if (begin == 0)
            return;
        end = begin - 1;
    }
}
