#include "ws/deflater.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define BIT_RSV1 0x40 /* of a frame's first byte: the message is compressed (6.1) */
#define TAIL_LEN 4u   /* 00 00 FF FF at the end of what a flush makes, which is not sent (7.2.1) */

struct deflater {
    z_stream stream;
    int level;
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

int deflater_create(enum deflate_window window, int memory, struct deflater **out)
{
    int bits = window == DEFLATE_WINDOW_SMALL ? 9 : 15;
    struct deflater *deflater = calloc(1, sizeof *deflater);
    if (deflater == NULL)
        return ERR_NO_MEMORY;
    deflater->level = 1;
    deflater->stream.zalloc = allocate;
    deflater->stream.zfree = release;
    if (deflateInit2(&deflater->stream, deflater->level, Z_DEFLATED, -bits, memory,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        free(deflater);
        return ERR_NO_MEMORY;
    }
    *out = deflater;
    return OK;
}

void deflater_destroy(struct deflater *deflater)
{
    if (deflater == NULL)
        return;
    deflateEnd(&deflater->stream);
    free(deflater);
}

/* Makes it ready for a message of its own. */
static bool begin_message(struct deflater *deflater, int level)
{
    z_stream *stream = &deflater->stream;
    if (deflateReset(stream) != Z_OK)
        return false;
    if (level == deflater->level)
        return true;
    stream->avail_in = 0;
    stream->avail_out = 0;
    if (deflateParams(stream, level, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    deflater->level = level;
    return true;
}

/* Deflates into `size` bytes; returns how many were made, or 0: they are not enough. */
static size_t deflate_into(z_stream *stream, const uint8_t *data, size_t len, uint8_t *to,
                           size_t size)
{
    stream->next_in = (z_const Bytef *)(uintptr_t)data;
    stream->avail_in = (uInt)len;
    stream->next_out = to;
    stream->avail_out = (uInt)size;
    if (deflate(stream, Z_SYNC_FLUSH) != Z_OK || stream->avail_in > 0 || stream->avail_out == 0)
        return 0;
    return size - stream->avail_out;
}

int deflater_append(struct deflater *deflater, int level, enum opcode opcode, const uint8_t *data,
                    size_t len, struct buffer *out)
{
    uint8_t header[FRAME_HEADER_MAX];
    size_t before = out->len;
    uint8_t *to;
    int error = buffer_extend(out, FRAME_HEADER_MAX + len + TAIL_LEN, &to);
    if (error != OK)
        return error;
    size_t made = 0;
    if (begin_message(deflater, level))
        made = deflate_into(&deflater->stream, data, len, to + FRAME_HEADER_MAX, len + TAIL_LEN);
    out->len = before;
    if (made <= TAIL_LEN)
        return ERR_NOT_FOUND;
    made -= TAIL_LEN;
    size_t header_len = frame_encode_header(header, opcode, made);
    header[0] |= BIT_RSV1;
    memcpy(to, header, header_len);
    memmove(to + header_len, to + FRAME_HEADER_MAX, made);
    out->len = before + header_len + made;
    return OK;
}
