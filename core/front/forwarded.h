/*
 * X-Forwarded-For: the address that a request comes from, if proxies stand in between.
 *
 * Each proxy adds the address that it sees at the right end. So only entries of trusted proxies can
 * be believed: the walk goes from the peer to the left for as long as it meets trusted proxies, and
 * ends at the first address that is not one. Entries further to the left may be invented.
 *
 * Pure: no sockets, no HTTP parsing. Any thread.
 */
#ifndef SLUICE_FRONT_FORWARDED_H
#define SLUICE_FRONT_FORWARDED_H

#include "base/address.h"
#include "front/trusted_proxies.h"

#include <stdbool.h>
#include <stddef.h>

#define FORWARDED_FIELD "X-Forwarded-For"
#define FORWARDED_ENTRIES_MAX 64 /* followed; no chain of proxies is as long */

struct forwarded {
    const struct trusted_proxies *proxies; /* borrowed; NULL: none */
    struct address address;                /* as far as the walk has come */
    unsigned entries;                      /* looked at so far */
    bool has_ended;                        /* entries further to the left do not count */
};

/* Begins at the connection's peer. */
void forwarded_begin(struct forwarded *walk, const struct trusted_proxies *proxies,
                     const struct address *peer);

/* Continues with a field's value, zero-terminated; of several fields the last one comes first. An
 * entry that is no address (`unknown`, an obfuscated name) ends the walk at the entry before it. */
void forwarded_follow(struct forwarded *walk, const char *value);

#endif
