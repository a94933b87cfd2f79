/*
 * The delivery of one loop: who has to be written to at the end of this iteration, and with what.
 *
 * Everything published in an iteration is encoded once, into an audience's batch (audience.h) or
 * into the loop's `unicast` buffer; delivery_flush then gives each receiver one write. Only the
 * loop's thread, except the statistics and the holders, which any thread may read.
 */
#ifndef SLUICE_DELIVERY_DELIVERY_LOOP_H
#define SLUICE_DELIVERY_DELIVERY_LOOP_H

#include "base/buffer.h"
#include "base/counter.h"
#include "base/hash_table.h"
#include "base/holders.h"
#include "delivery/delivery.h"
#include "delivery/drop_reason.h"
#include "delivery/forward.h"
#include "delivery/frame_notes.h"
#include "delivery/outgoing.h"
#include "delivery/receiver.h"
#include "delivery/topic.h"

#include <stdbool.h>
#include <stdint.h>

struct delivery_stats {
    counter bytes_in;
    counter bytes_out;
    counter reads;  /* system calls */
    counter writes; /* system calls */
    counter drops[DROP_REASON_COUNT];
};

struct delivery_loop {
    struct loop *loop;
    struct delivery *delivery;
    const struct receiver_calls *calls;
    struct audience *dirty_audiences; /* have a batch to be sent */
    struct receiver *dirty_receivers; /* have runs of their own */
    struct buffer unicast;            /* frames for single receivers, this iteration's */
    struct frame_notes unicast_notes; /* of those that have conflation keys */
    struct buffer compressed[DEFLATE_WINDOW_COUNT - 1]; /* the same, by window */
    struct frame_notes compressed_notes[DEFLATE_WINDOW_COUNT - 1];
    struct compressor compressor;
    struct outgoing *outgoing; /* owned */
    uint32_t outgoing_count;
    uint32_t outgoing_capacity;
    struct hash_table topics; /* of struct topic: those that have subscribers here */
    struct interest_counts topic_slots;
    struct forwarding forwarding;
    struct holders holders; /* of what outboxes hold */
    struct delivery_stats stats;
    bool has_much_to_send; /* flush after this event, not only at the iteration's end */
};

/* Sets up the delivery of one of delivery->loop_count loops, by the loop's index. */
void delivery_loop_init(struct delivery_loop *loop, struct delivery *delivery,
                        struct loop *event_loop, const struct receiver_calls *calls);

/* Frees; no receiver may be left. */
void delivery_loop_deinit(struct delivery_loop *loop);

/* Sends what has been published to the loop's receivers so far, on any loop unless that is much,
 * and wakes other loops for what has been published here. Between events: receivers may be gone
 * afterwards. */
void delivery_flush(struct delivery_loop *loop);

/* Whether there is something for the next flush. */
static inline bool delivery_is_dirty(const struct delivery_loop *loop)
{
    return loop->dirty_audiences != NULL || loop->dirty_receivers != NULL ||
           forward_is_behind(loop);
}

static inline void delivery_count_drop(struct delivery_loop *loop, enum drop_reason reason)
{
    counter_add(&loop->stats.drops[reason], 1);
}

/* -- for the other parts of the delivery -- */

/* Notes that an audience has a batch to be sent. */
void delivery_mark_audience(struct delivery_loop *loop, struct audience *audience);

/* Notes that a receiver has something to be written. */
void delivery_mark_receiver(struct delivery_loop *loop, struct receiver *receiver);

/* A message for any number of receivers in this iteration. */
struct shared_frame {
    uint32_t offset; /* in `unicast` */
    uint32_t len;
    struct {
        bool is_tried; /* the rest is valid */
        uint32_t offset;
        uint32_t len; /* 0: it goes plain */
    } compressed[DEFLATE_WINDOW_COUNT - 1];
};

/* Puts a message into `unicast`. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int delivery_share(struct delivery_loop *loop, enum opcode opcode, const void *data,
                              size_t len, struct shared_frame *out);

/* The same with a frame that was encoded elsewhere. */
MUST_CHECK int delivery_share_frame(struct delivery_loop *loop, const void *frame, size_t len,
                                    struct shared_frame *out);

/* Gives a shared frame to one receiver, compressed if it can read that: the first such receiver has
 * it compressed for all. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int delivery_queue_shared(struct receiver *receiver, struct shared_frame *frame);

/* Notes a shared frame's conflation key, if it was read. Returns 0, or ERR_NO_MEMORY: then the
 * frame is taken out again, so it has to be the last one. */
MUST_CHECK int delivery_note_key(struct delivery_loop *loop, struct shared_frame frame,
                                 struct message_key key);

/* Takes the last shared frame out again. Nobody was given it. */
void delivery_unshare(struct delivery_loop *loop, struct shared_frame frame);

#endif
