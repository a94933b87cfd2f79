/*
 * Between loops: what is published anywhere and has receivers on other loops, and what is for one
 * receiver of another loop, goes through the log (message_log.h), so that all loops see it in one
 * order.
 *
 * Whatever a loop does to its receivers whose place in that order matters (publish, send, close,
 * join, subscribe, unsubscribe) begins with forward_pull: first everything that is in the log
 * reaches this loop's buffers. So an answer never comes before what it answers.
 */
#ifndef SLUICE_DELIVERY_FORWARD_H
#define SLUICE_DELIVERY_FORWARD_H

#include "base/error.h"
#include "delivery/interest.h"
#include "delivery/message_log.h"
#include "delivery/conflation_key.h"
#include "delivery/topic_counts.h"
#include "loop/mailbox.h"
#include "ws/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct delivery;
struct delivery_loop;
struct receiver_order;

/* One loop's part in it. */
struct forwarding {
    struct log_place place;
    struct loop_set to_wake; /* have receivers for what this loop has appended */
    size_t appended;         /* bytes, since these were woken */
    bool is_busy;            /* reading the log, or flushing: forward_pull does nothing */
    _Atomic bool is_posted;  /* `wake` is */
    struct mail wake;
};

/* A message that is in the log, for the loop that has put it there. */
struct forwarded {
    const uint8_t *frame; /* valid until the next pull */
    size_t len;           /* 0: it is not in the log */
    struct message_key conflation;
};

/* Before anything is published. */
void forwarding_init(struct delivery_loop *loop);

/* No thread reads or wakes any more. */
void forwarding_deinit(struct delivery_loop *loop);

/* Takes everything that is in the log into the loop's buffers. The loop's thread, hooks too:
 * nothing is written. */
void forward_pull(struct delivery_loop *loop);

/* The same between events: stops when there is enough for a flush. */
void forward_pull_some(struct delivery_loop *loop);

/* Whether the log holds something that the loop has not taken. */
bool forward_is_behind(const struct delivery_loop *loop);

/* A message that is published on a loop, to a topic of that hash (topic_hash) or to all (0): pulls,
 * and puts it into the log if another loop has receivers for it. Then this is its place in the
 * order, and the caller gives `out->frame` to the loop's own receivers. If out->len is 0, the
 * message is for them alone. Returns 0 or ERR_NO_MEMORY: it is published nowhere. Where
 * limits.queue_bytes does not let it through, the other loops' receivers are told that they miss
 * it. */
MUST_CHECK int forward_message(struct delivery_loop *loop, const struct topic_key *key,
                               uint64_t hash, enum opcode opcode, const void *data, size_t len,
                               struct forwarded *out);

/* Wakes the loops that have receivers for what this one has appended. */
void forward_wake(struct delivery_loop *loop);

/* The loop has no receiver of an endpoint any more: those who would read the log some time later
 * read it now, lest they hold its memory for good. */
void forward_end_interest(struct delivery_loop *loop);

/* Publishes one message from a thread that is no loop's. Returns 0, ERR_LIMIT (loops take their
 * messages too slowly: limits.queue_bytes is reached) or ERR_NO_MEMORY; nobody gets it then. */
MUST_CHECK int forward_from_outside(const struct topic_key *key, enum opcode opcode,
                                    const void *data, size_t len);

/* Hands an order with `len` bytes of text to a loop, which carries it out (see struct
 * receiver_calls). Any thread but that loop's. Returns 0, ERR_LIMIT (not for a close) or
 * ERR_NO_MEMORY. */
MUST_CHECK int forward_order(struct delivery *delivery, unsigned loop,
                             const struct receiver_order *order, const void *data, size_t len);

#endif
