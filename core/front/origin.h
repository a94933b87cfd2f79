/*
 * One address that has guests, or has had some lately: an IPv4 address, or the /64 of an IPv6 one.
 *
 * On the accepting thread. Owned by struct guests.
 */
#ifndef SLUICE_FRONT_ORIGIN_H
#define SLUICE_FRONT_ORIGIN_H

#include "front/guest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct origin {
    uint8_t key[16];           /* see address_limit_key */
    size_t count;              /* of guests */
    struct guest_queue guests; /* the oldest first */
    struct guest_queue begun;  /* of them, those with TLS work whose handshake has begun */
    struct guest_queue fresh;  /* of them, those that may begin one */
    int64_t paid_until;        /* monotonic, ns: how far its handshakes have used up its rate */
    bool is_listed;            /* in a list of struct turns */
    bool is_resting;           /* in which one */
    bool is_unlimited;         /* it may begin handshakes at any rate */
    TAILQ_ENTRY(origin) turn;  /* of struct turns, or of those without guests */
    LIST_ENTRY(origin) next;   /* in its bucket */
};

TAILQ_HEAD(origin_queue, origin);
LIST_HEAD(origin_list, origin);

#endif
