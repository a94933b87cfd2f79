#include "delivery/batch.h"

/* Offsets into a batch are 32 bits wide; a batch is far smaller than that unless messages are huge.
 */
#define BATCH_MAX (UINT32_MAX / 2)

void batch_init(struct batch *batch)
{
    *batch = (struct batch){.messages = 0};
    buffer_init(&batch->frames, BATCH_MAX);
    buffer_init(&batch->stretches, SIZE_MAX);
    for (unsigned i = 0; i < DEFLATE_WINDOW_COUNT - 1; i++)
        rendition_init(&batch->renditions[i]);
}

void batch_deinit(struct batch *batch)
{
    buffer_release(&batch->frames);
    buffer_release(&batch->stretches);
    for (unsigned i = 0; i < DEFLATE_WINDOW_COUNT - 1; i++)
        rendition_deinit(&batch->renditions[i]);
    frame_notes_release(&batch->notes);
}

/* -- publishing -- */

/* Notes the key of what begins at `offset`, or takes it out again. */
static int note_added(struct batch *batch, size_t offset, uint32_t messages, struct message_key key)
{
    if (key.is_read && frame_notes_add(&batch->notes, offset, key) != OK) {
        batch->frames.len = offset;
        return ERR_NO_MEMORY;
    }
    batch->messages += messages;
    return OK;
}

int batch_add_message(struct batch *batch, enum opcode opcode, const void *data, size_t len,
                      struct message_key key)
{
    size_t before = batch->frames.len;
    if (frame_append(&batch->frames, opcode, data, len) != OK)
        return ERR_NO_MEMORY;
    return note_added(batch, before, 1, key);
}

int batch_add_frames(struct batch *batch, const void *frames, size_t len, uint32_t messages,
                     struct message_key key)
{
    size_t before = batch->frames.len;
    if (buffer_append(&batch->frames, frames, len) != OK)
        return ERR_NO_MEMORY;
    return note_added(batch, before, messages, key);
}

static void empty_buffer(struct buffer *buffer, size_t keep)
{
    buffer->len = 0;
    if (buffer->capacity > keep)
        buffer_release(buffer);
}

void batch_clear(struct batch *batch, size_t keep)
{
    backlog_end_batch(&batch->kept);
    for (unsigned i = 0; i < DEFLATE_WINDOW_COUNT - 1; i++)
        rendition_end_batch(&batch->renditions[i], keep);
    frame_notes_clear(&batch->notes, keep);
    empty_buffer(&batch->frames, keep);
    empty_buffer(&batch->stretches, keep);
    batch->messages = 0;
}

/* -- stretches -- */

int batch_begin_stretch(struct batch *batch, uint32_t sequence)
{
    const struct stretch stretch = {.sequence = sequence, .offset = (uint32_t)batch->frames.len};
    return buffer_append(&batch->stretches, &stretch, sizeof stretch);
}

static const struct stretch *first_stretch(const struct batch *batch, size_t *count)
{
    *count = batch->stretches.len / sizeof(struct stretch);
    return (const void *)batch->stretches.data;
}

uint32_t batch_sequence(const struct batch *batch, size_t offset)
{
    size_t low = 0, high;
    const struct stretch *stretches = first_stretch(batch, &high);
    while (low + 1 < high) { /* The last one that does not begin behind `offset`. */
        size_t middle = low + (high - low) / 2;
        if (stretches[middle].offset <= offset)
            low = middle;
        else
            high = middle;
    }
    return stretches[low].sequence;
}

size_t batch_offset_after(const struct batch *batch, uint32_t sequence)
{
    size_t low = 0, count;
    const struct stretch *stretches = first_stretch(batch, &count);
    for (size_t high = count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (is_later_sequence(stretches[middle].sequence, sequence))
            high = middle;
        else
            low = middle + 1;
    }
    return low < count ? stretches[low].offset : batch->frames.len;
}

uint32_t batch_count(const struct batch *batch, size_t begin, size_t end, uint64_t *bytes)
{
    uint32_t messages = 0;
    *bytes = 0;
    for (size_t at = begin, len; at < end; at += len) {
        len = frame_length(batch->frames.data + at, end - at);
        *bytes += frame_payload_length(len);
        messages++;
    }
    return messages;
}

struct frame_note *batch_note(struct batch *batch, size_t offset)
{
    if (batch->notes.count == 0)
        frame_notes_index(&batch->notes, batch->frames.data, batch->frames.len);
    return frame_notes_find(&batch->notes, offset);
}

/* -- what a receiver is sent of it -- */

struct batch_view batch_view(struct batch *batch, enum deflate_window window,
                             struct compressor *compressor,
                             const struct compression_settings *settings)
{
    const struct batch_view plain = {.frames = &batch->frames, .kept = &batch->kept};
    if (window == DEFLATE_WINDOW_NONE)
        return plain;
    struct rendition *rendition = &batch->renditions[window - 1];
    rendition_cover(rendition, &batch->frames, compressor, window, settings);
    if (!rendition->differs)
        return plain;
    return (struct batch_view){
        .frames = &rendition->frames, .kept = &rendition->kept, .rendition = rendition};
}

struct iovec batch_view_bytes(const struct batch_view *view, size_t begin, size_t end)
{
    if (view->rendition != NULL) {
        begin = rendition_offset(view->rendition, begin);
        end = rendition_offset(view->rendition, end);
    }
    return (struct iovec){.iov_base = view->frames->data + begin, .iov_len = end - begin};
}
