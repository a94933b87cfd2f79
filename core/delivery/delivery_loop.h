/*
 * What goes out of one loop in this iteration.
 *
 * Only the loop's thread.
 */
#ifndef SLUICE_DELIVERY_DELIVERY_LOOP_H
#define SLUICE_DELIVERY_DELIVERY_LOOP_H

#include "base/buffer.h"
#include "delivery/topic.h"

#include <stdbool.h>
#include <stdint.h>

struct audience;
struct client;

/* A run of frames for one client inside the loop's `unicast` buffer or its audience's batch. */
struct outgoing {
    uint32_t next;       /* index in `outgoing`, or OUTGOING_NONE */
    uint32_t from_batch; /* 1: of the client's audience, 0: of `unicast` */
    uint32_t offset;
    uint32_t len;
};
#define OUTGOING_NONE UINT32_MAX

struct delivery_loop {
    struct audience *dirty_audiences;
    struct client *dirty_clients; /* have outgoing frames in this iteration */
    struct buffer unicast;        /* frames for single clients, this iteration's */
    struct outgoing *outgoing;
    uint32_t outgoing_count;
    uint32_t outgoing_capacity;
    struct topic_table topics;
    bool has_much_to_send; /* flush after this event, not only at the iteration's end */
};

#endif
