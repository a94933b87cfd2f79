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

#include <stddef.h>
#include <stdint.h>

struct receiver;

/* Where a run of frames lies. */
enum outgoing_source {
    OUTGOING_UNICAST,
    OUTGOING_CONTROL, /* in `unicast` too, and no overflow policy drops it */
    OUTGOING_GAP,     /* nowhere: `offset` messages with `len` bytes of payload are missing here */
    OUTGOING_BATCH,   /* of the receiver's audience; offsets are those of the plain frames */
    OUTGOING_COMPRESSED /* this and what is added to it: an index in `compressed` */
};

/* A run of frames for one receiver. */
struct outgoing {
    uint32_t next;   /* index in `outgoing`, or OUTGOING_NONE */
    uint32_t source; /* enum outgoing_source */
    uint32_t offset;
    uint32_t len;
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

#endif
