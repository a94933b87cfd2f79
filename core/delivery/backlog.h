/*
 * A backlog: what an audience's slow clients have not been sent yet, once for all of them, whether
 * it was published to all or to topics.
 *
 * Only the loop's thread. Batches that somebody could not take whole are appended to a block, one
 * behind the other, so that a client that stays behind needs one segment for each block and not one
 * for each batch. The blocks belong to the outboxes that refer to them: with the last of them the
 * block goes.
 */
#ifndef SLUICE_DELIVERY_BACKLOG_H
#define SLUICE_DELIVERY_BACKLOG_H

#include "base/buffer.h"
#include "base/error.h"
#include "delivery/shared_bytes.h"

#include <stddef.h>

struct backlog {
    struct shared_bytes *block; /* the one that is appended to; NULL: none */
};

/* Where a batch lies. Zeroed: nowhere. */
struct backlog_place {
    struct shared_bytes *block; /* one reference; NULL: nowhere */
    size_t base;                /* where the batch begins in it */
};

/* Makes sure that a block holds the whole batch, until backlog_end_batch. Returns 0 or
 * ERR_NO_MEMORY. */
MUST_CHECK int backlog_add_batch(struct backlog *backlog, struct backlog_place *place,
                                 const struct buffer *batch, struct memory_account *account);

/* The batch has been sent to everybody, or kept. */
void backlog_end_batch(struct backlog_place *place);

#endif
