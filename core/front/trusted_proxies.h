/*
 * The trusted proxies (`trusted_proxies`): what they say about where a connection comes from
 * counts.
 *
 * A set of prefixes is immutable and shared by reference; `struct trust` holds the one in force,
 * which the main thread changes while the accepting threads and CivetWeb's workers look things up.
 */
#ifndef SLUICE_FRONT_TRUSTED_PROXIES_H
#define SLUICE_FRONT_TRUSTED_PROXIES_H

#include "base/address.h"
#include "base/error.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct trusted_proxies;

/* Makes a set, with one reference, of prefixes and addresses as the configuration has checked them.
 * *out is NULL for none. Returns 0, ERR_CONFIG (one is no prefix) or ERR_NO_MEMORY. */
MUST_CHECK int trusted_proxies_create(char *const *texts, size_t count,
                                      struct trusted_proxies **out);

/* One reference less; the last one frees. NULL is fine. Any thread. */
void trusted_proxies_unref(struct trusted_proxies *proxies);

/* Whether an address is one of the proxies; NULL: there are none. Any thread. */
bool trusted_proxies_hold(const struct trusted_proxies *proxies, const struct address *address);

struct trust {
    atomic_bool is_given; /* whether anybody is trusted: else nobody takes the lock */
    pthread_mutex_t lock; /* of what follows */
    struct trusted_proxies *proxies;
};

/* Nobody is trusted at first. */
void trust_init(struct trust *trust);
void trust_deinit(struct trust *trust);

/* Takes the set that is in force from now on; NULL: nobody is trusted. */
void trust_change(struct trust *trust, struct trusted_proxies *proxies);

/* The set in force, with a reference for the caller, or NULL. `trust` may be NULL. Any thread. */
struct trusted_proxies *trust_in_force(struct trust *trust);

/* Whether an address is in the set in force. `trust` may be NULL. Any thread. */
bool trust_holds(struct trust *trust, const struct address *address);

#endif
