/*
 * The guests that wait, by age and by address.
 *
 * On the accepting thread. Borrows its guests: whoever frees one removes it first.
 */
#ifndef SLUICE_FRONT_GUESTS_H
#define SLUICE_FRONT_GUESTS_H

#include "base/error.h"
#include "front/guest.h"
#include "front/origin.h"

#define GUESTS_BUCKETS 4096
#define GUESTS_IDLE_ORIGINS 16384 /* addresses that are remembered without guests */

struct guests {
    size_t count;
    struct guest_queue by_age; /* the oldest first */
    struct origin_list origins[GUESTS_BUCKETS];
    struct origin_queue idle; /* of the origins, those that have no guest and a rate to regain */
    size_t idle_count;
    uint64_t seed; /* so that nobody can choose addresses that collide */
};

void guests_init(struct guests *guests);

/* Frees what is known of addresses; there are no guests any more. */
void guests_deinit(struct guests *guests);

/* Adds the youngest guest. A trusted proxy's is not counted at its address: the proxy's clients
 * would share one limit, and any of them could use it up for the others. Only the limit of all
 * guests holds for it, until the proxy has said where it comes from. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int guests_add(struct guests *guests, struct guest *guest);

/* Counts one that was added as a proxy's at the address that it has now. Returns 0 or
 * ERR_NO_MEMORY: it is still among the guests. */
MUST_CHECK int guests_count_at_address(struct guests *guests, struct guest *guest);

/* Removes a guest; one that is not among them is left alone. */
void guests_remove(struct guests *guests, struct guest *guest);

/* The oldest guest of all, or NULL. */
struct guest *guests_oldest(const struct guests *guests);

/* The oldest guest of the same IPv4 address or IPv6 /64, or NULL; *count: how many it has. */
struct guest *guests_oldest_like(const struct guests *guests, const struct guest *guest,
                                 size_t *count);

/* The guest that has to go when handshakes hold too much memory: the oldest with TLS state of the
 * address that has the most guests; among addresses with as many, the oldest of all, so that each
 * has its time. NULL: nobody has any. */
struct guest *guests_heaviest(const struct guests *guests);

#endif
