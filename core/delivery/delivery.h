/*
 * What the deliveries of all loops share: the loops themselves, the memory that is held for
 * receivers, and how many subscribers each topic has.
 *
 * Set up before any loop runs and torn down after all have ended; the accounts may be used by any
 * thread.
 */
#ifndef SLUICE_DELIVERY_DELIVERY_H
#define SLUICE_DELIVERY_DELIVERY_H

#include "base/error.h"
#include "base/memory_account.h"
#include "delivery/message_log.h"
#include "delivery/topic_counts.h"

struct delivery_loop;
struct interest;

#define DELIVERY_LOOPS_MAX 256u

struct delivery {
    struct delivery_loop **loops; /* owned; by index, NULL until delivery_loop_init */
    unsigned loop_count;
    struct interest *interest;       /* owned; which loops have topics */
    struct message_log log;          /* what is published, for all loops */
    struct memory_account queued;    /* for receivers that do not take what they are sent */
    struct memory_account forwarded; /* in the log, not read by all loops; the same limit */
    struct topic_counts topic_counts;
};

/* For at most DELIVERY_LOOPS_MAX loops. Returns 0, ERR_NO_MEMORY or ERR_SYSTEM (no randomness).
 * delivery_deinit is needed in any case. */
MUST_CHECK int delivery_init(struct delivery *delivery, unsigned loop_count);

void delivery_deinit(struct delivery *delivery);

/* limits.queue_bytes: for what is queued, and for what is forwarded. Any thread. */
void delivery_set_limit(struct delivery *delivery, size_t bytes);

/* The delivery of the loop that the calling thread runs, or NULL: it runs none of these. */
struct delivery_loop *delivery_current_loop(const struct delivery *delivery);

#endif
