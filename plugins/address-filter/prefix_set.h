/*
 * Address prefixes (RFC 4632, RFC 4291), each with a verdict; the longest prefix that holds an
 * address decides.
 *
 * Filled, then sealed, then immutable: any thread may look up. Sealing flattens the prefixes into
 * ranges that do not overlap, in ascending order, so that a look-up is one binary search without
 * following pointers. IPv4 is ::ffff:a.b.c.d throughout.
 */
#ifndef ADDRESS_FILTER_PREFIX_SET_H
#define ADDRESS_FILTER_PREFIX_SET_H

#include <sluice/plugin.h>

enum prefix_verdict { PREFIX_NONE = 0, PREFIX_ALLOW = 1, PREFIX_DENY = 2 };

struct prefix {
    uint64_t high; /* the address, as two big halves */
    uint64_t low;
    uint8_t length; /* bits, 0 to 128 */
    uint8_t verdict;
};

struct range {
    uint64_t high; /* where it begins; it ends where the next one begins */
    uint64_t low;
    uint8_t verdict;
};

struct prefix_set {
    const struct sl_host *host;
    struct prefix *prefixes; /* owned; given back when sealed */
    size_t count;
    size_t capacity;
    size_t most;
    struct range *ranges; /* owned, after sealing */
    size_t range_count;
};

void prefix_set_init(struct prefix_set *set, const struct sl_host *host, size_t most);
void prefix_set_deinit(struct prefix_set *set);

/* Adds "10.0.0.0/8", "2001:db8::/32" or an address. Returns NULL, or what is wrong as the rest of a
 * sentence, in `error` or static. */
#define PREFIX_ERROR_SIZE 160
const char *prefix_set_add(struct prefix_set *set, const char *text, size_t len,
                           enum prefix_verdict verdict, char error[PREFIX_ERROR_SIZE]);

/* Returns 0, or -1: no memory. */
int prefix_set_seal(struct prefix_set *set);

/* The verdict of the longest prefix that holds the address (deny wins between two of one length);
 * PREFIX_NONE if no prefix does. */
enum prefix_verdict prefix_set_find(const struct prefix_set *set, const uint8_t address[16]);

#endif
