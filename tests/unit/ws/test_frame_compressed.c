#include "unit.h"

#include "ws/frame.h"

#include <string.h>

#define FIN 0x80u
#define RSV1 0x40u

static const struct frame_limits any = {
    .message_max = 1000, .fragments_max = 100, .text = true, .binary = true};

/* A masked frame of up to 125 bytes; the mask is 0. */
static size_t client_frame(uint8_t *out, unsigned first, const void *payload, size_t len)
{
    out[0] = (uint8_t)first;
    out[1] = (uint8_t)(0x80 | len);
    memset(out + 2, 0, 4);
    memcpy(out + 6, payload, len);
    return 6 + len;
}

/* Decodes whole frames, of a client that has agreed on compression if `may_compress`. Returns the
 * last event. */
static struct frame_event decode(bool may_compress, uint8_t *input, size_t len)
{
    struct frame_decoder decoder;
    struct frame_event event = {.type = FRAME_NEED_MORE};
    size_t used = 0;
    frame_decoder_init(&decoder);
    decoder.may_compress = may_compress;
    while (used < len) {
        used += frame_decode(&decoder, &any, input + used, len - used, &event);
        if (event.type != FRAME_DATA && event.type != FRAME_PING)
            break;
    }
    return event;
}

static void expect_protocol_error(bool may_compress, uint8_t *input, size_t len)
{
    struct frame_event event = decode(may_compress, input, len);
    assert_int_equal(event.type, FRAME_ERROR);
    assert_int_equal(event.close_code, CLOSE_PROTOCOL_ERROR);
}

static void a_compressed_message_is_handed_out_as_it_came(void **state)
{
    uint8_t input[256];
    (void)state;
    size_t len = client_frame(input, FIN | RSV1 | OPCODE_TEXT, "\xff\xfe", 2); /* no UTF-8 */
    struct frame_event event = decode(true, input, len);
    assert_int_equal(event.type, FRAME_DATA);
    assert_true(event.is_compressed);
    assert_true(event.message_end);
    assert_int_equal(event.message_type, OPCODE_TEXT);
    assert_memory_equal(event.data, "\xff\xfe", 2);
}

static void whether_a_message_is_compressed_is_said_by_its_first_frame(void **state)
{
    uint8_t input[256];
    (void)state;
    size_t len = client_frame(input, RSV1 | OPCODE_TEXT, "\xff", 1);
    len += client_frame(input + len, FIN | OPCODE_PING, "", 0);
    len += client_frame(input + len, FIN | OPCODE_CONTINUATION, "\xff", 1);
    struct frame_event event = decode(true, input, len);
    assert_int_equal(event.type, FRAME_DATA);
    assert_true(event.is_compressed);
    assert_true(event.message_end);
    len += client_frame(input + len, FIN | OPCODE_TEXT, "plain", 5);
    event = decode(true, input, len);
    assert_int_equal(event.type, FRAME_DATA);
    assert_false(event.is_compressed);
    len += client_frame(input + len, FIN | OPCODE_TEXT, "\xff", 1);
    event = decode(true, input, len);
    assert_int_equal(event.close_code, CLOSE_BAD_DATA);
}

static void rsv1_is_refused_where_it_has_no_meaning(void **state)
{
    static const unsigned control[] = {OPCODE_CLOSE, OPCODE_PING, OPCODE_PONG};
    uint8_t input[256];
    (void)state;
    for (size_t i = 0; i < 3; i++)
        expect_protocol_error(true, input, client_frame(input, FIN | RSV1 | control[i], "", 0));
    /* A continuation, of a compressed message and of a plain one. */
    size_t len = client_frame(input, RSV1 | OPCODE_TEXT, "a", 1);
    len += client_frame(input + len, FIN | RSV1 | OPCODE_CONTINUATION, "a", 1);
    expect_protocol_error(true, input, len);
    len = client_frame(input, OPCODE_TEXT, "a", 1);
    len += client_frame(input + len, FIN | RSV1 | OPCODE_CONTINUATION, "a", 1);
    expect_protocol_error(true, input, len);
    expect_protocol_error(true, input, client_frame(input, FIN | RSV1 | 3, "", 0));
}

static void rsv1_is_refused_where_it_was_not_agreed_on(void **state)
{
    uint8_t input[256];
    (void)state;
    expect_protocol_error(false, input, client_frame(input, FIN | RSV1 | OPCODE_TEXT, "a", 1));
    expect_protocol_error(false, input, client_frame(input, RSV1 | OPCODE_BINARY, "a", 1));
}

static void the_other_reserved_bits_are_always_refused(void **state)
{
    uint8_t input[256];
    (void)state;
    for (unsigned bits = 0x10; bits <= 0x70; bits += 0x10) {
        if (bits != RSV1)
            expect_protocol_error(true, input,
                                  client_frame(input, FIN | bits | OPCODE_TEXT, "", 0));
    }
}

/* What cannot be compressed becomes a little longer; much longer it is not. */
static void a_compressed_message_may_be_a_little_longer_than_the_limit(void **state)
{
    uint8_t header[14] = {FIN | RSV1 | OPCODE_BINARY, 0x80 | 126};
    uint64_t max = frame_compressed_max(any.message_max);
    (void)state;
    assert_true(max > any.message_max + 5 && max < 2 * any.message_max);
    for (unsigned over = 0; over < 2; over++) {
        header[2] = (uint8_t)((max + over) >> 8);
        header[3] = (uint8_t)(max + over);
        struct frame_event event = decode(true, header, 8);
        assert_int_equal(event.type, over == 0 ? FRAME_NEED_MORE : FRAME_ERROR);
        if (over != 0)
            assert_int_equal(event.close_code, CLOSE_TOO_BIG);
    }
    header[0] = FIN | OPCODE_BINARY;
    header[2] = (uint8_t)((any.message_max + 1) >> 8);
    header[3] = (uint8_t)(any.message_max + 1);
    assert_int_equal(decode(true, header, 8).close_code, CLOSE_TOO_BIG);
}

static void a_frame_is_viewed_as_it_was_encoded(void **state)
{
    static const size_t sizes[] = {0, 125, 126, 65535, 65536};
    static const char payload[65536];
    struct buffer buffer;
    struct frame_view view;
    (void)state;
    buffer_init(&buffer, SIZE_MAX);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t at = buffer.len;
        assert_int_equal(frame_append(&buffer, OPCODE_BINARY, payload, sizes[i]), OK);
        frame_view(buffer.data + at, &view);
        assert_int_equal(view.opcode, OPCODE_BINARY);
        assert_int_equal(view.size, buffer.len - at);
        assert_int_equal(view.size - view.header_len, sizes[i]);
    }
    buffer_release(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_compressed_message_is_handed_out_as_it_came),
        cmocka_unit_test(whether_a_message_is_compressed_is_said_by_its_first_frame),
        cmocka_unit_test(rsv1_is_refused_where_it_has_no_meaning),
        cmocka_unit_test(rsv1_is_refused_where_it_was_not_agreed_on),
        cmocka_unit_test(the_other_reserved_bits_are_always_refused),
        cmocka_unit_test(a_compressed_message_may_be_a_little_longer_than_the_limit),
        cmocka_unit_test(a_frame_is_viewed_as_it_was_encoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
