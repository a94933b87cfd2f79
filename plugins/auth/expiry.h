/*
 * When the credentials of an instance's clients expire: a heap, the first to expire at its top.
 *
 * It is asked again and again with the wall clock of the moment, so that a clock that is set, a
 * reload that turns `expire` on and another `grace` reach clients that are connected. Any thread;
 * behind a lock of its own. It names clients by their ids and keeps no pointer to them.
 */
#ifndef AUTH_EXPIRY_H
#define AUTH_EXPIRY_H

#include <sluice/plugin.h>

#include <pthread.h>

/* One client; `slot` is its place among the entries, from 1, which stays the same. */
struct expiry_entry {
    uint64_t client;
    int64_t expires; /* seconds since 1970 */
    uint32_t at;     /* its place in the heap; of a free entry: the next free slot */
};

struct expiry {
    const struct sl_host *host;
    pthread_mutex_t lock;         /* of what follows */
    struct expiry_entry *entries; /* owned */
    uint32_t *heap;               /* owned: slots */
    uint32_t count;
    uint32_t capacity;
    uint32_t used; /* entries that have been in use */
    uint32_t free; /* the first free slot among them; 0: none */
};

void expiry_init(struct expiry *expiry, const struct sl_host *host);
void expiry_deinit(struct expiry *expiry);

/* Adds a client; the slot is for expiry_remove. 0: no memory. */
uint32_t expiry_add(struct expiry *expiry, uint64_t client, int64_t expires);

/* Removes a client; a slot that is 0, or another client's by now, is ignored. */
void expiry_remove(struct expiry *expiry, uint32_t slot, uint64_t client);

/* Who expires first, which stays where it is. False: nobody does. */
bool expiry_first(struct expiry *expiry, struct expiry_entry *first, uint32_t *slot);

#endif
