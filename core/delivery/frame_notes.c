#include "delivery/frame_notes.h"

#include "ws/frame.h"

#include <stdlib.h>

int frame_notes_add(struct frame_notes *notes, size_t offset, struct message_key key)
{
    if (notes->count == notes->capacity) {
        uint32_t capacity = notes->capacity < 16 ? 16 : 2 * notes->capacity;
        struct frame_note *grown = realloc(notes->list, capacity * sizeof *grown);
        if (grown == NULL)
            return ERR_NO_MEMORY;
        notes->list = grown;
        notes->capacity = capacity;
    }
    notes->list[notes->count++] = (struct frame_note){.offset = (uint32_t)offset, .key = key};
    return OK;
}

void frame_notes_index(struct frame_notes *notes, const uint8_t *stream, size_t len)
{
    const struct message_key no_key = {.is_read = false};
    for (size_t at = 0; at < len; at += frame_length(stream + at, len - at))
        if (frame_notes_add(notes, at, no_key) != OK) {
            frame_notes_truncate(notes, 0);
            return;
        }
}

/* The number of the first note that is not in front of `offset`. */
static uint32_t note_from(const struct frame_notes *notes, size_t offset)
{
    uint32_t low = 0, high = notes->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (notes->list[middle].offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct frame_note *frame_notes_find(const struct frame_notes *notes, size_t offset)
{
    uint32_t at = note_from(notes, offset);
    return at < notes->count && notes->list[at].offset == offset ? &notes->list[at] : NULL;
}

void frame_notes_truncate(struct frame_notes *notes, size_t offset)
{
    while (notes->count > 0 && notes->list[notes->count - 1].offset >= offset) {
        const struct frame_note *note = &notes->list[--notes->count];
        for (unsigned i = 0; i < DEFLATE_WINDOW_COUNT; i++)
            shared_bytes_unref(note->copies[i]);
    }
}

void frame_notes_clear(struct frame_notes *notes, size_t keep)
{
    frame_notes_truncate(notes, 0);
    if (notes->capacity * sizeof *notes->list > keep)
        frame_notes_release(notes);
}

void frame_notes_release(struct frame_notes *notes)
{
    frame_notes_truncate(notes, 0);
    free(notes->list);
    *notes = (struct frame_notes){.count = 0};
}
