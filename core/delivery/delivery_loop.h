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
#include "base/histogram.h"
#include "base/holders.h"
#include "delivery/delivery.h"
#include "delivery/drop_reason.h"
#include "delivery/forward.h"
#include "delivery/frame_notes.h"
#include "delivery/outgoing.h"
#include "delivery/receiver.h"
#include "delivery/submission.h"
#include "delivery/topic.h"
#include "delivery/topic_batch.h"

#include <stdbool.h>
#include <stdint.h>

#define OUTGOING_FLUSH (64u * 1024) /* runs; with more, they are sent after the current event */

struct delivery_stats {
    counter reads;       /* system calls */
    counter writes;      /* system calls */
    counter submissions; /* system calls */
    counter submitted;   /* writes that went down in them */
    counter drops[DROP_REASON_COUNT];
    struct histogram latency; /* ns: from a message's publication to the write that ended with it */
};

struct delivery_loop {
    struct loop *loop;
    struct delivery *delivery;
    const struct receiver_calls *calls;
    struct audience *dirty_audiences;   /* have a batch to be sent */
    struct audience *waiting_audiences; /* have one that may wait for more */
    struct receiver *dirty_receivers;   /* have runs of their own */
    struct buffer unicast;              /* frames for single receivers, this iteration's */
    struct frame_notes unicast_notes;   /* of those that have conflation keys */
    struct buffer compressed[DEFLATE_WINDOW_COUNT - 1]; /* the same, by window */
    struct frame_notes compressed_notes[DEFLATE_WINDOW_COUNT - 1];
    struct compressor compressor;
    struct outgoing *outgoing; /* owned */
    uint32_t outgoing_count;
    uint32_t outgoing_capacity;
    uint32_t sequence;                /* grows with what is published: see delivery_sequence */
    const struct batch *published_to; /* since it grew; NULL: single receivers */
    struct topic_batches topic_batches;
    struct hash_table topics; /* of struct topic: those that have subscribers here */
    struct interest_counts topic_slots;
    struct forwarding forwarding;
    struct holders holders; /* of what outboxes hold */
    struct delivery_stats stats;
    struct submission *submission;   /* owned; NULL: each write is a system call */
    _Atomic size_t submission_bytes; /* the memory that it takes; for other threads */
    int64_t since;                   /* monotonic ns: when the oldest of what is to be sent was
                                        published; INT64_MAX: in this iteration */
    uint32_t written;                /* writes of this flush with messages, none of which is left */
    bool has_much_to_send;           /* flush after this event, not only at the iteration's end */
};

/* Sets up the delivery of one of delivery->loop_count loops, by the loop's index. */
void delivery_loop_init(struct delivery_loop *loop, struct delivery *delivery,
                        struct loop *event_loop, const struct receiver_calls *calls);

/* Frees; no receiver may be left. */
void delivery_loop_deinit(struct delivery_loop *loop);

/* From now on writes go down in submissions (owned), or not (NULL). */
void delivery_use_submission(struct delivery_loop *loop, struct submission *submission);

/* Sends what has been published to the loop's receivers so far, on any loop unless that is much,
 * and wakes other loops for what has been published here. Between events: receivers may be gone
 * afterwards. */
void delivery_flush(struct delivery_loop *loop);

/* Whether there is something for the next flush. */
static inline bool delivery_is_dirty(const struct delivery_loop *loop)
{
    return loop->dirty_audiences != NULL || loop->dirty_receivers != NULL ||
           loop->topic_batches.is_dirty || forward_is_behind(loop);
}

static inline void delivery_count_drop(struct delivery_loop *loop, enum drop_reason reason)
{
    counter_add(&loop->stats.drops[reason], 1);
}

/* -- for the other parts of the delivery -- */

/* Notes that some of what is to be sent was published then (monotonic ns). */
static inline void delivery_note_published(struct delivery_loop *loop, int64_t when)
{
    if (when < loop->since)
        loop->since = when;
}

/* Notes that an audience has a batch to be sent. */
void delivery_mark_audience(struct delivery_loop *loop, struct audience *audience);

/* Notes that an audience has something that may wait until `due` (monotonic ns). */
void delivery_add_waiting(struct delivery_loop *loop, struct audience *audience, int64_t due);

/* Notes that a receiver has something to be written. */
void delivery_mark_receiver(struct delivery_loop *loop, struct receiver *receiver);

/* What is published to single receivers now comes after what has a lower sequence. */
static inline uint32_t delivery_sequence(struct delivery_loop *loop)
{
    if (loop->published_to != NULL) {
        loop->published_to = NULL;
        loop->sequence++;
    }
    return loop->sequence;
}

/* The same for what is published to a batch. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK static inline int delivery_publish_to(struct delivery_loop *loop, struct batch *batch)
{
    if (loop->published_to == batch)
        return OK;
    int error = batch_begin_stretch(batch, loop->sequence + 1);
    if (error != OK)
        return error;
    loop->published_to = batch;
    loop->sequence++;
    return OK;
}

/* The same for the batch of a topic with so many subscribers: each may need a run more. */
MUST_CHECK static inline int delivery_publish_to_topic(struct delivery_loop *loop,
                                                       struct topic_batch *lent,
                                                       uint32_t subscribers)
{
    if (loop->published_to != &lent->batch) {
        loop->topic_batches.runs += subscribers;
        if (loop->topic_batches.runs > OUTGOING_FLUSH)
            loop->has_much_to_send = true;
    }
    return delivery_publish_to(loop, &lent->batch);
}

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

#endif
