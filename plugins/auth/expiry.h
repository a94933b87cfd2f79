/*
 * When the credentials of an instance's clients expire: a heap with the earliest expiry at its top.
 *
 * The caller asks again and again with the current wall clock. So a clock that is set, a reload
 * that turns `expire` on, and a new `grace` all reach connected clients. Any thread; behind a lock
 * of its own. Clients are named by their ids; no pointer to them is kept.
 */
#ifndef AUTH_EXPIRY_H
#define AUTH_EXPIRY_H

#include <sluice/plugin.h>

#include <pthread.h>

/* One client; `slot` is its index among the entries, from 1, and never changes. */
struct expiry_entry {
    uint64_t client;
    int64_t expires; /* seconds since 1970 */
    uint32_t at;     /* its index in the heap; of a free entry: the next free slot */
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

/* Adds a client. Returns the slot, for expiry_remove; 0 if there is no memory. */
uint32_t expiry_add(struct expiry *expiry, uint64_t client, int64_t expires);

/* Removes a client; a slot that is 0, or that another client has by now, is ignored. */
void expiry_remove(struct expiry *expiry, uint32_t slot, uint64_t client);

/* The client that expires first; it stays in the heap. False if there is none. */
bool expiry_first(struct expiry *expiry, struct expiry_entry *first, uint32_t *slot);

#endif
