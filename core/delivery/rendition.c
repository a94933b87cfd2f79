#include "delivery/rendition.h"

#include "ws/frame.h"

/* Where a frame ends, in the plain batch and in the rendition. */
struct rendition_end {
    uint32_t plain;
    uint32_t rendered;
};

void rendition_init(struct rendition *rendition)
{
    *rendition = (struct rendition){.differs = false};
    buffer_init(&rendition->frames, UINT32_MAX / 2);
    buffer_init(&rendition->ends, SIZE_MAX);
}

void rendition_deinit(struct rendition *rendition)
{
    buffer_release(&rendition->frames);
    buffer_release(&rendition->ends);
}

/* -- making it -- */

/* Notes that a frame of the plain batch, up to `plain`, is in the rendition. */
static bool note_end(struct rendition *rendition, size_t plain)
{
    const struct rendition_end end = {.plain = (uint32_t)plain,
                                      .rendered = (uint32_t)rendition->frames.len};
    return buffer_append(&rendition->ends, &end, sizeof end) == OK;
}

/* The first message that is to be compressed stands behind `len` bytes that are not. */
static bool begin_to_differ(struct rendition *rendition, const uint8_t *plain, size_t len)
{
    rendition->differs = true;
    for (size_t at = 0; at < len;) {
        struct frame_view view;
        frame_view(plain + at, &view);
        if (buffer_append(&rendition->frames, plain + at, view.size) != OK)
            return false;
        at += view.size;
        if (!note_end(rendition, at))
            return false;
    }
    return true;
}

/* Without memory the batch goes out plain; none of it has been sent yet. */
static void give_up(struct rendition *rendition)
{
    rendition->differs = false;
    rendition->stays_plain = true;
    buffer_release(&rendition->frames);
    buffer_release(&rendition->ends);
}

/* Adds the frame at `covered` of the plain batch as it is. */
static bool add_plain(struct rendition *rendition, const uint8_t *plain,
                      const struct frame_view *view)
{
    if (!rendition->differs)
        return true;
    return buffer_append(&rendition->frames, plain + rendition->covered, view->size) == OK &&
           note_end(rendition, rendition->covered + view->size);
}

/* The same with a frame that is to be compressed, if that makes it shorter. */
static bool add_compressed(struct rendition *rendition, const uint8_t *plain,
                           const struct frame_view *view, struct compressor *compressor,
                           enum deflate_window window, const struct compression_settings *settings)
{
    const uint8_t *frame = plain + rendition->covered;
    if (!rendition->differs && !begin_to_differ(rendition, plain, rendition->covered))
        return false;
    if (!compressor_append(compressor, window, settings, view->opcode, frame + view->header_len,
                           view->size - view->header_len, &rendition->frames))
        return add_plain(rendition, plain, view);
    return note_end(rendition, rendition->covered + view->size);
}

void rendition_cover(struct rendition *rendition, const struct buffer *batch,
                     struct compressor *compressor, enum deflate_window window,
                     const struct compression_settings *settings)
{
    while (!rendition->stays_plain && rendition->covered < batch->len) {
        struct frame_view view;
        frame_view(batch->data + rendition->covered, &view);
        bool is_long = compressor_wants(settings, view.opcode, view.size - view.header_len);
        bool is_added =
            is_long ? add_compressed(rendition, batch->data, &view, compressor, window, settings)
                    : add_plain(rendition, batch->data, &view);
        if (is_added)
            rendition->covered += view.size;
        else
            give_up(rendition);
    }
}

/* -- using it -- */

size_t rendition_offset(const struct rendition *rendition, size_t offset)
{
    const struct rendition_end *ends = (const void *)rendition->ends.data;
    size_t low = 0;
    size_t high = rendition->ends.len / sizeof *ends;
    if (!rendition->differs || offset == 0)
        return offset;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ends[middle].plain < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return ends[low].rendered;
}

void rendition_end_batch(struct rendition *rendition, size_t keep)
{
    backlog_end_batch(&rendition->kept);
    rendition->frames.len = 0;
    rendition->ends.len = 0;
    rendition->covered = 0;
    rendition->differs = false;
    rendition->stays_plain = false;
    if (rendition->frames.capacity > keep)
        buffer_release(&rendition->frames);
    if (rendition->ends.capacity > keep)
        buffer_release(&rendition->ends);
}
