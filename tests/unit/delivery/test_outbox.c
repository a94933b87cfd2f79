#include "unit.h"

#include "delivery/outbox.h"
#include "ws/frame.h"

#include <string.h>

static struct memory_account account;

/* A stream of `count` frames with `payload` bytes each; returns its length. */
static size_t make_stream(uint8_t *stream, unsigned count, size_t payload)
{
    size_t len = 0;
    for (unsigned i = 0; i < count; i++) {
        len += frame_encode_header(stream + len, OPCODE_BINARY, payload);
        memset(stream + len, 'a' + (int)(i % 26), payload);
        len += payload;
    }
    return len;
}

/* What the outbox would send, as one string. */
static size_t contents(const struct outbox *outbox, uint8_t *out)
{
    struct iovec pieces[16];
    size_t len = 0;
    size_t count = outbox_gather(outbox, pieces, 16);
    for (size_t i = 0; i < count; i++) {
        memcpy(out + len, pieces[i].iov_base, pieces[i].iov_len);
        len += pieces[i].iov_len;
    }
    assert_int_equal(len, outbox->queued);
    return len;
}

static void append(struct outbox *outbox, const uint8_t *stream, size_t len, size_t offset)
{
    assert_int_equal(outbox_append_copy(outbox, stream, len, offset, &account), OK);
}

static void keeps_what_was_not_sent_in_order(void **state)
{
    struct outbox outbox = {0};
    uint8_t stream[256], seen[512];
    size_t len = make_stream(stream, 3, 20);
    (void)state;
    append(&outbox, stream, len, 25);
    append(&outbox, stream, len, 0);
    assert_int_equal(contents(&outbox, seen), len - 25 + len);
    assert_memory_equal(seen, stream + 25, len - 25);
    assert_memory_equal(seen + len - 25, stream, len);
    outbox_clear(&outbox);
    assert_int_equal(memory_account_bytes(&account), 0);
}

static void says_how_much_of_the_frame_under_way_is_left(void **state)
{
    struct outbox outbox = {0};
    uint8_t stream[256];
    size_t len = make_stream(stream, 3, 20); /* 22 bytes each */
    (void)state;
    assert_int_equal(outbox_begun(&outbox), 0);
    append(&outbox, stream, len, 25);
    assert_int_equal(outbox_begun(&outbox), 19);
    outbox_consume(&outbox, 18);
    assert_int_equal(outbox_begun(&outbox), 1);
    outbox_consume(&outbox, 1);
    assert_int_equal(outbox_begun(&outbox), 0);
    outbox_consume(&outbox, 1);
    assert_int_equal(outbox_begun(&outbox), 21);
    outbox_clear(&outbox);
}

static void consumes_across_segments(void **state)
{
    struct outbox outbox = {0};
    uint8_t stream[256], seen[512];
    size_t len = make_stream(stream, 3, 20);
    (void)state;
    append(&outbox, stream, len, 0);
    append(&outbox, stream, len, 0);
    outbox_consume(&outbox, len + 7);
    assert_int_equal(contents(&outbox, seen), len - 7);
    assert_memory_equal(seen, stream + 7, len - 7);
    outbox_consume(&outbox, len - 7);
    assert_true(outbox_is_empty(&outbox));
    assert_int_equal(memory_account_bytes(&account), 0);
}

static void shares_one_copy_between_clients(void **state)
{
    struct outbox first = {0}, second = {0};
    uint8_t stream[256];
    size_t len = make_stream(stream, 3, 20);
    struct shared_bytes *bytes = shared_bytes_create(stream, len, &account);
    (void)state;
    assert_int_equal(outbox_append(&first, bytes, 5, len), OK);
    assert_int_equal(outbox_append(&second, bytes, 0, len), OK);
    shared_bytes_unref(bytes);
    size_t held = memory_account_bytes(&account);
    assert_true(held >= len);
    outbox_clear(&first);
    assert_int_equal(memory_account_bytes(&account), held - 32); /* its record */
    outbox_clear(&second);
    assert_int_equal(memory_account_bytes(&account), 0);
}

static void truncates_to_the_frame_under_way(void **state)
{
    struct outbox outbox = {0};
    uint8_t stream[256], seen[512];
    size_t len = make_stream(stream, 4, 20); /* frames of 22 bytes */
    (void)state;
    append(&outbox, stream, len, 0);
    append(&outbox, stream, len, 0);
    outbox_consume(&outbox, 30); /* into the second frame */
    assert_int_equal(outbox_truncate(&outbox, 0), OK);
    assert_int_equal(contents(&outbox, seen), 14);
    assert_memory_equal(seen, stream + 30, 14);
    outbox_clear(&outbox);
}

static void truncates_to_nothing_between_frames(void **state)
{
    struct outbox outbox = {0};
    uint8_t stream[256];
    size_t len = make_stream(stream, 4, 20);
    (void)state;
    append(&outbox, stream, len, 44);
    assert_int_equal(outbox_truncate(&outbox, 0), OK);
    assert_true(outbox_is_empty(&outbox));
    assert_int_equal(memory_account_bytes(&account), 0);
}

static void truncating_keeps_what_tls_has_begun_to_send(void **state)
{
    struct outbox outbox = {0};
    uint8_t stream[256], seen[512];
    size_t len = make_stream(stream, 4, 20);
    (void)state;
    append(&outbox, stream, len, 0);
    append(&outbox, stream, len, 0);
    outbox_consume(&outbox, 22);
    /* The whole of the first segment and a byte of the next: that frame has to stay too. */
    assert_int_equal(outbox_truncate(&outbox, len - 22 + 1), OK);
    assert_int_equal(contents(&outbox, seen), len - 22 + 22);
    assert_memory_equal(seen, stream + 22, len - 22);
    assert_memory_equal(seen + len - 22, stream, 22);
    outbox_clear(&outbox);
    assert_int_equal(memory_account_bytes(&account), 0);
}

/* No frame, a close frame neither, may be sent without the response in front of it. */
static void truncating_keeps_the_response_to_the_upgrade(void **state)
{
    static const char response[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
    const size_t head = sizeof response - 1;
    uint8_t stream[512], seen[512];
    memcpy(stream, response, head);
    size_t len = head + make_stream(stream + head, 4, 20);
    (void)state;
    for (size_t sent = 0; sent < head; sent += 7) {
        struct outbox outbox = {0};
        append(&outbox, stream, len, sent);
        append(&outbox, stream + head, len - head, 0);
        assert_int_equal(outbox_truncate(&outbox, 0), OK);
        assert_int_equal(contents(&outbox, seen), head - sent);
        assert_memory_equal(seen, stream + sent, head - sent);
        outbox_clear(&outbox);
    }
    assert_int_equal(memory_account_bytes(&account), 0);
}

/* Many small frames must not cost a segment each: what is counted is what is used. */
static void small_frames_share_memory(void **state)
{
    struct outbox outbox = {0};
    struct iovec pieces[16];
    uint8_t stream[16], seen[4096];
    size_t len = make_stream(stream, 1, 2);
    (void)state;
    for (int i = 0; i < 1000; i++)
        append(&outbox, stream, len, 0);
    assert_int_equal(outbox.queued, 1000 * len);
    assert_true(memory_account_bytes(&account) < 2 * outbox.queued);
    assert_true(outbox_gather(&outbox, pieces, 16) <= 6);
    contents(&outbox, seen);
    for (size_t i = 0; i < 1000; i++)
        assert_memory_equal(seen + i * len, stream, len);
    outbox_clear(&outbox);
    assert_int_equal(memory_account_bytes(&account), 0);
}

/* A client that stays behind needs no record for what directly follows what it has. */
static void what_follows_costs_no_record(void **state)
{
    struct outbox outbox = {0};
    uint8_t stream[8192], seen[8192];
    size_t len = make_stream(stream, 20, 100);
    struct shared_bytes *bytes = shared_bytes_create(stream, len, &account);
    size_t without = memory_account_bytes(&account);
    (void)state;
    for (size_t at = 0; at < len; at += 102)
        assert_int_equal(outbox_append(&outbox, bytes, at, at + 102), OK);
    shared_bytes_unref(bytes);
    assert_int_equal(memory_account_bytes(&account) - without, 32);
    assert_int_equal(outbox.held, len + 32);
    assert_int_equal(contents(&outbox, seen), len);
    assert_memory_equal(seen, stream, len);
    outbox_consume(&outbox, 1000);
    assert_int_equal(outbox.held, len - 1000 + 32);
    outbox_clear(&outbox);
    assert_int_equal(outbox.held, 0);
    assert_int_equal(memory_account_bytes(&account), 0);
}

/* Private frames and shared ones take turns: what is held for the client is charged to it. */
static void charges_private_copies_and_records_whole(void **state)
{
    struct outbox outbox = {0};
    uint8_t stream[8192];
    size_t len = make_stream(stream, 20, 100);
    struct shared_bytes *bytes = shared_bytes_create(stream, len, &account);
    size_t before = memory_account_bytes(&account);
    (void)state;
    for (size_t at = 0; at < len; at += 2 * 102) {
        append(&outbox, stream, 102, 0);
        assert_int_equal(outbox_append(&outbox, bytes, at, at + 102), OK);
    }
    assert_int_equal(outbox.held, memory_account_bytes(&account) - before + 10 * 102);
    assert_true(outbox.held < 4 * outbox.queued);
    shared_bytes_unref(bytes);
    outbox_clear(&outbox);
    assert_int_equal(memory_account_bytes(&account), 0);
}

static void copies_a_few_shared_bytes_into_a_private_segment(void **state)
{
    struct outbox outbox = {0};
    uint8_t stream[64], seen[64];
    size_t len = make_stream(stream, 2, 2);
    struct shared_bytes *bytes = shared_bytes_create(stream, len, &account);
    (void)state;
    append(&outbox, stream, 4, 0);
    size_t before = memory_account_bytes(&account);
    assert_int_equal(outbox_append(&outbox, bytes, 4, 8), OK);
    assert_int_equal(memory_account_bytes(&account), before);
    assert_int_equal(contents(&outbox, seen), len);
    assert_memory_equal(seen, stream, len);
    shared_bytes_unref(bytes);
    outbox_clear(&outbox);
    assert_int_equal(memory_account_bytes(&account), 0);
}

static void counts_the_messages_that_have_not_begun(void **state)
{
    struct outbox outbox = {0};
    uint8_t stream[512];
    static const uint8_t ping[] = {0x89, 0};
    size_t len = make_stream(stream, 4, 20);
    (void)state;
    assert_int_equal(outbox_count_messages(&outbox), 0);
    append(&outbox, stream, len, 0);
    append(&outbox, ping, sizeof ping, 0);
    assert_int_equal(outbox_count_messages(&outbox), 4);
    outbox_consume(&outbox, 1);
    assert_int_equal(outbox_count_messages(&outbox), 3);
    outbox_consume(&outbox, 21);
    assert_int_equal(outbox_count_messages(&outbox), 3);
    struct shared_bytes *bytes = shared_bytes_create(stream, len, &account);
    assert_int_equal(outbox_append(&outbox, bytes, 22, len), OK);
    shared_bytes_unref(bytes);
    assert_int_equal(outbox_count_messages(&outbox), 6);
    outbox_clear(&outbox);
    assert_int_equal(memory_account_bytes(&account), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_was_not_sent_in_order),
        cmocka_unit_test(says_how_much_of_the_frame_under_way_is_left),
        cmocka_unit_test(consumes_across_segments),
        cmocka_unit_test(shares_one_copy_between_clients),
        cmocka_unit_test(truncates_to_the_frame_under_way),
        cmocka_unit_test(truncates_to_nothing_between_frames),
        cmocka_unit_test(truncating_keeps_what_tls_has_begun_to_send),
        cmocka_unit_test(truncating_keeps_the_response_to_the_upgrade),
        cmocka_unit_test(small_frames_share_memory),
        cmocka_unit_test(counts_the_messages_that_have_not_begun),
        cmocka_unit_test(what_follows_costs_no_record),
        cmocka_unit_test(charges_private_copies_and_records_whole),
        cmocka_unit_test(copies_a_few_shared_bytes_into_a_private_segment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
