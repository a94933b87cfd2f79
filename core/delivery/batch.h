/*
 * A batch: messages that are published together, for all who are to get them, encoded once.
 *
 * Only the loop's thread. Receivers are sent the plain frames, or, if they can read those, a
 * compressed rendition that is made once for all of them. Offsets into a batch (cursors, runs) are
 * those of the plain frames; offset 0 is where each flush begins.
 */
#ifndef SLUICE_DELIVERY_BATCH_H
#define SLUICE_DELIVERY_BATCH_H

#include "base/buffer.h"
#include "base/error.h"
#include "delivery/backlog.h"
#include "delivery/conflation_key.h"
#include "delivery/frame_notes.h"
#include "delivery/rendition.h"
#include "ws/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct batch {
    struct buffer frames;
    uint32_t messages;
    struct buffer stretches;   /* a struct stretch for each, in order */
    struct backlog_place kept; /* for those that could not take it whole */
    struct rendition renditions[DEFLATE_WINDOW_COUNT - 1]; /* by window */
    struct frame_notes notes; /* of frames, where policies or keys need them */
};

/* Messages that follow each other, while nothing was published to anybody else on the loop. */
struct stretch {
    uint32_t sequence; /* tells what was published before what, whomever it was for */
    uint32_t offset;   /* where it begins */
};

/* Sequences are counted on and on. */
static inline bool is_later_sequence(uint32_t sequence, uint32_t other)
{
    return (int32_t)(sequence - other) > 0;
}

void batch_init(struct batch *batch);

/* Frees. */
void batch_deinit(struct batch *batch);

/* Adds a message, whose conflation key may have been read. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int batch_add_message(struct batch *batch, enum opcode opcode, const void *data,
                                 size_t len, struct message_key key);

/* The same with frames that were encoded elsewhere; `key` is that of the first. */
MUST_CHECK int batch_add_frames(struct batch *batch, const void *frames, size_t len,
                                uint32_t messages, struct message_key key);

/* What is added from now on has a later sequence. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int batch_begin_stretch(struct batch *batch, uint32_t sequence);

/* The sequence of a frame. */
uint32_t batch_sequence(const struct batch *batch, size_t offset);

/* Where the first frame begins that has a later sequence. */
size_t batch_offset_after(const struct batch *batch, uint32_t sequence);

/* How many messages begin between two offsets, and the bytes of their payload. Takes its time. */
uint32_t batch_count(const struct batch *batch, size_t begin, size_t end, uint64_t *bytes);

/* Everything has been sent to everybody, or kept. Each part keeps at most `keep` bytes of memory.
 */
void batch_clear(struct batch *batch, size_t keep);

/* What is noted of the frame that begins there, or NULL: there is no memory. */
struct frame_note *batch_note(struct batch *batch, size_t offset);

/* -- what a receiver is sent of it -- */

/* A batch in one encoding. */
struct batch_view {
    const struct buffer *frames;
    struct backlog_place *kept;
    const struct rendition *rendition; /* NULL: the plain one */
};

/* The encoding for receivers with that window; made now, as far as it is not there. */
struct batch_view batch_view(struct batch *batch, enum deflate_window window,
                             struct compressor *compressor,
                             const struct compression_settings *settings);

/* The frames between two offsets. */
struct iovec batch_view_bytes(const struct batch_view *view, size_t begin, size_t end);

#endif
