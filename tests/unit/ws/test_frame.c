#include "unit.h"

#include "ws/frame.h"

#include <stdlib.h>
#include <string.h>

static const struct frame_limits any = {
    .message_max = 1 << 20, .fragments_max = 1000, .text = true, .binary = true};
static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};

/* -- frames as a client would send them -- */

/* Writes a masked frame; `first` is the first byte, FIN and opcode. Returns its length. */
static size_t client_frame(uint8_t *out, uint8_t first, const void *payload, size_t len)
{
    size_t at = 0;
    out[at++] = first;
    if (len < 126) {
        out[at++] = (uint8_t)(0x80 | len);
    } else if (len <= 65535) {
        out[at++] = 0x80 | 126;
        out[at++] = (uint8_t)(len >> 8);
        out[at++] = (uint8_t)len;
    } else {
        out[at++] = 0x80 | 127;
        for (int i = 7; i >= 0; i--)
            out[at++] = (uint8_t)((uint64_t)len >> (8 * i));
    }
    memcpy(out + at, mask, 4);
    at += 4;
    for (size_t i = 0; i < len; i++)
        out[at + i] = (uint8_t)(((const uint8_t *)payload)[i] ^ mask[i % 4]);
    return at + len;
}

/* What a whole input came to. */
struct outcome {
    uint8_t payload[70000];
    size_t payload_len;
    unsigned messages;
    unsigned pings;
    unsigned pongs;
    enum opcode last_type;
    enum frame_event_type end; /* FRAME_NEED_MORE, FRAME_CLOSE or FRAME_ERROR */
    uint16_t close_code;
    const char *error;
};

static void take_data(struct outcome *outcome, const struct frame_event *event)
{
    assert_true(outcome->payload_len + event->len <= sizeof outcome->payload);
    memcpy(outcome->payload + outcome->payload_len, event->data, event->len);
    outcome->payload_len += event->len;
    outcome->last_type = event->message_type;
    outcome->messages += event->message_end;
}

/* Decodes what there is; keeps the unconsumed rest in front. Returns false at the end. */
static bool decode_some(struct frame_decoder *decoder, const struct frame_limits *limits,
                        uint8_t *input, size_t *len, struct outcome *outcome)
{
    size_t used = 0;
    struct frame_event event;
    for (;;) {
        used += frame_decode(decoder, limits, input + used, *len - used, &event);
        outcome->end = event.type;
        outcome->close_code = event.close_code;
        outcome->error = event.error;
        if (event.type == FRAME_DATA)
            take_data(outcome, &event);
        outcome->pings += event.type == FRAME_PING;
        outcome->pongs += event.type == FRAME_PONG;
        if (event.type == FRAME_CLOSE || event.type == FRAME_ERROR)
            return false;
        if (event.type == FRAME_NEED_MORE)
            break;
    }
    memmove(input, input + used, *len - used);
    *len -= used;
    return true;
}

/* Decodes `input` in pieces of `step` bytes. */
static void decode_in_steps(const uint8_t *input, size_t len, size_t step,
                            const struct frame_limits *limits, struct outcome *outcome)
{
    struct frame_decoder decoder;
    uint8_t *waiting = malloc(len + 1); /* exactly as large, for the sanitizer */
    size_t waiting_len = 0;

    memset(outcome, 0, sizeof *outcome);
    frame_decoder_init(&decoder);
    for (size_t at = 0; at < len; at += step) {
        size_t take = len - at < step ? len - at : step;
        memcpy(waiting + waiting_len, input + at, take);
        waiting_len += take;
        if (!decode_some(&decoder, limits, waiting, &waiting_len, outcome))
            break;
        assert_true(waiting_len <= FRAME_UNCONSUMED_MAX);
    }
    free(waiting);
}

static void decode(const uint8_t *input, size_t len, struct outcome *outcome)
{
    decode_in_steps(input, len, len, &any, outcome);
}

static void assert_refused(const uint8_t *input, size_t len, uint16_t code)
{
    static struct outcome outcome;
    for (size_t step = 1; step <= len; step += len > 64 ? 61 : 1) {
        decode_in_steps(input, len, step, &any, &outcome);
        assert_int_equal(outcome.end, FRAME_ERROR);
        assert_int_equal(outcome.close_code, code);
        assert_non_null(outcome.error);
    }
}

/* -- tests -- */

static void decodes_payloads_at_every_length_boundary(void **state)
{
    static const size_t lengths[] = {0, 1, 125, 126, 127, 65535, 65536};
    static uint8_t payload[65536];
    static uint8_t input[65536 + 14];
    static struct outcome outcome;
    (void)state;
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        static const size_t steps[] = {1, 7, 1000, 70000};
        size_t len = client_frame(input, 0x82, payload, lengths[i]);
        for (size_t j = 0; j < sizeof steps / sizeof *steps; j++) {
            decode_in_steps(input, len, steps[j], &any, &outcome);
            assert_int_equal(outcome.end, FRAME_NEED_MORE);
            assert_int_equal(outcome.messages, 1);
            assert_int_equal(outcome.last_type, OPCODE_BINARY);
            assert_int_equal(outcome.payload_len, lengths[i]);
            assert_memory_equal(outcome.payload, payload, lengths[i]);
        }
    }
}

static void assembles_fragments_around_control_frames(void **state)
{
    uint8_t input[128];
    static struct outcome outcome;
    size_t len = client_frame(input, 0x01, "Hel", 3);
    (void)state;
    len += client_frame(input + len, 0x89, "ping", 4);
    len += client_frame(input + len, 0x00, "lo", 2);
    len += client_frame(input + len, 0x8A, "", 0);
    len += client_frame(input + len, 0x80, "!", 1);
    for (size_t step = 1; step <= len; step++) {
        decode_in_steps(input, len, step, &any, &outcome);
        assert_int_equal(outcome.end, FRAME_NEED_MORE);
        assert_int_equal(outcome.messages, 1);
        assert_int_equal(outcome.pings, 1);
        assert_int_equal(outcome.pongs, 1);
        assert_int_equal(outcome.last_type, OPCODE_TEXT);
        assert_int_equal(outcome.payload_len, 6);
        assert_memory_equal(outcome.payload, "Hello!", 6);
    }
}

static void reads_a_close_frame_with_code_and_reason(void **state)
{
    uint8_t input[64];
    static struct outcome outcome;
    size_t len = client_frame(input, 0x88,
                              "\x03\xE8"
                              "bye",
                              5);
    (void)state;
    decode(input, len, &outcome);
    assert_int_equal(outcome.end, FRAME_CLOSE);
    assert_int_equal(outcome.close_code, 1000);
    len = client_frame(input, 0x88, "", 0);
    decode(input, len, &outcome);
    assert_int_equal(outcome.end, FRAME_CLOSE);
    assert_int_equal(outcome.close_code, CLOSE_NO_STATUS);
}

static void rejects_malformed_headers(void **state)
{
    static const struct {
        uint8_t bytes[14];
        size_t len;
    } headers[] = {
        {{0x81, 0x05, 'H', 'e', 'l', 'l', 'o'}, 7},          /* not masked */
        {{0xC1, 0x80}, 2},                                   /* RSV1 */
        {{0xA1, 0x80}, 2},                                   /* RSV2 */
        {{0x91, 0x80}, 2},                                   /* RSV3 */
        {{0x83, 0x80}, 2},                                   /* reserved data opcode */
        {{0x87, 0x80}, 2},                                   /* reserved data opcode */
        {{0x8B, 0x80}, 2},                                   /* reserved control opcode */
        {{0x8F, 0x80}, 2},                                   /* reserved control opcode */
        {{0x09, 0x80}, 2},                                   /* fragmented ping */
        {{0x08, 0x80}, 2},                                   /* fragmented close */
        {{0x89, 0xFE}, 2},                                   /* ping longer than 125 */
        {{0x80, 0x80}, 2},                                   /* continuation of nothing */
        {{0x82, 0xFE, 0x00, 0x7D}, 4},                       /* 125 in 16 bits */
        {{0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}, 10},    /* 65535 in 64 bits */
        {{0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0xFF, 0xFF}, 10}, /* the top bit */
    };
    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        assert_refused(headers[i].bytes, headers[i].len, CLOSE_PROTOCOL_ERROR);
}

static void rejects_a_new_message_inside_a_fragmented_one(void **state)
{
    uint8_t input[32];
    size_t len = client_frame(input, 0x01, "a", 1);
    (void)state;
    len += client_frame(input + len, 0x81, "b", 1);
    assert_refused(input, len, CLOSE_PROTOCOL_ERROR);
}

static void rejects_bad_close_frames(void **state)
{
    static const uint16_t codes[] = {0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535};
    uint8_t input[64];
    uint8_t payload[8];
    (void)state;
    assert_refused(input, client_frame(input, 0x88, "x", 1), CLOSE_PROTOCOL_ERROR);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        payload[0] = (uint8_t)(codes[i] >> 8);
        payload[1] = (uint8_t)codes[i];
        assert_refused(input, client_frame(input, 0x88, payload, 2), CLOSE_PROTOCOL_ERROR);
    }
    assert_refused(input, client_frame(input, 0x88, "\x03\xE8\xC0\x80", 4), CLOSE_BAD_DATA);
}

static void accepts_every_code_that_may_be_sent(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 70000; code++) {
        bool valid = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                     (code >= 3000 && code <= 4999);
        assert_int_equal(close_code_is_valid(code), valid);
    }
}

static void a_server_s_application_sends_no_code_of_clients_and_of_the_protocol(void **state)
{
    (void)state;
    for (int code = -1; code < 70000; code++) {
        bool may_be_sent = code == 1000 || code == 1001 || code == 1003 ||
                           (code >= 1007 && code <= 1009) || (code >= 1011 && code <= 1013) ||
                           (code >= 3000 && code <= 4999);
        assert_int_equal(close_code_may_be_sent(code), may_be_sent);
    }
}

static void fails_fast_on_bad_text_before_the_fragment_ends(void **state)
{
    uint8_t input[64];
    struct frame_decoder decoder = {0};
    struct frame_event event;
    size_t len = client_frame(input, 0x81, "ab\xC0zzzzzzzzzzzzz", 16);
    (void)state;
    frame_decode(&decoder, &any, input, len - 10, &event); /* the bad byte is in these */
    assert_int_equal(event.type, FRAME_ERROR);
    assert_int_equal(event.close_code, CLOSE_BAD_DATA);
}

static void rejects_text_that_ends_inside_a_character(void **state)
{
    uint8_t input[64];
    size_t len = client_frame(input, 0x81, "\xE2\x82", 2);
    (void)state;
    assert_refused(input, len, CLOSE_BAD_DATA);
    len = client_frame(input, 0x01, "\xE2", 1);
    len += client_frame(input + len, 0x80, "\x82", 1);
    assert_refused(input, len, CLOSE_BAD_DATA);
}

static void accepts_a_character_split_between_fragments(void **state)
{
    uint8_t input[64];
    static struct outcome outcome;
    size_t len = client_frame(input, 0x01, "\xE2", 1);
    (void)state;
    len += client_frame(input + len, 0x80, "\x82\xAC", 2);
    decode(input, len, &outcome);
    assert_int_equal(outcome.messages, 1);
}

static void refuses_too_much_on_the_header_alone(void **state)
{
    static const uint8_t two_gigabytes[] = {0x82, 0xFF, 0, 0, 0, 0, 0x80, 0, 0, 0};
    struct frame_decoder decoder = {0};
    struct frame_event event;
    uint8_t input[sizeof two_gigabytes];
    (void)state;
    memcpy(input, two_gigabytes, sizeof input);
    frame_decode(&decoder, &any, input, sizeof input, &event); /* not even the mask has come */
    assert_int_equal(event.type, FRAME_ERROR);
    assert_int_equal(event.close_code, CLOSE_TOO_BIG);
}

static void counts_all_fragments_towards_the_limit(void **state)
{
    const struct frame_limits ten = {
        .message_max = 10, .fragments_max = 10, .text = true, .binary = true};
    uint8_t input[64];
    static struct outcome outcome;
    size_t len = client_frame(input, 0x01, "123456", 6);
    (void)state;
    size_t fits = len + client_frame(input + len, 0x80, "7890", 4);
    decode_in_steps(input, fits, fits, &ten, &outcome);
    assert_int_equal(outcome.messages, 1);
    size_t too_much = len + client_frame(input + len, 0x80, "78901", 5);
    decode_in_steps(input, too_much, 1, &ten, &outcome);
    assert_int_equal(outcome.end, FRAME_ERROR);
    assert_int_equal(outcome.close_code, CLOSE_TOO_BIG);
}

static void limits_the_fragments_of_each_message(void **state)
{
    const struct frame_limits three = {
        .message_max = 10, .fragments_max = 3, .text = true, .binary = true};
    uint8_t input[128];
    static struct outcome outcome;
    (void)state;
    size_t open = client_frame(input, 0x01, "", 0);
    open += client_frame(input + open, 0x00, "", 0);
    open += client_frame(input + open, 0x89, "", 0); /* A ping is no fragment. */
    size_t fits = open + client_frame(input + open, 0x80, "a", 1);
    fits += client_frame(input + fits, 0x82, "b", 1); /* Each message counts anew. */
    decode_in_steps(input, fits, 1, &three, &outcome);
    assert_int_equal(outcome.messages, 2);
    size_t too_many = open + client_frame(input + open, 0x00, "", 0);
    too_many += client_frame(input + too_many, 0x80, "", 0);
    decode_in_steps(input, too_many, 1, &three, &outcome);
    assert_int_equal(outcome.end, FRAME_ERROR);
    assert_int_equal(outcome.close_code, CLOSE_POLICY);
}

/* A reload may lower the limit below what has been announced already. */
static void a_limit_that_is_lowered_ends_the_message(void **state)
{
    const struct frame_limits less = {
        .message_max = 4, .fragments_max = 10, .text = true, .binary = true};
    struct frame_decoder decoder = {0};
    struct frame_event event;
    uint8_t input[64];
    size_t len = client_frame(input, 0x01, "123456", 6);
    (void)state;
    frame_decode(&decoder, &any, input, len, &event);
    assert_true(frame_decoder_is_in_message(&decoder));
    len = client_frame(input, 0x80, "7", 1);
    frame_decode(&decoder, &less, input, len, &event);
    assert_int_equal(event.type, FRAME_ERROR);
    assert_int_equal(event.close_code, CLOSE_TOO_BIG);
}

static void refuses_types_that_the_endpoint_does_not_take(void **state)
{
    const struct frame_limits only_text = {.message_max = 10, .fragments_max = 1, .text = true};
    const struct frame_limits only_binary = {.message_max = 10, .fragments_max = 1, .binary = true};
    uint8_t input[32];
    static struct outcome outcome;
    size_t len = client_frame(input, 0x82, "x", 1);
    (void)state;
    decode_in_steps(input, len, len, &only_text, &outcome);
    assert_int_equal(outcome.close_code, CLOSE_UNSUPPORTED_TYPE);
    len = client_frame(input, 0x81, "x", 1);
    decode_in_steps(input, len, len, &only_binary, &outcome);
    assert_int_equal(outcome.close_code, CLOSE_UNSUPPORTED_TYPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_payloads_at_every_length_boundary),
        cmocka_unit_test(assembles_fragments_around_control_frames),
        cmocka_unit_test(reads_a_close_frame_with_code_and_reason),
        cmocka_unit_test(rejects_malformed_headers),
        cmocka_unit_test(rejects_a_new_message_inside_a_fragmented_one),
        cmocka_unit_test(rejects_bad_close_frames),
        cmocka_unit_test(accepts_every_code_that_may_be_sent),
        cmocka_unit_test(a_server_s_application_sends_no_code_of_clients_and_of_the_protocol),
        cmocka_unit_test(fails_fast_on_bad_text_before_the_fragment_ends),
        cmocka_unit_test(rejects_text_that_ends_inside_a_character),
        cmocka_unit_test(accepts_a_character_split_between_fragments),
        cmocka_unit_test(refuses_too_much_on_the_header_alone),
        cmocka_unit_test(counts_all_fragments_towards_the_limit),
        cmocka_unit_test(limits_the_fragments_of_each_message),
        cmocka_unit_test(a_limit_that_is_lowered_ends_the_message),
        cmocka_unit_test(refuses_types_that_the_endpoint_does_not_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
