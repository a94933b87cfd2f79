#include "unit.h"

#include "connect/conversation.h"
#include "ws/handshake.h"
#include "ws/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX 70000u

static const struct client_request asked = {.host = "localhost", .target = "/ws"};

/* What a conversation has handed out. */
struct talk {
    struct conversation conversation;
    uint8_t last[MESSAGE_MAX];
    size_t last_len;
    enum opcode last_type;
    unsigned messages;
};

static void take_message(void *context, enum opcode type, const uint8_t *data, size_t len)
{
    struct talk *talk = context;
    talk->messages++;
    talk->last_type = type;
    talk->last_len = len;
    if (len > 0)
        memcpy(talk->last, data, len);
}

static struct talk *talk_begin(void)
{
    struct talk *talk = calloc(1, sizeof *talk);
    const uint8_t *data;
    assert_non_null(talk);
    assert_int_equal(conversation_init(&talk->conversation, &asked, MESSAGE_MAX), OK);
    talk->conversation.on_message = take_message;
    talk->conversation.context = talk;
    conversation_sent(&talk->conversation, conversation_output(&talk->conversation, &data));
    return talk;
}

static void talk_end(struct talk *talk)
{
    conversation_deinit(&talk->conversation);
    free(talk);
}

/* Exactly as large as what is received, for the sanitizer, and in steps. */
static void receive(struct talk *talk, const void *bytes, size_t len, size_t step)
{
    for (size_t at = 0; at < len; at += step) {
        size_t take = len - at < step ? len - at : step;
        uint8_t *piece = malloc(take);
        assert_non_null(piece);
        memcpy(piece, (const uint8_t *)bytes + at, take);
        conversation_receive(&talk->conversation, piece, take);
        free(piece);
    }
}

static size_t write_answer(const struct talk *talk, char *out, size_t size)
{
    const struct request_field field = {{"Sec-WebSocket-Key", 17},
                                        {talk->conversation.request.key, CLIENT_KEY_MAX - 1}};
    const struct request request = {.headers = &field, .header_count = 1};
    return handshake_response(&request, NULL, NULL, out, size);
}

static struct talk *talk_open(void)
{
    struct talk *talk = talk_begin();
    char answer[512];
    receive(talk, answer, write_answer(talk, answer, sizeof answer), 7);
    assert_int_equal(talk->conversation.state, CONVERSATION_OPEN);
    return talk;
}

#define RECEIVE(talk, text) receive(talk, text, sizeof text - 1, sizeof text - 1)

/* Takes what is to be sent, as the server's decoder sees it. Returns the first event. */
static struct frame_event sent_event(struct talk *talk)
{
    static const struct frame_limits limits = {
        .message_max = MESSAGE_MAX, .fragments_max = 1, .text = true};
    static uint8_t frame[MESSAGE_MAX];
    struct frame_decoder decoder = {0};
    struct frame_event event;
    const uint8_t *data;
    size_t len = conversation_output(&talk->conversation, &data);
    assert_in_range(len, 1, sizeof frame);
    memcpy(frame, data, len);
    size_t used = frame_decode(&decoder, &limits, frame, len, &event);
    conversation_sent(&talk->conversation, used);
    return event;
}

static void assert_last(const struct talk *talk, unsigned messages, const char *text)
{
    assert_int_equal(talk->messages, messages);
    assert_int_equal(talk->last_len, strlen(text));
    assert_memory_equal(talk->last, text, strlen(text));
}

static void messages_come_whole_in_steps_of_any_size(void **state)
{
    static const char frames[] = "\x81\x03one\x01\x01t\x89\x02hi\x80\x02wo\x82\x05three";
    (void)state;
    for (size_t step = 1; step < sizeof frames; step++) {
        struct talk *talk = talk_open();
        receive(talk, frames, sizeof frames - 1, step);
        assert_last(talk, 3, "three");
        assert_int_equal(talk->last_type, OPCODE_BINARY);
        struct frame_event pong = sent_event(talk);
        assert_int_equal(pong.type, FRAME_PONG);
        assert_int_equal(pong.len, 2);
        talk_end(talk);
    }
}

static void frames_may_come_with_the_answer(void **state)
{
    struct talk *talk = talk_begin();
    char bytes[512];
    (void)state;
    size_t len = write_answer(talk, bytes, sizeof bytes);
    memcpy(bytes + len, "\x81\x02hi\x88\x02\x03\xe8", 8);
    receive(talk, bytes, len + 8, len + 8);
    assert_last(talk, 1, "hi");
    assert_int_equal(talk->conversation.outcome, OUTCOME_CLOSED);
    assert_int_equal(talk->conversation.code, 1000);
    talk_end(talk);
}

static void a_message_is_sent_masked(void **state)
{
    struct talk *talk = talk_open();
    (void)state;
    assert_int_equal(conversation_send(&talk->conversation, "hello", 5), OK);
    struct frame_event event = sent_event(talk);
    assert_int_equal(event.type, FRAME_DATA);
    assert_int_equal(event.len, 5);
    assert_memory_equal(event.data, "hello", 5);
    talk_end(talk);
}

static void the_servers_close_is_answered(void **state)
{
    struct talk *talk = talk_open();
    (void)state;
    RECEIVE(talk, "\x88\x05\x03\xf4no!\x81\x01x");
    assert_int_equal(talk->conversation.outcome, OUTCOME_CLOSED);
    assert_int_equal(talk->conversation.code, 1012);
    assert_string_equal(talk->conversation.reason, "no!");
    assert_int_equal(talk->messages, 0);
    struct frame_event event = sent_event(talk);
    assert_int_equal(event.type, FRAME_CLOSE);
    assert_int_equal(event.close_code, 1012);
    talk_end(talk);
}

static void what_comes_until_the_close_is_answered_is_taken(void **state)
{
    struct talk *talk = talk_open();
    (void)state;
    conversation_close(&talk->conversation);
    conversation_close(&talk->conversation);
    assert_int_equal(talk->conversation.state, CONVERSATION_CLOSING);
    struct frame_event event = sent_event(talk);
    assert_int_equal(event.close_code, CLOSE_NORMAL);
    RECEIVE(talk, "\x81\x04last\x89\x00\x88\x02\x03\xe8");
    assert_last(talk, 1, "last");
    assert_int_equal(talk->conversation.outcome, OUTCOME_ENDED);
    const uint8_t *data;
    assert_int_equal(conversation_output(&talk->conversation, &data), 0);
    talk_end(talk);
}

static void a_close_that_crosses_ours_is_the_servers(void **state)
{
    struct talk *talk = talk_open();
    (void)state;
    conversation_close(&talk->conversation);
    sent_event(talk);
    RECEIVE(talk, "\x88\x02\x03\xf0");
    assert_int_equal(talk->conversation.outcome, OUTCOME_CLOSED);
    assert_int_equal(talk->conversation.code, 1008);
    const uint8_t *data;
    assert_int_equal(conversation_output(&talk->conversation, &data), 0);
    talk_end(talk);
}

/* -- servers that do what they must not -- */

static void broken_frames_end_it(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        uint16_t code;
    } frames[] = {
        {"\x81\x81zzzzz", 7, 1002},     /* masked */
        {"\xc1\x01z", 3, 1002},         /* compressed */
        {"\x83\x00", 2, 1002},          /* reserved */
        {"\x80\x00", 2, 1002},          /* continues nothing */
        {"\x09\x00", 2, 1002},          /* half a ping */
        {"\x89\x7e\x00\xff", 4, 1002},  /* a long ping */
        {"\x81\x7e\x00\x01z", 5, 1002}, /* a length that is not minimal */
        {"\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 10, 1009},
        {"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10, 1002},
        {"\x81\x7f\x00\x00\x00\x00\x00\x01\x11\x71", 10, 1009}, /* MESSAGE_MAX + 1 */
        {"\x81\x02\xc3(", 4, 1007},                             /* not UTF-8 */
        {"\x88\x01z", 3, 1002},                                 /* half a code */
        {"\x88\x02\x03\xed", 4, 1002},                          /* 1005 */
    };
    (void)state;
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        struct talk *talk = talk_open();
        receive(talk, frames[i].bytes, frames[i].len, 1);
        assert_int_equal(talk->conversation.outcome, OUTCOME_BROKEN);
        assert_non_null(talk->conversation.wrong);
        assert_int_equal(talk->messages, 0);
        struct frame_event event = sent_event(talk);
        assert_int_equal(event.type, FRAME_CLOSE);
        assert_int_equal(event.close_code, frames[i].code);
        talk_end(talk);
    }
}

static void fragments_are_counted_together(void **state)
{
    static uint8_t half[4 + 35001] = {0x01, 126, 35001 >> 8, 35001 & 0xff};
    struct talk *talk = talk_open();
    (void)state;
    memset(half + 4, 'a', 35001);
    receive(talk, half, sizeof half, 1000);
    half[0] = 0x80;
    receive(talk, half, sizeof half, 1000);
    assert_int_equal(talk->conversation.outcome, OUTCOME_BROKEN);
    assert_int_equal(talk->conversation.code, 1009);
    talk_end(talk);
}

static void pings_without_end_are_not_all_answered(void **state)
{
    static uint8_t pings[1270];
    struct talk *talk = talk_open();
    const uint8_t *data;
    (void)state;
    for (int i = 0; i < 10; i++) {
        pings[i * 127] = 0x89;
        pings[i * 127 + 1] = 125;
    }
    for (int i = 0; i < 1000; i++)
        conversation_receive(&talk->conversation, pings, sizeof pings);
    assert_int_equal(talk->conversation.state, CONVERSATION_OPEN);
    assert_in_range(conversation_output(&talk->conversation, &data), CONVERSATION_OUTPUT_HIGH,
                    CONVERSATION_OUTPUT_HIGH + 131);
    talk_end(talk);
}

static void what_has_been_sent_takes_no_room(void **state)
{
    static const char text[1000] = "";
    const size_t frame = 4 + 4 + sizeof text;
    struct talk *talk = talk_open();
    const uint8_t *data;
    (void)state;
    for (int i = 0; i < 1000; i++) {
        while (conversation_output(&talk->conversation, &data) < CONVERSATION_OUTPUT_HIGH)
            assert_int_equal(conversation_send(&talk->conversation, text, sizeof text), OK);
        conversation_sent(&talk->conversation, frame);
        assert_in_range(conversation_output(&talk->conversation, &data), frame, SIZE_MAX);
        assert_memory_equal(data, "\x81\xfe\x03\xe8", 4);
    }
    talk_end(talk);
}

static void answers_that_are_none_end_it(void **state)
{
    static const char *const answers[] = {
        "SSH-2.0-OpenSSH\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x01x"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct talk *talk = talk_begin();
        receive(talk, answers[i], strlen(answers[i]), 5);
        assert_int_equal(talk->conversation.outcome, OUTCOME_BROKEN);
        assert_int_equal(talk->messages, 0);
        talk_end(talk);
    }
}

static void a_head_without_end_ends_it(void **state)
{
    static const char line[] = "X-Header: with a value\r\n";
    struct talk *talk = talk_begin();
    (void)state;
    RECEIVE(talk, "HTTP/1.1 101 Switching Protocols\r\n");
    for (int i = 0; i < 10000 && talk->conversation.state == CONVERSATION_ASKING; i++)
        RECEIVE(talk, line);
    assert_int_equal(talk->conversation.outcome, OUTCOME_BROKEN);
    talk_end(talk);
}

static void a_refusal_ends_with_its_body(void **state)
{
    struct talk *talk = talk_begin();
    (void)state;
    RECEIVE(talk, "HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\nsor");
    assert_int_equal(talk->conversation.state, CONVERSATION_REFUSED);
    RECEIVE(talk, "ry and more");
    assert_int_equal(talk->conversation.outcome, OUTCOME_REFUSED);
    assert_int_equal(talk->conversation.input.len, 5);
    assert_memory_equal(talk->conversation.input.data, "sorry", 5);
    talk_end(talk);
}

static void a_body_without_end_is_cut(void **state)
{
    static const char part[1000] = "body";
    struct talk *talk = talk_begin();
    (void)state;
    RECEIVE(talk, "HTTP/1.1 200 OK\r\n\r\n");
    for (int i = 0; i < 5; i++)
        receive(talk, part, sizeof part, 100);
    assert_int_equal(talk->conversation.outcome, OUTCOME_REFUSED);
    assert_int_equal(talk->conversation.input.len, CONVERSATION_BODY_MAX);
    talk_end(talk);
}

static void the_connections_end_means_what_the_state_says(void **state)
{
    struct talk *talk = talk_begin();
    (void)state;
    conversation_end(&talk->conversation, NULL);
    assert_int_equal(talk->conversation.outcome, OUTCOME_NO_ANSWER);
    talk_end(talk);
    talk = talk_begin();
    RECEIVE(talk, "HTTP/1.1 500 Oh\r\n\r\nbro");
    conversation_end(&talk->conversation, NULL);
    assert_int_equal(talk->conversation.outcome, OUTCOME_REFUSED);
    talk_end(talk);
    talk = talk_open();
    conversation_end(&talk->conversation, NULL);
    assert_int_equal(talk->conversation.outcome, OUTCOME_LOST);
    talk_end(talk);
    talk = talk_open();
    conversation_close(&talk->conversation);
    conversation_end(&talk->conversation, NULL);
    assert_int_equal(talk->conversation.outcome, OUTCOME_LOST);
    conversation_end(&talk->conversation, NULL);
    assert_int_equal(talk->conversation.outcome, OUTCOME_LOST);
    talk_end(talk);
}

static void requests_that_are_too_long_are_refused(void **state)
{
    static char target[1024 * 1024];
    struct client_request request = asked;
    struct conversation conversation;
    (void)state;
    memset(target, '/', sizeof target - 1);
    request.target = target;
    assert_int_equal(conversation_init(&conversation, &request, 1), ERR_LIMIT);
    conversation_deinit(&conversation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_whole_in_steps_of_any_size),
        cmocka_unit_test(frames_may_come_with_the_answer),
        cmocka_unit_test(a_message_is_sent_masked),
        cmocka_unit_test(the_servers_close_is_answered),
        cmocka_unit_test(what_comes_until_the_close_is_answered_is_taken),
        cmocka_unit_test(a_close_that_crosses_ours_is_the_servers),
        cmocka_unit_test(broken_frames_end_it),
        cmocka_unit_test(fragments_are_counted_together),
        cmocka_unit_test(pings_without_end_are_not_all_answered),
        cmocka_unit_test(what_has_been_sent_takes_no_room),
        cmocka_unit_test(answers_that_are_none_end_it),
        cmocka_unit_test(a_head_without_end_ends_it),
        cmocka_unit_test(a_refusal_ends_with_its_body),
        cmocka_unit_test(a_body_without_end_is_cut),
        cmocka_unit_test(the_connections_end_means_what_the_state_says),
        cmocka_unit_test(requests_that_are_too_long_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
