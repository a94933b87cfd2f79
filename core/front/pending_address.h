/*
 * One address that has pending connections, or has had some lately: an IPv4 address, or the /64 of
 * an IPv6 address.
 *
 * On the accepting thread. Owned by struct pending_connections.
 */
#ifndef SLUICE_FRONT_PENDING_ADDRESS_H
#define SLUICE_FRONT_PENDING_ADDRESS_H

#include "front/pending.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct pending_address {
    uint8_t key[16]; /* see address_limit_key */
    size_t count;
    struct pending_queue connections;   /* `count` of them, the oldest first */
    struct pending_queue begun;         /* of these: scheduled, and the handshake has begun */
    struct pending_queue not_begun;     /* of these: scheduled, and it has not */
    int64_t paid_until;                 /* monotonic, ns: up to here its rate is used up */
    bool is_unlimited;                  /* it may begin handshakes at any rate */
    bool is_scheduled;                  /* in a list of struct handshake_schedule, */
    bool is_resting;                    /* and in which one */
    TAILQ_ENTRY(pending_address) link;  /* in that list, or in the one of idle addresses */
    LIST_ENTRY(pending_address) bucket; /* of struct pending_connections */
};

TAILQ_HEAD(pending_address_queue, pending_address);
LIST_HEAD(pending_address_list, pending_address);

#endif
