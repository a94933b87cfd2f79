/*
 * X-Forwarded-For: the address that a request comes from, if proxies stand in between.
 *
 * Each proxy adds the address that it sees to the right, so only what a trusted one has added can
 * be believed: the walk goes from the peer to the left for as long as it meets trusted proxies, and
 * ends at the first address that is none. What that one says of others is its own invention.
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
#define FORWARDED_ENTRIES_MAX 64 /* looked at; no chain of proxies is as long */

struct forwarded {
    const struct trusted_proxies *proxies; /* borrowed; NULL: none */
    struct address address;                /* as far as the walk has come */
    unsigned entries;                      /* looked at so far */
    bool has_ended;                        /* what is further to the left counts no more */
};

/* Begins at the connection's peer. */
void forwarded_begin(struct forwarded *walk, const struct trusted_proxies *proxies,
                     const struct address *peer);

/* Goes on through a field's value, zero-terminated; of several fields the last one comes first. An
 * entry that is no address (`unknown`, an obfuscated name) ends the walk where it is. */
void forwarded_follow(struct forwarded *walk, const char *value);

#endif
