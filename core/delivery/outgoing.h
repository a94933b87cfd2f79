/*
 * What single receivers get in this iteration: runs of frames, in the order in which they were
 * published, inside the buffers of the loop and of the receivers' audiences.
 *
 * Only the loop's thread. The runs of all receivers of a loop lie in one array, which is emptied
 * when everything has been written (delivery_flush).
 */
#ifndef SLUICE_DELIVERY_OUTGOING_H
#define SLUICE_DELIVERY_OUTGOING_H

#include "base/error.h"
#include "ws/extension.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct batch;
struct receiver;

/* Where a run of frames lies. */
enum outgoing_source {
    OUTGOING_UNICAST,
    OUTGOING_CONTROL, /* in `unicast` too, and no overflow policy drops it */
    OUTGOING_GAP,     /* nowhere: `offset` messages with `len` bytes of payload are missing here */
    OUTGOING_BATCH,   /* of the receiver's audience; offsets are those of the plain frames */
    OUTGOING_COMPRESSED, /* this and what is added to it: an index in `compressed` */
    OUTGOING_TOPIC = OUTGOING_COMPRESSED + DEFLATE_WINDOW_COUNT - 1 /* the same: an index in
                                                                       `topic_batches` */
};

/* A run of frames for one receiver. */
struct outgoing {
    uint32_t next;   /* index in `outgoing`, or OUTGOING_NONE */
    uint32_t source; /* enum outgoing_source */
    uint32_t offset;
    uint32_t len;
    uint32_t
        sequence; /* what was published earlier has a lower one; in batches: see outgoing_sort */
};
#define OUTGOING_NONE UINT32_MAX

/* Makes frames the receiver's next run, or lengthens its last run if they follow each other.
 * Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int outgoing_add(struct receiver *receiver, uint32_t source, size_t offset, size_t len);

/* Notes that the receiver misses messages behind all that was published to it before. Returns 0 or
 * ERR_NO_MEMORY. */
MUST_CHECK int outgoing_add_gap(struct receiver *receiver, uint64_t messages, uint64_t bytes);

/* Notes what the receiver has not had yet of its audience's batch as the next thing that it gets,
 * so that what is queued for it afterwards comes after that. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int outgoing_catch_up(struct receiver *receiver);

/* Brings the receiver's runs, and what it has not had of its audience's batch, into the order in
 * which they were published. Needed where some lie in topics' batches: those were added when the
 * flush began. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int outgoing_sort(struct receiver *receiver);

/* Forgets the receiver's runs. */
void outgoing_clear(struct receiver *receiver);

static inline bool outgoing_is_in_batch(uint32_t source)
{
    return source == OUTGOING_BATCH || source >= OUTGOING_TOPIC;
}

/* The batch that a run of that source lies in; NULL: in none. */
struct batch *outgoing_batch(const struct receiver *receiver, uint32_t source);

#endif
