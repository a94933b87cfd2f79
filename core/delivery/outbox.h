/*
 * What a client still has to be sent: the queue behind its socket.
 *
 * Only the client's loop. Most clients never use it: what they are sent in one iteration of the
 * loop is written straight from the loop's own buffers, and only what the socket would not take is
 * kept here. An outbox holds whole frames; its first segment may have been sent in part.
 */
#ifndef SLUICE_DELIVERY_OUTBOX_H
#define SLUICE_DELIVERY_OUTBOX_H

#include "base/error.h"
#include "delivery/shared_bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

struct segment {
    struct segment *next;
    struct shared_bytes *bytes; /* one reference */
    uint32_t offset;            /* what is before it has been sent */
    uint32_t end;               /* what is behind it is not for this client */
};

struct outbox {
    struct segment *first;
    struct segment *last;
    size_t queued; /* bytes not yet sent */
    size_t held;   /* bytes of memory charged to the client: its records and private copies whole,
                      and what it has not sent of shared bytes */
};

static inline bool outbox_is_empty(const struct outbox *outbox)
{
    return outbox->first == NULL;
}

/* Appends the part of `bytes` from `begin` to `end`; takes its own reference. What follows the part
 * that was appended last costs no further memory. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int outbox_append(struct outbox *outbox, struct shared_bytes *bytes, size_t begin,
                             size_t end);

/* Appends a private copy of the unsent part of a stream of frames, beginning with the frame that
 * `offset` is in. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int outbox_append_copy(struct outbox *outbox, const uint8_t *stream, size_t len,
                                  size_t offset, struct memory_account *account);

/* Fills at most `max` entries with what is to be sent, in order. Returns how many. */
size_t outbox_gather(const struct outbox *outbox, struct iovec *pieces, size_t max);

/* How many of the first bytes are the rest of a frame that has been sent in part. */
size_t outbox_begun(const struct outbox *outbox);

/* Forgets the first `sent` bytes. */
void outbox_consume(struct outbox *outbox, size_t sent);

/* Forgets everything except the first `keep` bytes and the rest of the frame in which those, or
 * what has been sent before, end. Returns 0, or ERR_NO_MEMORY: then nothing is left, and the stream
 * ends inside a frame. */
MUST_CHECK int outbox_truncate(struct outbox *outbox, size_t keep);

/* How many whole frames of messages are queued: not the one under way. */
uint64_t outbox_count_messages(const struct outbox *outbox);

/* Forgets everything. */
void outbox_clear(struct outbox *outbox);

#endif
