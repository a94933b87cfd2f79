/*
 * An audience: one loop's receivers of one endpoint, and what is published to them.
 *
 * Only the loop's thread. Everything published in one iteration of the loop is encoded once into
 * the audience's batch; at the end of the iteration each receiver gets one write. A receiver's
 * `cursor` says how much of the batch it already has (or must not have: its own message when `echo`
 * is off, what was published before it came).
 */
#ifndef SLUICE_DELIVERY_AUDIENCE_H
#define SLUICE_DELIVERY_AUDIENCE_H

#include "base/counter.h"
#include "delivery/batch.h"
#include "delivery/missed.h"
#include "delivery/overflow.h"
#include "delivery/queue_sizes.h"
#include "ws/frame.h"

#include <stdbool.h>
#include <stdint.h>

struct delivery_loop;
struct fanout;
struct receiver;

/* Past this a batch is sent after the current event, without waiting for the iteration's end. */
#define AUDIENCE_BATCH_FLUSH (256u * 1024)

struct audience {
    _Alignas(64) struct fanout *fanout; /* loops do not share cache lines */
    struct delivery_loop *loop;
    struct receiver **members; /* open ones, in no order; each knows its index */
    uint32_t count;
    uint32_t capacity;
    bool is_dirty;
    bool is_waiting; /* what is in its batch, or its topics', may wait for more until `due` */
    struct backlog backlogs[DEFLATE_WINDOW_COUNT]; /* by window: plain first */
    struct batch batch;                            /* published in this iteration */
    uint32_t flushed;     /* messages of the batches before it, modulo 2^32 */
    uint64_t batch_skips; /* messages of it that receivers are not to get, summed over receivers */
    struct audience *next_dirty; /* or the next one that waits */
    int64_t due;                 /* monotonic ns */
    int64_t waits_since;         /* likewise */
    size_t waiting_bytes;
    counter messages_in; /* from its members, counted by their reader */
    counter messages_out;
    counter bytes_in; /* from and to its members, before they are open too */
    counter bytes_out;
    struct queue_sizes queues;              /* how many members have queues of which size */
    counter dropped[OVERFLOW_POLICY_COUNT]; /* messages that members missed, by policy */
    struct missed missed;                   /* what other loops could not tell this one of */
};

void audience_init(struct audience *audience, struct fanout *fanout, struct delivery_loop *loop);

/* Frees; there must be no members. */
void audience_deinit(struct audience *audience);

/* Adds a receiver, which gets what is published from now on. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int audience_join(struct audience *audience, struct receiver *receiver);

/* Says that a receiver is open from now on, or no longer: what is published meanwhile counts as
 * sent to it. The only way to change that. */
void audience_set_open(struct receiver *receiver, bool is_open);

/* How many messages the receiver has been sent, modulo 2^32: those that still wait for it included,
 * those that were dropped not. */
uint32_t audience_messages_to(const struct receiver *receiver);

/* Takes a receiver out; nothing happens if it is not a member. Not while the audience is flushed.
 */
void audience_leave(struct audience *audience, struct receiver *receiver);

/* Publishes a message to the endpoint's receivers on all loops, except `except` (may be NULL).
 * Returns 0 or ERR_NO_MEMORY, and then nobody gets it. Nothing is written before the current event
 * is over, so no receiver ends in here. */
MUST_CHECK int audience_publish(struct audience *audience, enum opcode opcode, const void *data,
                                size_t len, struct receiver *except);

/* Adds frames that another loop or thread has encoded, to this loop's receivers only. `key` is the
 * only message's, if it was read. */
MUST_CHECK int audience_add_frames(struct audience *audience, const void *frames, size_t len,
                                   uint32_t messages, struct message_key key);

/* Its receivers miss messages: each meets its policy. */
void audience_missed(struct audience *audience, uint64_t messages, uint64_t bytes);

/* Notes that bytes are published to it or to one of its topics. Returns whether they may wait for
 * more; otherwise they are for the end of this iteration. */
bool audience_waits(struct audience *audience, size_t bytes);

/* Sends the batch to everybody and empties it. Only between events: nothing may be published
 * meanwhile. */
void audience_flush(struct audience *audience);

#endif
