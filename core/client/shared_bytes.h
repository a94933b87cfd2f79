/*
 * Reference-counted, immutable bytes: encoded frames that several clients or loops still have to
 * send.
 *
 * Any thread may hold a reference. While one lives, its memory counts towards the limit on queued
 * bytes (limits.queue_bytes), so that what the limit bounds is real memory.
 */
#ifndef SLUICE_CLIENT_SHARED_BYTES_H
#define SLUICE_CLIENT_SHARED_BYTES_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct shared_bytes {
    _Atomic uint32_t references;
    _Atomic size_t *account; /* where `len` is counted; outlives the bytes */
    size_t len;
    size_t capacity; /* bytes of memory behind `data`, and what is counted */
    uint8_t data[];
};

/* A copy of `data` with one reference, owned by the caller; NULL: no memory. */
struct shared_bytes *shared_bytes_create(const void *data, size_t len, _Atomic size_t *account);

/* The same with room for more: as long as the caller's is the only reference, it may append up to
 * `capacity` bytes in all. */
struct shared_bytes *shared_bytes_create_with_room(const void *data, size_t len, size_t capacity,
                                                   _Atomic size_t *account);

/* One more reference. Returns `bytes`. */
struct shared_bytes *shared_bytes_ref(struct shared_bytes *bytes);

/* Gives a reference back; the last one frees. NULL is fine. */
void shared_bytes_unref(struct shared_bytes *bytes);

#endif
