/*
 * Between loops: what is published on one loop, on its way to the others.
 *
 * A loop gathers records, in the order in which things were published, and posts them to all other
 * loops at the end of its iteration, or earlier if there is much. So each loop sees what another
 * has published in that loop's order, whether it went to all receivers or to topics.
 */
#ifndef SLUICE_DELIVERY_FORWARD_H
#define SLUICE_DELIVERY_FORWARD_H

#include "base/buffer.h"
#include "base/error.h"
#include "delivery/conflation_key.h"
#include "delivery/topic_counts.h"
#include "ws/frame.h"

#include <stddef.h>
#include <stdint.h>

struct audience;
struct delivery_loop;

/* What one loop has published and not handed over yet. */
struct outbound {
    struct buffer records;
    const struct fanout *open; /* the last record is a broadcast to it, and can be lengthened */
    size_t open_at;            /* where that record begins */
};

void outbound_init(struct outbound *outbound);
void outbound_deinit(struct outbound *outbound);

/* Records a frame for all of an endpoint's receivers on the other loops. Returns 0 or
 * ERR_NO_MEMORY. */
MUST_CHECK int forward_broadcast(struct audience *audience, const void *frame, size_t len,
                                 struct message_key key);

/* The same for a topic's subscribers. */
MUST_CHECK int forward_to_topic(struct delivery_loop *loop, const struct topic_key *key,
                                const void *frame, size_t len, struct message_key conflation);

/* Posts what is recorded. What cannot be posted is counted as dropped, and receivers of the loops
 * that it was for are told that they miss it. */
void forward_flush(struct delivery_loop *loop);

/* Posts one message to all loops, from a thread that is no loop's. Returns 0, ERR_LIMIT (loops take
 * their mail too slowly: limits.queue_bytes is reached) or ERR_NO_MEMORY; some loops may have got
 * it even then. */
MUST_CHECK int forward_from_outside(const struct topic_key *key, enum opcode opcode,
                                    const void *data, size_t len);

#endif
