/*
 * A batch's compressed rendition: the same messages in the same order, for receivers that have
 * agreed on permessage-deflate.
 *
 * Only the loop's thread. It is made from the plain frames when somebody who can read it is to be
 * sent the batch, once for all of them, so that nothing is compressed where nobody can read it.
 * Whoever counts bytes of a batch (cursors, runs) counts those of the plain frames, and asks here
 * where they lie. While no message is long enough to be compressed, the plain frames are the
 * rendition.
 */
#ifndef SLUICE_DELIVERY_RENDITION_H
#define SLUICE_DELIVERY_RENDITION_H

#include "base/buffer.h"
#include "delivery/backlog.h"
#include "delivery/compressor.h"

#include <stdbool.h>
#include <stddef.h>

struct rendition {
    struct buffer frames;      /* if it differs */
    struct buffer ends;        /* if it differs: a struct rendition_end for each frame */
    size_t covered;            /* bytes of the plain batch that have been looked at */
    bool differs;              /* there is a message that is long enough */
    bool stays_plain;          /* there was no memory: this batch goes out plain */
    struct backlog_place kept; /* for those that could not take the batch whole */
};

void rendition_init(struct rendition *rendition);

/* Frees. */
void rendition_deinit(struct rendition *rendition);

/* Brings the rendition up to the end of `batch`, which is made of whole frames. */
void rendition_cover(struct rendition *rendition, const struct buffer *batch,
                     struct compressor *compressor, enum deflate_window window,
                     const struct compression_settings *settings);

/* Where the boundary between two frames, at `offset` of the plain batch, lies in the rendition that
 * covers it. */
size_t rendition_offset(const struct rendition *rendition, size_t offset);

/* The batch has been sent to everybody, or kept. Frees memory beyond `keep` bytes. */
void rendition_end_batch(struct rendition *rendition, size_t keep);

#endif
