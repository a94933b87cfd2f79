#include "delivery/loops.h"

#include "delivery/outgoing.h"
#include "failing_memory.h"

static struct loops loops;
static struct peer peer;

static int begin(void **state)
{
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &peer, 0);
    peer.limits.overflow = OVERFLOW_DROP_OLDEST;
    peer.limits.gap_text = "{dropped}/{bytes}";
    return 0;
}

static int end(void **state)
{
    (void)state;
    peer_close(&peer);
    loops_close(&loops);
    return 0;
}

static void runs_that_follow_each_other_are_one(void **state)
{
    (void)state;
    send_text(&peer, "a");
    send_text(&peer, "b");
    assert_int_equal(loops.deliveries[0].outgoing_count, 1);
    assert_int_equal(receiver_send_control(&peer.receiver, OPCODE_TEXT, "c", 1), OK);
    send_text(&peer, "d");
    assert_int_equal(loops.deliveries[0].outgoing_count, 3);
    flush(&loops);
    peer_expect(&peer, "a b c d");
}

static void catching_up_puts_what_was_published_in_front(void **state)
{
    (void)state;
    publish(&loops, 0, "a");
    assert_int_equal(outgoing_catch_up(&peer.receiver), OK);
    assert_int_equal(outgoing_catch_up(&peer.receiver), OK); /* Nothing more. */
    assert_int_equal(loops.deliveries[0].outgoing_count, 1);
    publish(&loops, 0, "b");
    send_text(&peer, "c");
    publish(&loops, 0, "d");
    flush(&loops);
    peer_expect(&peer, "a b c d");
}

static void gaps_stand_where_messages_are_missing(void **state)
{
    (void)state;
    publish(&loops, 0, "a");
    assert_int_equal(outgoing_add_gap(&peer.receiver, 1, 10), OK);
    assert_int_equal(outgoing_add_gap(&peer.receiver, 2, 20), OK);
    publish(&loops, 0, "b");
    assert_int_equal(outgoing_add_gap(&peer.receiver, UINT64_MAX, UINT64_MAX), OK);
    assert_int_equal(outgoing_add_gap(&peer.receiver, 1, 1), OK); /* As much as is known. */
    assert_int_equal(receiver_queued(&peer.receiver), 2 * 3);
    flush(&loops);
    peer_expect(&peer, "a 3/30 b 4294967295/4294967295");
}

/* With a topic's batch, which is looked at last. */
static void what_is_sorted_has_gaps_and_control_messages_in_their_places(void **state)
{
    struct peer others[TOPIC_BATCH_SUBSCRIBERS];
    (void)state;
    subscribe(&peer, "x");
    for (unsigned i = 0; i < TOPIC_BATCH_SUBSCRIBERS; i++) {
        peer_open(&loops, &others[i], 0);
        subscribe(&others[i], "x");
    }
    assert_int_equal(outgoing_add_gap(&peer.receiver, 1, 10), OK);
    publish_to_topic(&peer, "x", "a");
    assert_int_equal(outgoing_add_gap(&peer.receiver, 2, 20), OK);
    publish(&loops, 0, "b");
    publish_to_topic(&peer, "x", "c");
    publish_to_topic(&peer, "x", "d");
    assert_int_equal(receiver_send_control(&peer.receiver, OPCODE_TEXT, "e", 1), OK);
    publish(&loops, 0, "f");
    flush(&loops);
    peer_expect(&peer, "1/10 a 2/20 b c d e f");
    for (unsigned i = 0; i < TOPIC_BATCH_SUBSCRIBERS; i++) {
        peer_expect(&others[i], "a b c d f");
        peer_close(&others[i]);
    }
}

static void without_memory_there_is_no_run(void **state)
{
    (void)state;
    fail_allocation(1);
    assert_int_equal(outgoing_add_gap(&peer.receiver, 1, 1), ERR_NO_MEMORY);
    assert_true(end_failing_allocations());
    publish(&loops, 0, "a");
    fail_allocation(1);
    assert_int_equal(outgoing_catch_up(&peer.receiver), ERR_NO_MEMORY);
    assert_true(end_failing_allocations());
    flush(&loops);
    peer_expect(&peer, "a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(runs_that_follow_each_other_are_one, begin, end),
        cmocka_unit_test_setup_teardown(catching_up_puts_what_was_published_in_front, begin, end),
        cmocka_unit_test_setup_teardown(gaps_stand_where_messages_are_missing, begin, end),
        cmocka_unit_test_setup_teardown(
            what_is_sorted_has_gaps_and_control_messages_in_their_places, begin, end),
        cmocka_unit_test_setup_teardown(without_memory_there_is_no_run, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
