/*
 * A message queue: the whole frames that wait behind a blocked receiver's outbox, one record each,
 * where the endpoint may drop some of them, or limits their number.
 *
 * Only the receiver's loop. Nothing of what is in here has been given to the socket or to OpenSSL:
 * a frame that is under way lies in the outbox. So every frame may be dropped whole.
 */
#ifndef SLUICE_DELIVERY_MESSAGE_QUEUE_H
#define SLUICE_DELIVERY_MESSAGE_QUEUE_H

#include "base/error.h"
#include "base/hash_table.h"
#include "delivery/outbox.h"
#include "delivery/shared_bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct queued_message;

struct message_queue {
    struct queued_message *first, *last;
    struct queued_message *oldest, *newest; /* of those that may be dropped */
    struct hash_table by_key;               /* of those that a later one of their key replaces */
    struct memory_account *account;
    const char *gap_text; /* NULL: no markers; borrowed */
    size_t queued;        /* bytes of frames */
    size_t held;          /* bytes of memory, as in an outbox */
    size_t table_cost;    /* bytes of them for by_key */
    uint32_t count;       /* without gap markers */
    uint32_t dropped;     /* since the owner has last looked */
};

/* A frame to be queued. */
struct frame_source {
    const uint8_t *bytes;
    size_t len;
    struct shared_bytes *copy; /* holds just the frame, and is referred to; NULL: it is copied */
    bool may_drop;             /* a policy may drop it */
    bool conflates;            /* it replaces the one with its key that waits */
    uint64_t key;
};

/* What is left of a write that is being settled. */
struct settling {
    size_t sent; /* bytes that the socket has taken, not settled yet */
    size_t must; /* bytes behind those that must be offered again unchanged */
};

/* Makes an empty queue. NULL: no memory. */
struct message_queue *message_queue_create(struct memory_account *account, const char *gap_text);

/* Frees it with all that waits. NULL is fine. */
void message_queue_destroy(struct message_queue *queue);

static inline bool message_queue_is_empty(const struct message_queue *queue)
{
    return queue->first == NULL;
}

/* Queues a frame behind all others. Returns 0 or ERR_NO_MEMORY; what the message replaces has been
 * dropped then, or is there still. */
MUST_CHECK int message_queue_append(struct message_queue *queue, const struct frame_source *frame);

/* Says that messages are missing behind what waits: a marker, if the endpoint wants them. Returns 0
 * or ERR_NO_MEMORY. */
MUST_CHECK int message_queue_miss(struct message_queue *queue, uint64_t messages, uint64_t bytes);

/* Drops the oldest, or the newest, message that may be dropped; a marker stands in its place, if
 * the endpoint wants them. Returns 0, ERR_INVALID (there is none), or ERR_NO_MEMORY (for the
 * marker). */
MUST_CHECK int message_queue_drop(struct message_queue *queue, bool newest);

/* Drops the oldest message that is the latest of no key: it has waited since before keys counted,
 * or was published when none were read any more. Errors as message_queue_drop. */
MUST_CHECK int message_queue_drop_unkeyed(struct message_queue *queue);

/* The endpoint's rules are others now: what waits is replaced by nothing any more, and markers that
 * are there stay as they are if new ones have another text. */
void message_queue_adopt(struct message_queue *queue, const char *gap_text);

/* Fills at most `max` entries with what waits, in order. Returns how many. */
size_t message_queue_gather(struct message_queue *queue, struct iovec *pieces, size_t max);

/* After a write: forgets what was sent, and moves what is under way behind the outbox's bytes.
 * Returns 0 or ERR_NO_MEMORY: the stream ends inside a frame then. */
MUST_CHECK int message_queue_settle(struct message_queue *queue, struct settling *left,
                                    struct outbox *outbox);

#endif
