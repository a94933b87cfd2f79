/*
 * sluice/address.h - addresses and prefixes (RFC 4632, RFC 4291) for plugins that look at where
 * clients come from. Functions only, nothing to link with; pure; any thread.
 *
 * An address is 16 bytes, as host->client_address_bytes gives it: IPv4 as ::ffff:a.b.c.d. Lengths
 * of prefixes count from the first of the 128 bits, so that an IPv4 /8 has 104.
 */
#ifndef SLUICE_ADDRESS_H
#define SLUICE_ADDRESS_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct sl_prefix {
    unsigned char bytes[16]; /* without the bits of hosts */
    unsigned char length;    /* 0 to 128 */
};

#define SL_PREFIX_TEXT 64 /* bytes that a prefix as text needs, zero-terminated */

/* Clears all but the first `length` bits. */
static inline void sl_address_mask(unsigned char bytes[16], unsigned length)
{
    for (unsigned i = 0; i < 16; i++) {
        unsigned bits = length > i * 8 ? length - i * 8 : 0;
        if (bits < 8)
            bytes[i] = (unsigned char)(bytes[i] & ~(0xffu >> bits));
    }
}

static inline bool sl_address_is_ipv4(const unsigned char bytes[16])
{
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return memcmp(bytes, mapped, sizeof mapped) == 0;
}

/* Reads an IPv4 or IPv6 address of `len` bytes. False: it is none. */
static inline bool sl_address_parse(const char *data, size_t len, unsigned char bytes[16])
{
    char text[SL_PREFIX_TEXT];
    if (len == 0 || len >= sizeof text || memchr(data, '\0', len) != NULL)
        return false;
    memcpy(text, data, len);
    text[len] = '\0';
    memset(bytes, 0, 10);
    bytes[10] = bytes[11] = 0xff;
    return inet_pton(AF_INET, text, bytes + 12) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

/* Writes a prefix as people do. */
static inline void sl_prefix_text(const struct sl_prefix *prefix, char text[SL_PREFIX_TEXT])
{
    bool is_ipv4 = sl_address_is_ipv4(prefix->bytes) && prefix->length >= 96;
    if (inet_ntop(is_ipv4 ? AF_INET : AF_INET6, prefix->bytes + (is_ipv4 ? 12 : 0), text,
                  SL_PREFIX_TEXT) == NULL)
        text[0] = '\0';
    size_t len = strlen(text);
    snprintf(text + len, SL_PREFIX_TEXT - len, "/%u", prefix->length - (is_ipv4 ? 96u : 0u));
}

/* Reads "192.0.2.0/24", "2001:db8::/32" or a whole address. Returns NULL, or what is wrong as the
 * rest of a sentence, in `error` (160 bytes) or static. */
static inline const char *sl_prefix_parse(const char *data, size_t len, struct sl_prefix *prefix,
                                          char error[160])
{
    const char *slash = (const char *)memchr(data, '/', len);
    size_t address_len = slash != NULL ? (size_t)(slash - data) : len;
    unsigned char given[16];
    char text[SL_PREFIX_TEXT];
    if (!sl_address_parse(data, address_len, prefix->bytes))
        return "is no address: write 192.0.2.0/24, 2001:db8::/32 or a whole address";
    bool is_ipv4 = memchr(data, ':', address_len) == NULL;
    unsigned most = is_ipv4 ? 32 : 128;
    unsigned length = slash != NULL ? 0 : most;
    size_t digits = slash != NULL ? len - address_len - 1 : 0;
    if (slash != NULL && (digits == 0 || digits > 3 || (slash[1] == '0' && digits > 1)))
        length = 999;
    for (size_t i = 1; i <= digits && length <= most; i++)
        length =
            slash[i] >= '0' && slash[i] <= '9' ? length * 10 + (unsigned)(slash[i] - '0') : 999;
    if (length > most)
        return is_ipv4 ? "has no length from 0 to 32 behind the slash"
                       : "has no length from 0 to 128 behind the slash";
    prefix->length = (unsigned char)(length + (is_ipv4 ? 96 : 0));
    memcpy(given, prefix->bytes, sizeof given);
    sl_address_mask(prefix->bytes, prefix->length);
    if (memcmp(given, prefix->bytes, sizeof given) == 0)
        return NULL;
    sl_prefix_text(prefix, text);
    snprintf(error, 160, "has bits set behind the prefix; did you mean %s?", text);
    return error;
}

static inline bool sl_prefix_holds(const struct sl_prefix *prefix, const unsigned char address[16])
{
    unsigned char masked[16];
    memcpy(masked, address, sizeof masked);
    sl_address_mask(masked, prefix->length);
    return memcmp(masked, prefix->bytes, sizeof masked) == 0;
}

#endif
