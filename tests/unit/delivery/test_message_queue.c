#include "unit.h"

#include "delivery/message_queue.h"
#include "failing_memory.h"
#include "ws/frame.h"

#include <stdlib.h>
#include <string.h>

#define MARK "gap {dropped} {bytes}"

static struct memory_account account;
static struct message_queue *queue;
static struct outbox outbox;

static int begin(void **state)
{
    (void)state;
    queue = message_queue_create(&account, MARK);
    assert_non_null(queue);
    return 0;
}

static int end(void **state)
{
    (void)state;
    outbox_clear(&outbox);
    message_queue_destroy(queue);
    assert_int_equal(memory_account_bytes(&account), 0);
    return 0;
}

static struct frame_source source_of(const char *text, uint8_t *frame)
{
    size_t header = frame_encode_header(frame, OPCODE_TEXT, strlen(text));
    memcpy(frame + header, text, strlen(text));
    return (struct frame_source){.bytes = frame, .len = header + strlen(text), .may_drop = true};
}

static void append(const char *text)
{
    uint8_t frame[64];
    struct frame_source source = source_of(text, frame);
    assert_int_equal(message_queue_append(queue, &source), OK);
}

static void append_kept(const char *text)
{
    uint8_t frame[64];
    struct frame_source source = source_of(text, frame);
    source.may_drop = false;
    assert_int_equal(message_queue_append(queue, &source), OK);
}

static void append_keyed(const char *text, uint64_t key)
{
    uint8_t frame[64];
    struct frame_source source = source_of(text, frame);
    source.conflates = true;
    source.key = key;
    assert_int_equal(message_queue_append(queue, &source), OK);
}

/* The payloads that wait, with a space between each two. */
static void expect(const char *expected)
{
    struct iovec pieces[32];
    char text[512] = "";
    size_t bytes = 0;
    size_t count = message_queue_gather(queue, pieces, 32);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            strcat(text, " ");
        strncat(text, (const char *)pieces[i].iov_base + 2, pieces[i].iov_len - 2);
        bytes += pieces[i].iov_len;
    }
    assert_string_equal(text, expected);
    assert_int_equal(queue->queued, bytes);
}

static void drops_the_oldest_or_the_newest(void **state)
{
    (void)state;
    append_kept("k");
    append("a");
    append("b");
    append("c");
    append_kept("l");
    assert_int_equal(message_queue_drop(queue, false), OK);
    expect("k gap 1 1 b c l");
    assert_int_equal(message_queue_drop(queue, true), OK);
    expect("k gap 1 1 b gap 1 1 l");
    assert_int_equal(message_queue_drop(queue, true), OK);
    expect("k gap 3 3 l");
    assert_int_equal(message_queue_drop(queue, true), ERR_INVALID);
    assert_int_equal(queue->count, 2);
    assert_int_equal(queue->dropped, 3);
}

static void without_a_text_there_are_no_markers(void **state)
{
    (void)state;
    queue->gap_text = NULL;
    append("a");
    append("b");
    assert_int_equal(message_queue_drop(queue, false), OK);
    assert_int_equal(message_queue_miss(queue, 4, 4), OK);
    expect("b");
}

static void the_latest_of_a_key_replaces_the_one_before(void **state)
{
    (void)state;
    append_keyed("a1", 1);
    append_keyed("b1", 2);
    append_keyed("none1", 0);
    append_keyed("a2", 1);
    expect("gap 1 2 b1 none1 a2");
    append_keyed("b2", 2);
    append_keyed("none2", 0);
    expect("gap 3 9 a2 b2 none2");
    assert_int_equal(message_queue_drop_unkeyed(queue), ERR_INVALID);
}

static void messages_of_no_key_make_room_wherever_they_stand(void **state)
{
    (void)state;
    append_keyed("a1", 1);
    append("x");
    append_keyed("b1", 2);
    append("y");
    assert_int_equal(message_queue_drop_unkeyed(queue), OK);
    expect("a1 gap 1 1 b1 y");
    assert_int_equal(message_queue_drop_unkeyed(queue), OK);
    assert_int_equal(message_queue_drop_unkeyed(queue), ERR_INVALID);
    expect("a1 gap 1 1 b1 gap 1 1");
}

static void messages_from_before_a_reload_are_replaced_by_nothing(void **state)
{
    (void)state;
    append("old");
    append_keyed("a1", 1);
    assert_int_equal(message_queue_drop(queue, false), OK);
    message_queue_adopt(queue, "other {dropped}");
    append_keyed("a2", 1);
    expect("gap 1 3 a1 a2");
    message_queue_adopt(queue, "other {dropped}"); /* The same rules again. */
    assert_int_equal(message_queue_drop_unkeyed(queue), OK);
    expect("gap 1 3 other 1 a2");
    message_queue_adopt(queue, "other {dropped}");
    assert_int_equal(message_queue_drop(queue, false), OK);
    expect("gap 1 3 other 2");
}

static void missing_messages_are_marked_behind_what_waits(void **state)
{
    (void)state;
    assert_int_equal(message_queue_miss(queue, 1, 10), OK);
    append("a");
    assert_int_equal(message_queue_miss(queue, 2, 20), OK);
    assert_int_equal(message_queue_miss(queue, 3, 30), OK);
    expect("gap 1 10 a gap 5 50");
    assert_int_equal(message_queue_drop(queue, false), OK);
    expect("gap 7 61");
    assert_int_equal(queue->count, 0);
}

static void a_frame_that_is_sent_in_part_moves_to_the_outbox(void **state)
{
    struct settling left = {.sent = 4};
    (void)state;
    append("a"); /* 3 bytes each */
    append("b");
    append("c");
    assert_int_equal(message_queue_settle(queue, &left, &outbox), OK);
    assert_int_equal(left.sent, 0);
    assert_int_equal(outbox.queued, 2);
    expect("c");
    left = (struct settling){.must = 1};
    assert_int_equal(message_queue_settle(queue, &left, &outbox), OK);
    assert_int_equal(left.must, 0);
    assert_int_equal(outbox.queued, 5);
    assert_true(message_queue_is_empty(queue));
}

static void copies_are_referred_to(void **state)
{
    struct shared_bytes *copy = shared_bytes_create("\x81\x01x", 3, &account);
    const struct frame_source source = {.len = 3, .copy = copy, .may_drop = true};
    (void)state;
    assert_int_equal(message_queue_append(queue, &source), OK);
    shared_bytes_unref(copy);
    expect("x");
}

static void without_memory_what_waits_stays(void **state)
{
    uint8_t frame[64];
    struct frame_source source = source_of("b", frame);
    (void)state;
    append("a");
    fail_allocation(1);
    assert_int_equal(message_queue_append(queue, &source), ERR_NO_MEMORY);
    assert_true(end_failing_allocations());
    source.conflates = true;
    fail_allocation(1);
    assert_int_equal(message_queue_append(queue, &source), ERR_NO_MEMORY);
    assert_true(end_failing_allocations());
    expect("a");
    fail_allocation(1);
    assert_int_equal(message_queue_miss(queue, 1, 1), ERR_NO_MEMORY);
    assert_true(end_failing_allocations());
    fail_allocation(1);
    assert_int_equal(message_queue_drop(queue, false), ERR_NO_MEMORY);
    assert_true(end_failing_allocations());
    expect("");
    fail_allocation(1);
    assert_null(message_queue_create(&account, NULL));
    assert_true(end_failing_allocations());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(drops_the_oldest_or_the_newest, begin, end),
        cmocka_unit_test_setup_teardown(without_a_text_there_are_no_markers, begin, end),
        cmocka_unit_test_setup_teardown(the_latest_of_a_key_replaces_the_one_before, begin, end),
        cmocka_unit_test_setup_teardown(messages_of_no_key_make_room_wherever_they_stand, begin,
                                        end),
        cmocka_unit_test_setup_teardown(messages_from_before_a_reload_are_replaced_by_nothing,
                                        begin, end),
        cmocka_unit_test_setup_teardown(missing_messages_are_marked_behind_what_waits, begin, end),
        cmocka_unit_test_setup_teardown(a_frame_that_is_sent_in_part_moves_to_the_outbox, begin,
                                        end),
        cmocka_unit_test_setup_teardown(copies_are_referred_to, begin, end),
        cmocka_unit_test_setup_teardown(without_memory_what_waits_stays, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
