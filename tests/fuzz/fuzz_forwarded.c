/*
 * Fuzzes what proxies say about where a connection comes from: the input is a PROXY header, and
 * lines of X-Forwarded-For. Neither may depend on the pieces that it comes in, nor believe what
 * stands to the left of the first stranger.
 */
#include "front/forwarded.h"
#include "front/proxy_header.h"

#include <sluice/address.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 16

static struct trusted_proxies *proxies;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char *texts[] = {"10.0.0.0/8", "::1", "2001:db8::/32"};
    (void)argc;
    (void)argv;
    if (trusted_proxies_create(texts, 3, &proxies) != OK)
        abort();
    return 0;
}

/* Adds what there is, `piece` bytes at a time. Returns what is wrong. */
static const char *add(struct proxy_header *header, const uint8_t *data, size_t size, size_t piece)
{
    size_t done = 0;
    *header = (struct proxy_header){.len = 0};
    while (done < size && proxy_header_missing(header) > 0) {
        size_t len = proxy_header_missing(header);
        if (len > PROXY_HEADER_MAX)
            abort();
        len = len < piece ? len : piece;
        len = len < size - done ? len : size - done;
        const char *fault = proxy_header_add(header, data + done, len);
        if (fault != NULL)
            return fault;
        done += len;
    }
    return NULL;
}

static void read_header(const uint8_t *data, size_t size)
{
    struct proxy_header whole, pieces;
    struct address address, other;
    const char *fault = add(&whole, data, size, SIZE_MAX);
    if (add(&pieces, data, size, 1) != fault)
        abort();
    if (fault != NULL || proxy_header_missing(&whole) > 0)
        return;
    if (proxy_header_missing(&pieces) > 0 || whole.len != pieces.len || whole.len > size)
        abort();
    if (proxy_signature_of(data, size) != PROXY_SIGNATURE_BINARY)
        abort();
    bool is_other = proxy_header_address(&whole, &address);
    if (proxy_header_address(&pieces, &other) != is_other ||
        memcmp(address.bytes, other.bytes, 16) != 0 || address.port != other.port)
        abort();
}

static struct forwarded walk_through(char *const *fields, size_t count, const struct address *peer)
{
    struct forwarded walk;
    forwarded_begin(&walk, proxies, peer);
    while (count-- > 0)
        forwarded_follow(&walk, fields[count]);
    return walk;
}

static void walk(char *text)
{
    char *fields[FIELDS_MAX + 1] = {"203.0.113.66, 10.66.66.66"};
    size_t count = 0;
    struct address peer = {.port = 1};
    if (!sl_address_parse("10.0.0.1", 8, peer.bytes))
        abort();
    for (char *line = strtok(text, "\n"); line != NULL && count < FIELDS_MAX;
         line = strtok(NULL, "\n"))
        fields[++count] = line;
    struct forwarded plain = walk_through(fields + 1, count, &peer);
    struct forwarded spoofed = walk_through(fields, count + 1, &peer);
    if (plain.entries > FORWARDED_ENTRIES_MAX || spoofed.entries > FORWARDED_ENTRIES_MAX)
        abort();
    /* Only a walk that met nobody but proxies goes on to what was put to the left. */
    if (plain.has_ended && (memcmp(plain.address.bytes, spoofed.address.bytes, 16) != 0 ||
                            plain.address.port != spoofed.address.port))
        abort();
    if (!plain.has_ended && !trusted_proxies_hold(proxies, &plain.address))
        abort();
    peer.bytes[12] = 11; /* a stranger */
    if (walk_through(fields, count + 1, &peer).entries != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size);
    read_header(data, size);
    if (text != NULL)
        walk(text);
    free(text);
    return 0;
}
