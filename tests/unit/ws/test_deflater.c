#include "unit.h"

#include "ws/deflater.h"
#include "ws/inflate_message.h"

#include "failing_memory.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static struct buffer frames;
static struct buffer inflated;

static int open_buffers(void **state)
{
    (void)state;
    buffer_init(&frames, SIZE_MAX);
    return inflater_create(&inflater);
}

static int close_buffers(void **state)
{
    (void)state;
    inflater_destroy(inflater);
    buffer_release(&frames);
    buffer_release(&inflated);
    return 0;
}

static void fill_text(uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        data[i] =
            (uint8_t)("{\"price\": 123.45, \"name\": \"x\"}, "[i % 33] + (i / 33 % 7 == i % 33));
}

static void fill_noise(uint8_t *data, size_t len)
{
    uint32_t random = 7;
    for (size_t i = 0; i < len; i++) {
        random = random * 1103515245 + 12345;
        data[i] = (uint8_t)(random >> 23);
    }
}

/* The frame that begins at `at` holds this message, compressed. */
static void expect_frame(size_t at, enum opcode opcode, const uint8_t *data, size_t len)
{
    struct frame_view view;
    frame_view(frames.data + at, &view);
    assert_int_equal(frames.data[at] & 0xF0, 0xC0); /* FIN and RSV1 */
    assert_int_equal(view.opcode, opcode);
    assert_int_equal(at + view.size, frames.len);
    assert_true(view.size - view.header_len < len);
    assert_int_equal(inflate_message(inflater, frames.data + at + view.header_len,
                                     view.size - view.header_len, len, &inflated),
                     OK);
    assert_int_equal(inflated.len, len);
    assert_memory_equal(inflated.data, data, len);
}

static void frames_hold_what_was_put_into_them(void **state)
{
    static const size_t sizes[] = {40, 125, 126, 256, 1024, 65535, 65536, 200000};
    static uint8_t data[200000];
    (void)state;
    fill_text(data, sizeof data);
    for (int memory = 1; memory <= DEFLATER_MEMORY_MAX; memory += 4) {
        struct deflater *deflater;
        assert_int_equal(deflater_create(DEFLATE_WINDOW_FULL, memory, &deflater), OK);
        frames.len = 0;
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            size_t at = frames.len;
            enum opcode opcode = i % 2 == 0 ? OPCODE_TEXT : OPCODE_BINARY;
            assert_int_equal(
                deflater_append(deflater, 1 + (int)i % 9, opcode, data, sizes[i], &frames), OK);
            expect_frame(at, opcode, data, sizes[i]);
        }
        deflater_destroy(deflater);
    }
}

static void what_does_not_shrink_is_not_appended(void **state)
{
    static uint8_t noise[70000];
    struct deflater *deflater;
    (void)state;
    fill_noise(noise, sizeof noise);
    frames.len = 0;
    assert_int_equal(deflater_create(DEFLATE_WINDOW_FULL, 6, &deflater), OK);
    for (size_t len = 0; len < sizeof noise; len = len * 3 + 1) {
        assert_int_equal(deflater_append(deflater, 1, OPCODE_BINARY, noise, len, &frames),
                         ERR_NOT_FOUND);
        assert_int_equal(frames.len, 0);
    }
    /* And the next one is not disturbed by that. */
    fill_text(noise, 1000);
    assert_int_equal(deflater_append(deflater, 1, OPCODE_TEXT, noise, 1000, &frames), OK);
    expect_frame(0, OPCODE_TEXT, noise, 1000);
    deflater_destroy(deflater);
}

static void equal_messages_make_equal_frames(void **state)
{
    static uint8_t data[1000];
    struct deflater *deflater;
    (void)state;
    fill_text(data, sizeof data);
    frames.len = 0;
    assert_int_equal(deflater_create(DEFLATE_WINDOW_FULL, 6, &deflater), OK);
    assert_int_equal(deflater_append(deflater, 1, OPCODE_TEXT, data, sizeof data, &frames), OK);
    size_t first = frames.len;
    assert_int_equal(deflater_append(deflater, 9, OPCODE_TEXT, data, sizeof data, &frames), OK);
    size_t second = frames.len;
    assert_int_equal(deflater_append(deflater, 1, OPCODE_TEXT, data, sizeof data, &frames), OK);
    assert_int_equal(frames.len - second, first);
    assert_memory_equal(frames.data + second, frames.data, first);
    deflater_destroy(deflater);
}

/* A client with a window of 2^9 bytes can read it. */
static void the_small_window_is_kept_to(void **state)
{
    static uint8_t data[20000], out[20001];
    struct deflater *deflater;
    struct frame_view view;
    (void)state;
    fill_text(data, sizeof data);
    fill_noise(data + 5000, 5000);
    memcpy(data + 15000, data + 5000, 5000); /* far back */
    frames.len = 0;
    assert_int_equal(deflater_create(DEFLATE_WINDOW_SMALL, 4, &deflater), OK);
    assert_int_equal(deflater_append(deflater, 6, OPCODE_BINARY, data, sizeof data, &frames), OK);
    frame_view(frames.data, &view);
    z_stream stream = {.next_in = frames.data + view.header_len,
                       .avail_in = (uInt)(view.size - view.header_len)};
    assert_int_equal(inflateInit2(&stream, -9), Z_OK);
    for (size_t at = 0; at < sizeof data; at += 100) { /* in pieces, so that the window is needed */
        stream.next_out = out + at;
        stream.avail_out = 100;
        assert_int_equal(inflate(&stream, Z_SYNC_FLUSH), Z_OK);
        assert_int_equal(stream.avail_out, 0);
    }
    assert_memory_equal(out, data, sizeof data);
    inflateEnd(&stream);
    deflater_destroy(deflater);
}

static int create_and_deflate(void *context)
{
    static const uint8_t data[400];
    struct deflater *made;
    struct buffer out;
    (void)context;
    buffer_init(&out, SIZE_MAX);
    int error = deflater_create(DEFLATE_WINDOW_FULL, 6, &made);
    if (error != OK)
        return error;
    error = deflater_append(made, 1, OPCODE_TEXT, data, sizeof data, &out);
    deflater_destroy(made);
    buffer_release(&out);
    return error;
}

static void survives_failing_allocations(void **state)
{
    (void)state;
    assert_true(survive_failing_allocations(create_and_deflate, NULL) >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_hold_what_was_put_into_them),
        cmocka_unit_test(what_does_not_shrink_is_not_appended),
        cmocka_unit_test(equal_messages_make_equal_frames),
        cmocka_unit_test(the_small_window_is_kept_to),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, open_buffers, close_buffers);
}
