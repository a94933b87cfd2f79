/*
 * Topics' batches: what is published to a topic with several subscribers, once for all of them.
 *
 * Only the loop's thread. A topic borrows a batch of the loop's when something is published to it,
 * and gives it back at the flush, so a topic that is idle has no memory for it and one that is not
 * allocates none. A subscription's `cursor` says how much of the batch its receiver has, as a
 * receiver's does for its audience's.
 */
#ifndef SLUICE_DELIVERY_TOPIC_BATCH_H
#define SLUICE_DELIVERY_TOPIC_BATCH_H

#include "base/error.h"
#include "delivery/batch.h"

#include <stdint.h>

struct delivery_loop;
struct receiver;
struct subscription;
struct topic;

/* A topic with fewer subscribers on a loop needs no batch: each of them has its messages noted for
 * itself. */
#define TOPIC_BATCH_SUBSCRIBERS 8u

struct topic_batch {
    struct batch batch;  /* first */
    struct topic *topic; /* that has borrowed it; NULL: none has, or its subscribers have left */
    uint32_t index;      /* among the loop's */
};

/* A loop's. Zeroed, there are none. */
struct topic_batches {
    struct topic_batch **list; /* owned, with what is in it; those that are lent come first */
    uint32_t lent;
    uint32_t count;
    uint32_t capacity;
    bool is_dirty; /* one of those that are lent does not wait for more */
    size_t bytes;  /* of frames in those that are lent */
    uint64_t runs; /* that their subscribers may need, summed up */
};

/* The batch for what is published to a topic now. NULL: no memory. */
struct topic_batch *topic_batch_borrow(struct delivery_loop *loop, struct topic *topic);

/* Notes that frames have been added for a topic. */
void topic_batch_note_added(struct delivery_loop *loop, const struct topic *topic, size_t bytes);

/* A subscription begins: it gets what is published from now on. */
void topic_batch_join(struct subscription *subscription);

/* It ends: its receiver still gets what was published before. */
void topic_batch_leave(struct subscription *subscription);

/* Notes what was published to a subscription so far as what its receiver is to get. Returns 0 or
 * ERR_NO_MEMORY. */
MUST_CHECK int topic_batch_catch_up(struct subscription *subscription);

/* A subscription that has caught up does not get the message that was added then. */
void topic_batch_skip(struct subscription *subscription);

/* The same for all subscriptions of a receiver, and counts it. */
MUST_CHECK int topic_batches_catch_up(struct receiver *receiver);

/* The topic has no subscribers any more. */
void topic_batch_release(struct topic *topic);

/* At the flush: what the batches hold becomes what their topics' subscribers are to get. */
void topic_batches_queue(struct delivery_loop *loop);

/* When everything has been written, or kept: takes the batches back that do not wait for more. */
void topic_batches_take_back(struct delivery_loop *loop);

/* Frees; none is lent. */
void topic_batches_deinit(struct topic_batches *batches);

#endif
