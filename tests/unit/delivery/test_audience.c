#include "delivery/loops.h"

#include "failing_memory.h"

#include <stdio.h>

#define BATCH_LARGE (3u * AUDIENCE_BATCH_FLUSH)

static void publish_except(const char *text, struct peer *except)
{
    struct audience *audience = except->receiver.audience;
    assert_int_equal(audience_publish(audience, OPCODE_TEXT, text, strlen(text), &except->receiver),
                     OK);
}

/* -- order -- */

static void everybody_gets_everything_in_the_order_of_publishing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LOOP_COUNTS; i++) {
        struct loops loops;
        struct peer peers[2 * LOOPS_MAX];
        loops_open(&loops, loop_counts[i]);
        for (unsigned j = 0; j < 2 * loops.count; j++)
            peer_open(&loops, &peers[j], j / 2);
        publish(&loops, 0, "a");
        publish(&loops, 0, "b");
        loops_settle(&loops);
        publish(&loops, 0, "c");
        loops_settle(&loops);
        for (unsigned j = 0; j < 2 * loops.count; j++) {
            peer_expect(&peers[j], "a b c");
            peer_close(&peers[j]);
        }
        loops_close(&loops);
    }
}

static void each_loop_sees_what_another_has_published_in_its_order(void **state)
{
    struct loops loops;
    struct peer peer;
    (void)state;
    loops_open(&loops, 8);
    peer_open(&loops, &peer, 7);
    for (unsigned i = 0; i < 7; i++) {
        char text[] = {(char)('a' + i), '\0'};
        publish(&loops, i, text);
        text[0] = (char)('A' + i);
        publish(&loops, i, text);
    }
    for (unsigned i = 0; i < 7; i++)
        loops_iterate(&loops, i);
    loops_iterate(&loops, 7);
    peer_expect(&peer, "a A b B c C d D e E f F g G");
    peer_close(&peer);
    loops_close(&loops);
}

static void messages_for_one_receiver_come_between_those_for_all(void **state)
{
    struct loops loops;
    struct peer one, other;
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &one, 0);
    peer_open(&loops, &other, 0);
    send_text(&one, "1");
    publish(&loops, 0, "a");
    send_text(&one, "2");
    send_text(&one, "3");
    publish(&loops, 0, "b");
    publish(&loops, 0, "c");
    send_text(&one, "4");
    loops_settle(&loops);
    peer_expect(&one, "1 a 2 3 b c 4");
    peer_expect(&other, "a b c");
    peer_close(&one);
    peer_close(&other);
    loops_close(&loops);
}

/* -- who gets it -- */

static void the_excepted_receiver_gets_all_others_messages(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LOOP_COUNTS; i++) {
        struct loops loops;
        struct peer sender, here, there;
        loops_open(&loops, loop_counts[i]);
        peer_open(&loops, &sender, 0);
        peer_open(&loops, &here, 0);
        peer_open(&loops, &there, loops.count - 1);
        publish_except("first", &sender);
        publish(&loops, 0, "a");
        publish_except("own", &sender);
        publish_except("own2", &sender);
        publish(&loops, 0, "b");
        publish_except("last", &sender);
        loops_settle(&loops);
        publish(&loops, 0, "c");
        loops_settle(&loops);
        peer_expect(&sender, "a b c");
        peer_expect(&here, "first a own own2 b last c");
        peer_expect(&there, "first a own own2 b last c");
        assert_int_equal(counter_read(&loops_audience(&loops, 0)->messages_out),
                         loops.count == 1 ? 3 + 7 + 7 : 3 + 7);
        assert_int_equal(audience_messages_to(&sender.receiver), 3);
        assert_int_equal(audience_messages_to(&here.receiver), 7);
        assert_int_equal(audience_messages_to(&there.receiver), 7);
        peer_close(&sender);
        peer_close(&here);
        peer_close(&there);
        loops_close(&loops);
    }
}

static void whoever_joins_in_mid_iteration_gets_nothing_from_before(void **state)
{
    struct loops loops;
    struct peer before, after, last;
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &before, 0);
    publish(&loops, 0, "a");
    publish(&loops, 0, "b");
    peer_open(&loops, &after, 0);
    send_text(&after, "welcome");
    publish(&loops, 0, "c");
    peer_open(&loops, &last, 0);
    loops_settle(&loops);
    peer_expect(&before, "a b c");
    peer_expect(&after, "welcome c");
    peer_expect(&last, "");
    assert_int_equal(counter_read(&loops_audience(&loops, 0)->messages_out), 5);
    publish(&loops, 0, "d");
    loops_settle(&loops);
    peer_expect(&last, "d");
    assert_int_equal(audience_messages_to(&before.receiver), 4);
    assert_int_equal(audience_messages_to(&after.receiver), 3);
    assert_int_equal(audience_messages_to(&last.receiver), 1);
    peer_close(&before);
    peer_close(&after);
    peer_close(&last);
    loops_close(&loops);
}

/* Only what it had before it was closed: its close frame follows that, and nothing the close frame.
 */
static void a_receiver_that_is_not_open_any_more_gets_its_own_messages_only(void **state)
{
    struct loops loops;
    struct peer closing, other;
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &closing, 0);
    peer_open(&loops, &other, 0);
    publish(&loops, 0, "a");
    send_text(&closing, "bye");
    audience_set_open(&closing.receiver, false);
    publish(&loops, 0, "b");
    loops_settle(&loops);
    peer_expect(&closing, "a bye");
    peer_expect(&other, "a b");
    assert_int_equal(audience_messages_to(&closing.receiver), 2);
    assert_int_equal(audience_messages_to(&other.receiver), 2);
    peer_close(&closing);
    peer_close(&other);
    loops_close(&loops);
}

static void members_leave_in_any_order(void **state)
{
    struct loops loops;
    struct peer peers[20];
    (void)state;
    loops_open(&loops, 1);
    for (unsigned i = 0; i < 20; i++)
        peer_open(&loops, &peers[i], 0);
    for (unsigned i = 0; i < 20; i += 3) {
        peer_close(&peers[i]);
        audience_leave(loops_audience(&loops, 0), &peers[i].receiver); /* Once more does nothing. */
    }
    assert_int_equal(loops_audience(&loops, 0)->count, 13);
    publish(&loops, 0, "a");
    loops_settle(&loops);
    for (unsigned i = 0; i < 20; i++) {
        if (i % 3 == 0)
            continue;
        peer_expect(&peers[i], "a");
        peer_close(&peers[i]);
    }
    assert_int_equal(loops_audience(&loops, 0)->count, 0);
    loops_close(&loops);
}

static void frames_from_elsewhere_go_to_this_loop_only(void **state)
{
    static const uint8_t frames[] = {0x81, 1, 'a', 0x81, 1, 'b'};
    struct loops loops;
    struct peer here, there;
    (void)state;
    loops_open(&loops, 2);
    peer_open(&loops, &here, 0);
    peer_open(&loops, &there, 1);
    assert_int_equal(audience_add_frames(loops_audience(&loops, 0), frames, sizeof frames, 2,
                                         (struct message_key){.is_read = false}),
                     OK);
    loops_settle(&loops);
    peer_expect(&here, "a b");
    peer_expect(&there, "");
    assert_int_equal(counter_read(&loops_audience(&loops, 0)->messages_out), 2);
    peer_close(&here);
    peer_close(&there);
    loops_close(&loops);
}

/* -- memory -- */

static void much_is_sent_after_the_event_and_its_memory_given_back(void **state)
{
    static char text[BATCH_LARGE];
    struct loops loops;
    struct audience *audience;
    (void)state;
    loops_open(&loops, 1);
    audience = loops_audience(&loops, 0);
    assert_int_equal(
        audience_publish(audience, OPCODE_BINARY, text, AUDIENCE_BATCH_FLUSH / 2, NULL), OK);
    assert_false(loops.deliveries[0].has_much_to_send);
    assert_int_equal(
        audience_publish(audience, OPCODE_BINARY, text, AUDIENCE_BATCH_FLUSH / 2, NULL), OK);
    assert_true(loops.deliveries[0].has_much_to_send);
    loops_settle(&loops);
    assert_false(loops.deliveries[0].has_much_to_send);
    assert_true(audience->batch.frames.capacity > 0); /* It is likely to be needed again. */
    assert_int_equal(audience_publish(audience, OPCODE_BINARY, text, sizeof text, NULL), OK);
    loops_settle(&loops);
    assert_int_equal(audience->batch.frames.capacity, 0);
    loops_close(&loops);
}

/* Publishes while an allocation fails. Returns false if there are fewer than `number`. (With
 * receivers on other loops: test_forward.c.) */
static bool publish_with_failure(unsigned number)
{
    struct loops loops;
    struct peer sender, here;
    char large[2000] = "", expected[2010];
    loops_open(&loops, 2);
    peer_open(&loops, &sender, 0);
    peer_open(&loops, &here, 0);
    memset(large, 'x', sizeof large - 1);
    publish(&loops, 0, "a");
    fail_allocation(number);
    int error = audience_publish(loops_audience(&loops, 0), OPCODE_TEXT, large, strlen(large),
                                 &sender.receiver);
    bool has_failed = end_failing_allocations();
    assert_int_equal(error, has_failed ? ERR_NO_MEMORY : OK);
    publish(&loops, 0, "b");
    loops_settle(&loops);
    peer_expect(&sender, "a b");
    snprintf(expected, sizeof expected, has_failed ? "a b" : "a %s b", large);
    peer_expect(&here, expected);
    peer_close(&sender);
    peer_close(&here);
    loops_close(&loops);
    return has_failed;
}

static void without_memory_nobody_gets_a_message(void **state)
{
    unsigned number = 1;
    (void)state;
    while (publish_with_failure(number))
        number++;
    assert_int_equal(number, 3); /* The sender's run and the batch have each failed. */
}

static void without_memory_nobody_joins(void **state)
{
    struct loops loops;
    struct peer peers[17];
    (void)state;
    loops_open(&loops, 1);
    for (unsigned i = 0; i < 16; i++)
        peer_open(&loops, &peers[i], 0);
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    peer_init(&loops, &peers[16], 0, ends);
    fail_allocation(1);
    assert_int_equal(audience_join(loops_audience(&loops, 0), &peers[16].receiver), ERR_NO_MEMORY);
    assert_true(end_failing_allocations());
    assert_false(peers[16].receiver.is_joined);
    assert_int_equal(loops_audience(&loops, 0)->count, 16);
    publish(&loops, 0, "a");
    loops_settle(&loops);
    for (unsigned i = 0; i < 17; i++) {
        peer_expect(&peers[i], i < 16 ? "a" : "");
        peer_close(&peers[i]);
    }
    loops_close(&loops);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_gets_everything_in_the_order_of_publishing),
        cmocka_unit_test(each_loop_sees_what_another_has_published_in_its_order),
        cmocka_unit_test(messages_for_one_receiver_come_between_those_for_all),
        cmocka_unit_test(the_excepted_receiver_gets_all_others_messages),
        cmocka_unit_test(whoever_joins_in_mid_iteration_gets_nothing_from_before),
        cmocka_unit_test(a_receiver_that_is_not_open_any_more_gets_its_own_messages_only),
        cmocka_unit_test(members_leave_in_any_order),
        cmocka_unit_test(frames_from_elsewhere_go_to_this_loop_only),
        cmocka_unit_test(much_is_sent_after_the_event_and_its_memory_given_back),
        cmocka_unit_test(without_memory_nobody_gets_a_message),
        cmocka_unit_test(without_memory_nobody_joins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
