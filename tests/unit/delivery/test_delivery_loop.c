#include "delivery/loops.h"

#include "failing_memory.h"

#include <stdio.h>

#define UNICAST_FLUSH (256u * 1024) /* bytes; see unicast.c */
#define RUNS_FLUSH (64u * 1024)     /* likewise, runs */

static uint64_t writes(const struct loops *loops)
{
    return counter_read(&loops->deliveries[0].stats.writes);
}

static struct shared_frame share(struct loops *loops, const char *text)
{
    struct shared_frame frame;
    assert_int_equal(delivery_share(&loops->deliveries[0], OPCODE_TEXT, text, strlen(text), &frame),
                     OK);
    return frame;
}

static void give(struct peer *peer, struct shared_frame frame)
{
    assert_int_equal(delivery_queue_shared(&peer->receiver, &frame), OK);
}

/* -- one write -- */

static void each_receiver_gets_one_write_a_flush(void **state)
{
    struct loops loops;
    struct peer peers[3];
    (void)state;
    loops_open(&loops, 1);
    for (unsigned i = 0; i < 3; i++)
        peer_open(&loops, &peers[i], 0);
    subscribe(&peers[0], "news");
    for (unsigned i = 0; i < 5; i++) {
        publish(&loops, 0, "all");
        send_text(&peers[0], "own");
        publish_to_topic(&peers[1], "news", "topic");
    }
    assert_true(delivery_is_dirty(&loops.deliveries[0]));
    delivery_flush(&loops.deliveries[0]);
    assert_false(delivery_is_dirty(&loops.deliveries[0]));
    assert_int_equal(writes(&loops), 3);
    delivery_flush(&loops.deliveries[0]);
    assert_int_equal(writes(&loops), 3); /* Nothing to be sent, nothing written. */
    send_text(&peers[2], "own");
    delivery_flush(&loops.deliveries[0]);
    assert_int_equal(writes(&loops), 4);
    peer_expect(&peers[0], "all own topic all own topic all own topic all own topic all own topic");
    peer_expect(&peers[1], "all all all all all");
    peer_expect(&peers[2], "all all all all all own");
    for (unsigned i = 0; i < 3; i++)
        peer_close(&peers[i]);
    loops_close(&loops);
}

static void runs_that_follow_each_other_are_one(void **state)
{
    struct loops loops;
    struct peer one, other;
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &one, 0);
    peer_open(&loops, &other, 0);
    for (unsigned i = 0; i < 100; i++)
        send_text(&one, "x");
    assert_int_equal(loops.deliveries[0].outgoing_count, 1);
    send_text(&other, "y");
    send_text(&one, "x");
    assert_int_equal(loops.deliveries[0].outgoing_count, 3);
    assert_int_equal(receiver_queued(&one.receiver), 101 * 3);
    peer_close(&one);
    peer_close(&other);
    loops_close(&loops);
}

/* More than one system call takes: the rest goes out when the socket is asked again. */
static void more_pieces_than_a_write_takes_arrive_in_order(void **state)
{
    struct loops loops;
    struct peer one, other;
    char expected[3 * 200] = "";
    size_t len = 0;
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &one, 0);
    peer_open(&loops, &other, 0);
    for (unsigned i = 0; i < 100; i++) {
        publish(&loops, 0, "a");
        send_text(&one, "b");
        send_text(&other, "c");
        len += (size_t)snprintf(expected + len, sizeof expected - len, i > 0 ? " a b" : "a b");
    }
    loops_settle(&loops);
    assert_true(one.receiver.wants_write);
    peer_read_all(&one);
    peer_read_all(&other);
    peer_expect(&one, expected);
    assert_int_equal(one.failed + one.overflowed, 0);
    peer_close(&one);
    peer_close(&other);
    loops_close(&loops);
}

/* -- shared frames -- */

static void a_shared_frame_is_encoded_once_for_any_number_of_receivers(void **state)
{
    struct loops loops;
    struct peer peers[3];
    (void)state;
    loops_open(&loops, 1);
    for (unsigned i = 0; i < 3; i++)
        peer_open(&loops, &peers[i], 0);
    struct shared_frame frame = share(&loops, "shared");
    for (unsigned i = 0; i < 3; i++) {
        publish(&loops, 0, "a");
        give(&peers[i], frame);
    }
    give(&peers[0], frame); /* Twice, if that is wanted. */
    assert_int_equal(loops.deliveries[0].unicast.len, 2 + strlen("shared"));
    delivery_flush(&loops.deliveries[0]);
    assert_int_equal(writes(&loops), 3);
    peer_expect(&peers[0], "a shared a a shared");
    peer_expect(&peers[1], "a a shared a");
    peer_expect(&peers[2], "a a a shared");
    for (unsigned i = 0; i < 3; i++)
        peer_close(&peers[i]);
    loops_close(&loops);
}

static void a_frame_that_was_encoded_elsewhere_can_be_shared(void **state)
{
    static const uint8_t encoded[] = {0x81, 2, 'h', 'i'};
    struct loops loops;
    struct peer peer;
    struct shared_frame frame;
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &peer, 0);
    send_text(&peer, "first");
    assert_int_equal(delivery_share_frame(&loops.deliveries[0], encoded, sizeof encoded, &frame),
                     OK);
    give(&peer, frame);
    delivery_flush(&loops.deliveries[0]);
    peer_expect(&peer, "first hi");
    peer_close(&peer);
    loops_close(&loops);
}

static void catching_up_is_for_open_members_with_something_to_catch_up_with(void **state)
{
    struct loops loops;
    struct peer peer;
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &peer, 0);
    assert_int_equal(outgoing_catch_up(&peer.receiver), OK);
    assert_int_equal(receiver_queued(&peer.receiver), 0);
    publish(&loops, 0, "abc");
    assert_int_equal(outgoing_catch_up(&peer.receiver), OK);
    assert_int_equal(outgoing_catch_up(&peer.receiver), OK); /* It has all by now. */
    assert_int_equal(receiver_queued(&peer.receiver), 5);
    publish(&loops, 0, "d");
    peer.receiver.is_open = false;
    assert_int_equal(outgoing_catch_up(&peer.receiver), OK);
    assert_int_equal(receiver_queued(&peer.receiver), 5);
    peer_close(&peer);
    loops_close(&loops);
}

/* -- memory -- */

static void
much_for_single_receivers_is_sent_after_the_event_and_its_memory_given_back(void **state)
{
    static char text[3 * UNICAST_FLUSH];
    struct loops loops;
    struct delivery_loop *loop = &loops.deliveries[0];
    struct peer peer;
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &peer, 0);
    assert_int_equal(receiver_send(&peer.receiver, OPCODE_BINARY, text, UNICAST_FLUSH - 10), OK);
    assert_false(loop->has_much_to_send);
    assert_int_equal(receiver_send(&peer.receiver, OPCODE_BINARY, text, 100), OK);
    assert_true(loop->has_much_to_send);
    delivery_flush(loop);
    assert_false(loop->has_much_to_send);
    assert_true(loop->unicast.capacity > 0);
    assert_int_equal(receiver_send(&peer.receiver, OPCODE_BINARY, text, sizeof text), OK);
    delivery_flush(loop);
    assert_int_equal(loop->unicast.capacity, 0);
    peer_close(&peer);
    loops_close(&loops);
}

static void many_runs_are_sent_after_the_event_and_their_memory_given_back(void **state)
{
    struct loops loops;
    struct delivery_loop *loop = &loops.deliveries[0];
    struct peer one, other;
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &one, 0);
    peer_open(&loops, &other, 0);
    struct shared_frame frame = share(&loops, "x");
    while (loop->outgoing_count <= RUNS_FLUSH) {
        assert_false(loop->has_much_to_send);
        give(&one, frame);
        give(&other, frame);
    }
    give(&one, frame);
    assert_true(loop->has_much_to_send);
    while (loop->outgoing_count <= 2 * RUNS_FLUSH)
        give(&one, frame);
    delivery_flush(loop);
    assert_int_equal(loop->outgoing_capacity, 0);
    send_text(&one, "y");
    assert_int_equal(loop->outgoing_count, 1);
    peer_close(&one);
    peer_close(&other);
    loops_close(&loops);
}

static void relief_is_asked_for_while_more_is_queued_than_may_be(void **state)
{
    static char text[100000];
    struct loops loops;
    struct peer peer;
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &peer, 0);
    peer_shrink(&peer);
    assert_int_equal(receiver_send(&peer.receiver, OPCODE_BINARY, text, sizeof text), OK);
    delivery_flush(&loops.deliveries[0]);
    assert_int_equal(loops.relieved, 0);
    delivery_set_limit(&loops.delivery, 1000);
    delivery_flush(&loops.deliveries[0]);
    assert_int_equal(loops.relieved, 0); /* Nobody has been written to. */
    publish(&loops, 0, "a");
    send_text(&peer, "b");
    delivery_flush(&loops.deliveries[0]);
    assert_int_equal(loops.relieved, 2); /* After an audience, and after a receiver. */
    peer_read_all(&peer);
    unsigned before = loops.relieved;
    send_text(&peer, "c");
    delivery_flush(&loops.deliveries[0]);
    assert_int_equal(loops.relieved, before);
    peer_close(&peer);
    loops_close(&loops);
}

/* Queues one message while an allocation fails. Returns false if there are fewer than `number`. */
static bool send_with_failure(unsigned number)
{
    struct loops loops;
    struct peer peer;
    loops_open(&loops, 1);
    peer_open(&loops, &peer, 0);
    publish(&loops, 0, "a");
    fail_allocation(number);
    int error = receiver_send(&peer.receiver, OPCODE_TEXT, "own", 3);
    bool has_failed = end_failing_allocations();
    assert_int_equal(error, has_failed ? ERR_NO_MEMORY : OK);
    assert_int_equal(loops.deliveries[0].unicast.len, has_failed ? 0 : 2 + strlen("own"));
    publish(&loops, 0, "b");
    send_text(&peer, "c");
    delivery_flush(&loops.deliveries[0]);
    peer_expect(&peer, has_failed ? "a b c" : "a own b c");
    peer_close(&peer);
    loops_close(&loops);
    return has_failed;
}

static void without_memory_nothing_is_queued(void **state)
{
    unsigned number = 1;
    (void)state;
    while (send_with_failure(number))
        number++;
    assert_int_equal(number, 3); /* The runs and the buffer have each failed. */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_receiver_gets_one_write_a_flush),
        cmocka_unit_test(runs_that_follow_each_other_are_one),
        cmocka_unit_test(more_pieces_than_a_write_takes_arrive_in_order),
        cmocka_unit_test(a_shared_frame_is_encoded_once_for_any_number_of_receivers),
        cmocka_unit_test(a_frame_that_was_encoded_elsewhere_can_be_shared),
        cmocka_unit_test(catching_up_is_for_open_members_with_something_to_catch_up_with),
        cmocka_unit_test(
            much_for_single_receivers_is_sent_after_the_event_and_its_memory_given_back),
        cmocka_unit_test(many_runs_are_sent_after_the_event_and_their_memory_given_back),
        cmocka_unit_test(relief_is_asked_for_while_more_is_queued_than_may_be),
        cmocka_unit_test(without_memory_nothing_is_queued),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
