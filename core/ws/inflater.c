#include "ws/inflater.h"

#include <stdbool.h>
#include <stdlib.h>
#include <zlib.h>

#define WINDOW_BITS 15 /* inflates what was deflated with any window */
#define STEP (64u * 1024)

/* Of z_stream.data_type after inflate(): it stands between two blocks. */
#define BETWEEN_BLOCKS 128

struct inflater {
    z_stream stream;
};

/* So that memory is asked for in one place of the process. */
static voidpf allocate(voidpf opaque, uInt count, uInt size)
{
    (void)opaque;
    return calloc(count, size);
}

static void release(voidpf opaque, voidpf memory)
{
    (void)opaque;
    free(memory);
}

int inflater_create(struct inflater **out)
{
    struct inflater *inflater = calloc(1, sizeof *inflater);
    if (inflater == NULL)
        return ERR_NO_MEMORY;
    inflater->stream.zalloc = allocate;
    inflater->stream.zfree = release;
    if (inflateInit2(&inflater->stream, -WINDOW_BITS) != Z_OK) {
        free(inflater);
        return ERR_NO_MEMORY;
    }
    *out = inflater;
    return OK;
}

void inflater_destroy(struct inflater *inflater)
{
    if (inflater == NULL)
        return;
    inflateEnd(&inflater->stream);
    free(inflater);
}

/* Makes at most STEP bytes more, and one more than `maximum` in all. Sets *is_done if there is
 * nothing left to be made of the input, and *at_end if it ended with a final block. */
static int inflate_step(z_stream *stream, size_t maximum, struct buffer *out, bool *is_done,
                        bool *at_end)
{
    uint8_t *to;
    size_t room = maximum + 1 - out->len;
    if (room > STEP)
        room = STEP;
    if (buffer_extend(out, room, &to) != OK)
        return ERR_NO_MEMORY;
    stream->next_out = to;
    stream->avail_out = (uInt)room;
    int result = inflate(stream, Z_SYNC_FLUSH);
    out->len -= stream->avail_out;
    if (out->len > maximum)
        return ERR_LIMIT;
    /* What follows a final block is further blocks (7.2.3.5). */
    if (result == Z_STREAM_END && inflateReset(stream) != Z_OK)
        return ERR_INVALID;
    if (result == Z_MEM_ERROR)
        return ERR_NO_MEMORY;
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        return ERR_INVALID;
    *at_end = result == Z_STREAM_END && stream->avail_in == 0;
    *is_done = *at_end || (result != Z_STREAM_END && stream->avail_out > 0);
    return OK;
}

/* Inflates a part of the payload, step by step. */
static int inflate_part(z_stream *stream, const uint8_t *data, size_t len, size_t maximum,
                        struct buffer *out, bool *at_end)
{
    bool is_done = false;
    stream->next_in = (z_const Bytef *)(uintptr_t)data;
    stream->avail_in = (uInt)len;
    while (!is_done) {
        int error = inflate_step(stream, maximum, out, &is_done, at_end);
        if (error != OK)
            return error;
    }
    return OK;
}

int inflater_message(struct inflater *inflater, const uint8_t *data, size_t len, size_t maximum,
                     struct buffer *out)
{
    static const uint8_t tail[] = {0x00, 0x00, 0xFF, 0xFF}; /* what the sender left out */
    z_stream *stream = &inflater->stream;
    bool at_end = false;
    out->len = 0;
    out->maximum = maximum + 1;
    if (len == 0)
        return OK; /* Some send the empty message so, and not as the one byte 00 (7.2.3.6). */
    if (inflateReset(stream) != Z_OK)
        return ERR_INVALID;
    int error = inflate_part(stream, data, len, maximum, out, &at_end);
    if (error != OK || at_end)
        return error;
    size_t made = out->len;
    error = inflate_part(stream, tail, sizeof tail, maximum, out, &at_end);
    /* It is an empty block, or else the payload ended inside of one. */
    bool is_complete = out->len == made && (stream->data_type & BETWEEN_BLOCKS) != 0;
    return error == OK && !is_complete ? ERR_INVALID : error;
}
