/*
 * Frame notes: what is known of single frames inside a buffer of many: their conflation keys, and
 * copies of them that several slow receivers share. Sorted by where the frames begin.
 *
 * Only the loop's thread. Zeroed, there are none. Nothing is noted where no endpoint needs it.
 */
#ifndef SLUICE_DELIVERY_FRAME_NOTES_H
#define SLUICE_DELIVERY_FRAME_NOTES_H

#include "base/error.h"
#include "delivery/conflation_key.h"
#include "delivery/compressor.h"
#include "delivery/shared_bytes.h"

#include <stddef.h>
#include <stdint.h>

struct frame_note {
    uint32_t offset;
    struct message_key key;
    struct shared_bytes *copies[DEFLATE_WINDOW_COUNT]; /* of the frame, by the receivers' window;
                                                          one reference each; NULL: none yet */
};

struct frame_notes {
    struct frame_note *list; /* owned */
    uint32_t count;
    uint32_t capacity;
};

/* Notes a frame that begins behind all others. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int frame_notes_add(struct frame_notes *notes, size_t offset, struct message_key key);

/* Notes all frames of a stream, whose keys have not been read; none if there is no memory. */
void frame_notes_index(struct frame_notes *notes, const uint8_t *stream, size_t len);

/* What is noted of the frame that begins there, or NULL. */
struct frame_note *frame_notes_find(const struct frame_notes *notes, size_t offset);

/* Forgets the frames from `offset` on. */
void frame_notes_truncate(struct frame_notes *notes, size_t offset);

/* Forgets all frames; keeps at most `keep` bytes of memory for the next ones. */
void frame_notes_clear(struct frame_notes *notes, size_t keep);

void frame_notes_release(struct frame_notes *notes);

#endif
