/*
 * Fuzzes the inflater: the first byte chooses the limit, the rest is the payload of a compressed
 * message. What comes of it is within the limit, the same each time, and survives being deflated
 * and inflated again.
 */
#include "ws/deflater.h"
#include "ws/inflater.h"

#include <stdlib.h>
#include <string.h>

static const size_t maxima[] = {0, 1, 100, 1000, 65535, 65536, 65537, 300000};

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* Step by step; each is bounded. */
static int inflate(struct inflater *inflater, const uint8_t *data, size_t len, size_t maximum,
                   struct buffer *out)
{
    bool is_done = false;
    int error = OK;
    out->len = 0;
    inflater_begin(inflater);
    for (size_t steps = 0; error == OK && !is_done; steps++) {
        size_t before = out->len;
        require(steps <= len + maximum / 65536 + 2);
        error = inflater_step(inflater, data, len, maximum, out, &is_done);
        require(out->len - before <= (size_t)2 * 65536); /* The last one takes the tail as well. */
    }
    return error;
}

/* Deflates with both windows. */
static void there_and_back(struct inflater *inflater, const struct buffer *message)
{
    struct buffer frames, again = {.data = NULL};
    buffer_init(&frames, SIZE_MAX);
    for (int window = DEFLATE_WINDOW_FULL; window < DEFLATE_WINDOW_COUNT; window++) {
        struct deflater *deflater;
        struct frame_view view;
        require(deflater_create((enum deflate_window)window, 4, &deflater) == OK);
        frames.len = 0;
        int error =
            deflater_append(deflater, 1, OPCODE_BINARY, message->data, message->len, &frames);
        require(error == OK || (error == ERR_NOT_FOUND && frames.len == 0));
        deflater_destroy(deflater);
        if (error != OK)
            continue;
        frame_view(frames.data, &view);
        require(view.size == frames.len && view.size - view.header_len < message->len);
        require(inflate(inflater, frames.data + view.header_len, view.size - view.header_len,
                        message->len, &again) == OK);
        require(again.len == message->len && memcmp(again.data, message->data, again.len) == 0);
    }
    buffer_release(&frames);
    buffer_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct inflater *inflater;
    struct buffer first = {.data = NULL}, second = {.data = NULL};
    if (size < 1)
        return 0;
    size_t maximum = maxima[data[0] & 7];
    require(inflater_create(&inflater) == OK);
    int error = inflate(inflater, data + 1, size - 1, maximum, &first);
    require(error == OK || error == ERR_LIMIT || error == ERR_INVALID);
    require(first.len <= maximum + (error == ERR_LIMIT));
    require(inflate(inflater, data + 1, size - 1, maximum, &second) == error);
    require(first.len == second.len &&
            (first.len == 0 || memcmp(first.data, second.data, first.len) == 0));
    if (error == OK && first.len > 0)
        there_and_back(inflater, &first);
    inflater_destroy(inflater);
    buffer_release(&first);
    buffer_release(&second);
    return 0;
}
