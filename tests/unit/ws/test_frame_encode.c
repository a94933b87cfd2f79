#include "unit.h"

#include "ws/frame.h"

#include <string.h>

static void encodes_minimal_lengths(void **state)
{
    uint8_t out[FRAME_HEADER_MAX];
    (void)state;
    assert_int_equal(frame_encode_header(out, OPCODE_TEXT, 0), 2);
    assert_int_equal(frame_encode_header(out, OPCODE_TEXT, 125), 2);
    assert_memory_equal(out, "\x81\x7D", 2);
    assert_int_equal(frame_encode_header(out, OPCODE_BINARY, 126), 4);
    assert_memory_equal(out, "\x82\x7E\x00\x7E", 4);
    assert_int_equal(frame_encode_header(out, OPCODE_BINARY, 65535), 4);
    assert_int_equal(frame_encode_header(out, OPCODE_BINARY, 65536), 10);
    assert_memory_equal(out, "\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00", 10);
}

static void cuts_a_close_reason_between_characters(void **state)
{
    uint8_t out[2 + FRAME_CONTROL_MAX];
    char reason[200];
    (void)state;
    memset(reason, 'x', sizeof reason);
    memcpy(reason + CLOSE_REASON_MAX - 1, "\xE2\x82\xAC", 3); /* would be cut in the middle */
    size_t len = frame_encode_close(out, 1000, reason, sizeof reason);
    assert_int_equal(len, 2 + 2 + CLOSE_REASON_MAX - 1);
    assert_int_equal(out[1], 2 + CLOSE_REASON_MAX - 1);
    assert_int_equal(frame_encode_close(out, CLOSE_NO_STATUS, NULL, 0), 2);
}

static void finds_the_frame_around_an_offset(void **state)
{
    uint8_t stream[512];
    size_t begin, end;
    size_t first = frame_encode_header(stream, OPCODE_TEXT, 5) + 5;
    size_t second = first + frame_encode_header(stream + first, OPCODE_TEXT, 200) + 200;
    (void)state;
    frame_around(stream, second, 0, &begin, &end);
    assert_int_equal(begin, 0);
    assert_int_equal(end, 0);
    frame_around(stream, second, 3, &begin, &end);
    assert_int_equal(begin, 0);
    assert_int_equal(end, first);
    frame_around(stream, second, first, &begin, &end);
    assert_int_equal(begin, first);
    assert_int_equal(end, first);
    frame_around(stream, second, second - 1, &begin, &end);
    assert_int_equal(begin, first);
    assert_int_equal(end, second);
    frame_around(stream, second, second, &begin, &end);
    assert_int_equal(begin, second);
    assert_int_equal(end, second);
}

/* The bytes of a response are no frames, whatever lengths they seem to name. */
static void finds_the_frame_behind_a_response(void **state)
{
    static const char response[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                   "Connection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n";
    uint8_t stream[1024];
    size_t begin, end;
    size_t head = sizeof response - 1;
    memcpy(stream, response, head);
    size_t first = head + frame_encode_header(stream + head, OPCODE_TEXT, 300) + 300;
    size_t second = first + frame_encode_header(stream + first, OPCODE_TEXT, 5) + 5;
    (void)state;
    for (size_t offset = 0; offset < head; offset++) {
        frame_around(stream, second, offset, &begin, &end);
        assert_int_equal(begin, 0);
        assert_int_equal(end, head);
    }
    frame_around(stream, second, head, &begin, &end);
    assert_int_equal(begin, head);
    assert_int_equal(end, head);
    for (size_t offset = head + 1; offset < first; offset++) {
        frame_around(stream, second, offset, &begin, &end);
        assert_int_equal(begin, head);
        assert_int_equal(end, first);
    }
    frame_around((const uint8_t *)"HTTP/1.1 101 x", 14, 7, &begin, &end);
    assert_int_equal(begin, 0);
    assert_int_equal(end, 14);
}

static void knows_the_length_of_the_first_frame_and_of_its_payload(void **state)
{
    static const size_t sizes[] = {0, 1, 125, 126, 65535, 65536};
    static uint8_t text[65536];
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct buffer stream;
        buffer_init(&stream, 1u << 20);
        assert_int_equal(frame_append(&stream, OPCODE_TEXT, text, sizes[i]), OK);
        size_t len = stream.len;
        assert_int_equal(frame_append(&stream, OPCODE_PING, NULL, 0), OK);
        assert_int_equal(frame_length(stream.data, stream.len), len);
        assert_int_equal(frame_payload_length(len), sizes[i]);
        assert_true(frame_is_message(stream.data));
        assert_false(frame_is_message(stream.data + len));
        assert_int_equal(frame_length(stream.data + len, 2), 2);
        buffer_release(&stream);
    }
}

static void a_response_is_no_message_and_one_piece(void **state)
{
    static const char stream[] = "HTTP/1.1 101 X\r\n\r\n\x81\x01x";
    (void)state;
    assert_int_equal(frame_length((const uint8_t *)stream, sizeof stream - 1), 18);
    assert_false(frame_is_message((const uint8_t *)stream));
    assert_int_equal(frame_length((const uint8_t *)"x", 1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodes_minimal_lengths),
        cmocka_unit_test(cuts_a_close_reason_between_characters),
        cmocka_unit_test(finds_the_frame_around_an_offset),
        cmocka_unit_test(finds_the_frame_behind_a_response),
        cmocka_unit_test(knows_the_length_of_the_first_frame_and_of_its_payload),
        cmocka_unit_test(a_response_is_no_message_and_one_piece),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
