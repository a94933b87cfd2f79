/*
 * The pending connections of an accept queue, by age and by address.
 *
 * On the accepting thread. Borrows the connections: remove one before freeing it. The functions
 * that look for a connection to give up pass over those that a handshake thread has at the moment.
 */
#ifndef SLUICE_FRONT_PENDING_CONNECTIONS_H
#define SLUICE_FRONT_PENDING_CONNECTIONS_H

#include "base/error.h"
#include "base/siphash.h"
#include "front/pending.h"
#include "front/pending_address.h"

#define PENDING_CONNECTIONS_BUCKETS 4096
#define PENDING_CONNECTIONS_IDLE_ADDRESSES 16384 /* remembered although they have no connection */

struct pending_connections {
    size_t count;
    struct pending_queue by_age; /* the oldest first */
    struct pending_address_list addresses[PENDING_CONNECTIONS_BUCKETS];
    struct pending_address_queue idle; /* addresses without connections, with a rate to regain */
    size_t idle_count;
    struct siphash_key hash_key; /* so that nobody can choose addresses that collide */
};

/* Returns 0 or ERR_SYSTEM: there is no randomness. Needs deinit in any case. */
MUST_CHECK int pending_connections_init(struct pending_connections *connections);

/* Frees what is known of addresses. All connections have been removed. */
void pending_connections_deinit(struct pending_connections *connections);

/* Adds the youngest connection. A trusted proxy's connection is not counted at the proxy's address:
 * the proxy's clients would share one limit, and any of them could use it up for the others. Until
 * the proxy has said where the connection comes from, only the limit of all connections holds.
 * Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int pending_connections_add(struct pending_connections *connections,
                                       struct pending *pending);

/* Counts a connection that was added as a trusted proxy's at the address that it has now. Returns 0
 * or ERR_NO_MEMORY; then it is still among the connections. */
MUST_CHECK int pending_connections_count_at_address(struct pending_connections *connections,
                                                    struct pending *pending);

/* Removes a connection; does nothing if it was not added. */
void pending_connections_remove(struct pending_connections *connections, struct pending *pending);

/* The oldest connection of all, or NULL. */
struct pending *pending_connections_oldest(const struct pending_connections *connections);

/* The oldest connection of the same IPv4 address or IPv6 /64, or NULL; *count: how many connections
 * that address has. */
struct pending *pending_connections_oldest_like(const struct pending_connections *connections,
                                                const struct pending *pending, size_t *count);

/* The connection to drop when handshakes hold too much memory: the oldest with TLS state of the
 * address that has the most connections. Among addresses with as many it is the oldest of all, so
 * that each has its time. NULL: no connection has TLS state. */
struct pending *pending_connections_heaviest(const struct pending_connections *connections);

#endif
