/*
 * Reference-counted bytes: encoded frames that several clients or loops still have to send.
 *
 * Any thread may hold a reference; what a holder has been given of the bytes never changes. While a
 * reference lives, the memory counts towards the limit on queued bytes (limits.queue_bytes), so
 * that what the limit bounds is real memory.
 */
#ifndef SLUICE_DELIVERY_SHARED_BYTES_H
#define SLUICE_DELIVERY_SHARED_BYTES_H

#include "base/memory_account.h"
#include "base/memory_cost.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shared_bytes {
    _Atomic uint32_t references;
    bool is_private;                /* of one outbox, which may append */
    struct memory_account *account; /* where the memory is counted; outlives the bytes */
    struct shared_bytes **watcher;  /* set to NULL when they are freed; NULL: nobody asks */
    size_t len;
    size_t capacity; /* bytes of memory behind `data` */
    uint8_t data[];
};

/* A copy of `data` with one reference, owned by the caller; NULL: no memory. */
struct shared_bytes *shared_bytes_create(const void *data, size_t len,
                                         struct memory_account *account);

/* The same with room for more: the thread that made the bytes may append up to `capacity` bytes in
 * all, as long as all references are its own. */
struct shared_bytes *shared_bytes_create_with_room(const void *data, size_t len, size_t capacity,
                                                   struct memory_account *account);

/* One more reference. Returns `bytes`. */
struct shared_bytes *shared_bytes_ref(struct shared_bytes *bytes);

/* Gives a reference back; the last one frees. NULL is fine. */
void shared_bytes_unref(struct shared_bytes *bytes);

/* What they take of the process. */
static inline size_t shared_bytes_cost(const struct shared_bytes *bytes)
{
    return memory_cost(sizeof *bytes + bytes->capacity);
}

#endif
