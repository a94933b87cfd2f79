#include "ws/inflater.h"

#include <stdbool.h>
#include <stdlib.h>
#include <zlib.h>

#define WINDOW_BITS 15 /* inflates what was deflated with any window */
#define STEP_OUT (64u * 1024)
#define STEP_IN (8u * 1024) /* Blocks that make nothing take time as well. */

/* Of z_stream.data_type after inflate(): it stands between two blocks. */
#define BETWEEN_BLOCKS 128

/* What the sender left out (7.2.1); it is read behind the payload. */
static const uint8_t tail[] = {0x00, 0x00, 0xFF, 0xFF};

struct inflater {
    z_stream stream;
    size_t used; /* bytes of the payload, or of the tail */
    size_t made; /* bytes that the payload has made, once it is used up */
    bool in_tail;
    bool at_end; /* the last bytes that were used end a final block */
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

void inflater_begin(struct inflater *inflater)
{
    (void)inflateReset(&inflater->stream); /* It fails for what is no stream, and nothing else. */
    inflater->used = 0;
    inflater->made = 0;
    inflater->in_tail = false;
    inflater->at_end = false;
}

/* Makes room for what one step makes: for one byte more than `maximum`, so that it is noticed. */
static int make_room(z_stream *stream, size_t maximum, struct buffer *out)
{
    size_t room = maximum + 1 - out->len;
    if (room > STEP_OUT)
        room = STEP_OUT;
    out->maximum = maximum + 1;
    if (buffer_extend(out, room, &stream->next_out) != OK)
        return ERR_NO_MEMORY;
    stream->avail_out = (uInt)room;
    return OK;
}

/* One step through `input`. Sets *is_through if nothing more comes of all of it. */
static int inflate_input(struct inflater *inflater, const uint8_t *input, size_t len,
                         size_t maximum, struct buffer *out, bool *is_through)
{
    z_stream *stream = &inflater->stream;
    size_t take = len - inflater->used < STEP_IN ? len - inflater->used : STEP_IN;
    if (make_room(stream, maximum, out) != OK)
        return ERR_NO_MEMORY;
    stream->next_in = (z_const Bytef *)(uintptr_t)(input + inflater->used);
    stream->avail_in = (uInt)take;
    int result = inflate(stream, Z_SYNC_FLUSH);
    out->len -= stream->avail_out;
    inflater->used += take - stream->avail_in;
    if (out->len > maximum)
        return ERR_LIMIT;
    /* What follows a final block is further blocks (7.2.3.5). */
    if (result == Z_STREAM_END && inflateReset(stream) != Z_OK)
        return ERR_INVALID;
    if (result == Z_MEM_ERROR)
        return ERR_NO_MEMORY;
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        return ERR_INVALID;
    inflater->at_end = result == Z_STREAM_END;
    *is_through = inflater->used == len && (inflater->at_end || stream->avail_out > 0);
    return OK;
}

/* The same with the tail. It is an empty block, or else the payload ended inside of one. */
static int inflate_tail(struct inflater *inflater, size_t maximum, struct buffer *out,
                        bool *is_through)
{
    int error = inflate_input(inflater, tail, sizeof tail, maximum, out, is_through);
    if (error != OK || !*is_through)
        return error;
    bool is_complete =
        out->len == inflater->made && (inflater->stream.data_type & BETWEEN_BLOCKS) != 0;
    return is_complete ? OK : ERR_INVALID;
}

int inflater_step(struct inflater *inflater, const uint8_t *data, size_t len, size_t maximum,
                  struct buffer *out, bool *is_done)
{
    bool is_through = false;
    *is_done = len == 0; /* Some send the empty message so, not as the byte 00 (7.2.3.6). */
    if (out->len > maximum)
        return ERR_LIMIT;
    if (!*is_done && !inflater->in_tail) {
        int error = inflate_input(inflater, data, len, maximum, out, &is_through);
        if (error != OK || !is_through)
            return error;
        *is_done = inflater->at_end;
        inflater->in_tail = true;
        inflater->used = 0;
        inflater->made = out->len;
    }
    return *is_done ? OK : inflate_tail(inflater, maximum, out, is_done);
}
