/*
 * What becomes of a receiver's messages when it does not keep up, where its endpoint has an
 * overflow policy other than to close, or a limit on the number of messages; and what becomes of a
 * receiver that misses a message for another reason.
 *
 * Only the receiver's loop.
 */
#ifndef SLUICE_DELIVERY_RECEIVER_OVERFLOW_H
#define SLUICE_DELIVERY_RECEIVER_OVERFLOW_H

#include "base/error.h"
#include "delivery/receiver.h"

/* Whether what it cannot take yet is kept message by message. */
static inline bool receiver_keeps_messages(const struct receiver *receiver)
{
    const struct receiver_limits *limits = receiver->limits;
    return receiver->waiting != NULL ||
           (limits != NULL && (limits->overflow != OVERFLOW_CLOSE || limits->queue_messages > 0));
}

/* After a write of `sent` bytes, or before one (0), so that gaps among this iteration's runs get
 * their markers: forgets what was sent and keeps the rest, message by message.
 * Returns 0 or ERR_NO_MEMORY: the stream ends inside a frame then. */
MUST_CHECK int receiver_settle_messages(struct receiver *receiver, size_t sent);

/* Whether it holds more than its endpoint allows. */
bool receiver_is_over_limit(const struct receiver *receiver);

/* Drops messages by the policy until it holds no more than its endpoint allows. Returns whether
 * that was possible, markers included. */
bool receiver_make_room(struct receiver *receiver);

/* Drops all that the policy may drop. Returns whether it holds at most half as much as before. With
 * its audience's batch empty or not sent yet. */
bool receiver_drop_waiting(struct receiver *receiver);

/* It misses messages for lack of memory, or because a loop was not told of them: it is closed, or
 * gets a marker, at the end of the iteration. Nothing happens if it is not open. */
void receiver_missed(struct receiver *receiver, uint64_t messages, uint64_t bytes);

/* Counts messages that were sent to it, and that it misses since they were dropped by the policy.
 */
void receiver_count_dropped(struct receiver *receiver, enum overflow_policy policy,
                            uint64_t messages);

/* From now on it has these limits, which replace others: a reload. */
void receiver_set_limits(struct receiver *receiver, const struct receiver_limits *limits);

#endif
