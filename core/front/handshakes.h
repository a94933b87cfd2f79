/*
 * The limits, the memory and the counts of TLS handshakes, which all listeners share.
 *
 * Any thread.
 */
#ifndef SLUICE_FRONT_HANDSHAKES_H
#define SLUICE_FRONT_HANDSHAKES_H

#include "delivery/tls_stream.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct handshakes {
    atomic_size_t bytes;       /* held by connections whose request is not complete */
    atomic_size_t bytes_limit; /* limits.handshake_bytes */
    _Atomic int64_t interval;  /* ns: see limits.handshakes_per_address; 0: no limit */
    atomic_ullong begun;
    atomic_ullong delayed; /* times that an address has used up its rate */
    atomic_ullong faults[TLS_FAULT_COUNT];
};

/* Sets the limits: bytes in all, and how many handshakes an address may begin in a second
 * (0: any number). */
void handshakes_configure(struct handshakes *handshakes, size_t bytes, uint32_t rate);

/* Whether `bytes` more are within the limit. */
bool handshakes_have_room(struct handshakes *handshakes, size_t bytes);

/* Counts `bytes` instead of *charged, and stores them there. */
void handshakes_charge(struct handshakes *handshakes, size_t *charged, size_t bytes);

/* ns between two handshakes of an address at its rate; 0: no limit. */
int64_t handshakes_interval(struct handshakes *handshakes);

#endif
