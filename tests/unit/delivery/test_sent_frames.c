#include "delivery/sent_frames.h"

#include "delivery/delivery_loop.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char told[512];

static void note_sent(struct receiver *receiver, const struct sent_frame *frame)
{
    size_t len = strlen(told);
    (void)receiver;
    snprintf(told + len, sizeof told - len, "%s%d:%zu:%.*s%s", len > 0 ? " " : "",
             (int)frame->opcode, frame->len, frame->len < 20 ? (int)frame->len : 3,
             (const char *)frame->payload, frame->is_compressed ? ":z" : "");
}

static const struct receiver_calls calls = {.sent = note_sent};
static struct delivery_loop loop = {.calls = &calls};
static struct receiver receiver = {.loop = &loop};

static void expect_told(const struct iovec *pieces, size_t count, size_t begun, size_t sent,
                        const char *expected)
{
    told[0] = '\0';
    sent_frames_tell(&receiver, pieces, count, begun, sent);
    assert_string_equal(told, expected);
}

#define PIECE(text) {.iov_base = (void *)(uintptr_t)(text), .iov_len = sizeof(text) - 1}

static void each_frame_is_told_with_its_payload(void **state)
{
    const struct iovec pieces[] = {PIECE("\x81\x02hi\x82\x01!"), PIECE("\x8a\x00"),
                                   PIECE("\xc1\x02zz")};
    (void)state;
    expect_told(pieces, 3, 0, 13, "1:2:hi 2:1:! 10:0: 1:2:zz:z");
}

static void one_is_told_when_its_first_byte_is_sent(void **state)
{
    const struct iovec pieces[] = {PIECE("\x81\x02hi\x82\x01!"), PIECE("\x81\x01x")};
    static const char *const expected[] = {"",
                                           "1:2:hi",
                                           "1:2:hi",
                                           "1:2:hi",
                                           "1:2:hi",
                                           "1:2:hi 2:1:!",
                                           "1:2:hi 2:1:!",
                                           "1:2:hi 2:1:!",
                                           "1:2:hi 2:1:! 1:1:x",
                                           "1:2:hi 2:1:! 1:1:x",
                                           "1:2:hi 2:1:! 1:1:x"};
    (void)state;
    for (size_t sent = 0; sent <= 10; sent++)
        expect_told(pieces, 2, 0, sent, expected[sent]);
}

static void the_rest_of_the_frame_under_way_was_told_before(void **state)
{
    const struct iovec pieces[] = {PIECE("i\x81\x01x"), PIECE("\x81\x01y")};
    const struct iovec only[] = {PIECE("rest"), PIECE("\x81\x01y")};
    (void)state;
    expect_told(pieces, 2, 1, 7, "1:1:x 1:1:y");
    expect_told(pieces, 2, 1, 1, "");
    expect_told(only, 2, 4, 7, "1:1:y");
    expect_told(only, 2, 4, 4, "");
}

static void the_response_to_the_upgrade_is_no_frame(void **state)
{
    const struct iovec pieces[] = {PIECE("HTTP/1.1 101 X\r\nA: b\r\n\r\n\x81\x01x")};
    (void)state;
    expect_told(pieces, 1, 0, pieces[0].iov_len, "1:1:x");
}

static void long_payloads_are_measured(void **state)
{
    static uint8_t stream[70000 + 300 + 14];
    size_t len = frame_encode_header(stream, OPCODE_BINARY, 70000);
    memset(stream + len, 'b', 70000);
    size_t next = len + 70000;
    next += frame_encode_header(stream + next, OPCODE_TEXT, 300);
    memset(stream + next, 't', 300);
    const struct iovec pieces[] = {{.iov_base = stream, .iov_len = next + 300}};
    (void)state;
    expect_told(pieces, 1, 0, pieces[0].iov_len, "2:70000:bbb 1:300:ttt");
}

static void nothing_is_read_behind_a_piece(void **state)
{
    static const char stream[] = "\x81\x7e\x01\x00xyz";
    (void)state;
    for (size_t len = 0; len < sizeof stream; len++) {
        char *copy = malloc(len > 0 ? len : 1);
        assert_non_null(copy);
        memcpy(copy, stream, len);
        const struct iovec piece = {.iov_base = copy, .iov_len = len};
        expect_told(&piece, 1, 0, len, "");
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_frame_is_told_with_its_payload),
        cmocka_unit_test(one_is_told_when_its_first_byte_is_sent),
        cmocka_unit_test(the_rest_of_the_frame_under_way_was_told_before),
        cmocka_unit_test(the_response_to_the_upgrade_is_no_frame),
        cmocka_unit_test(long_payloads_are_measured),
        cmocka_unit_test(nothing_is_read_behind_a_piece),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
