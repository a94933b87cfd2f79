/* What is published to topics and identities, and who gets it. */
#include "delivery/loops.h"

#include "current_loop.h"
#include "failing_memory.h"

static int publish_from_anywhere(struct loops *loops, enum topic_kind kind, const char *name,
                                 const char *text)
{
    return topic_publish(&loops->fanout, kind, name, strlen(name), OPCODE_TEXT, text, strlen(text));
}

static void a_receiver_in_several_topics_gets_all_in_the_order_of_publishing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LOOP_COUNTS; i++) {
        struct loops loops;
        struct peer here, there;
        struct peer *peers[] = {&here, &there};
        loops_open(&loops, loop_counts[i]);
        peer_open(&loops, &here, 0);
        peer_open(&loops, &there, loops.count - 1);
        for (unsigned j = 0; j < 2; j++) {
            subscribe(peers[j], "x");
            subscribe(peers[j], "y");
        }
        publish(&loops, 0, "a");
        publish_to_topic(&here, "x", "b");
        publish_to_topic(&here, "y", "c");
        publish_to_topic(&here, "x", "d");
        publish(&loops, 0, "e");
        publish_to_topic(&here, "z", "nobody's");
        publish_to_topic(&here, "y", "f");
        loops_settle(&loops);
        peer_expect(&here, "a b c d e f");
        peer_expect(&there, "a b c d e f");
        peer_close(&here);
        peer_close(&there);
        loops_close(&loops);
    }
}

static void the_excepted_receiver_does_not_get_it(void **state)
{
    struct loops loops;
    struct peer sender, here, there;
    struct peer *peers[] = {&sender, &here, &there};
    (void)state;
    loops_open(&loops, 2);
    for (unsigned i = 0; i < 3; i++) {
        peer_open(&loops, peers[i], i / 2);
        subscribe(peers[i], "x");
    }
    assert_int_equal(
        topic_publish_from(&sender.receiver, "x", OPCODE_TEXT, "a", 1, &sender.receiver), OK);
    publish_to_topic(&sender, "x", "b");
    loops_settle(&loops);
    peer_expect(&sender, "b");
    peer_expect(&here, "a b");
    peer_expect(&there, "a b");
    assert_int_equal(counter_read(&loops_audience(&loops, 0)->messages_out), 3);
    for (unsigned i = 0; i < 3; i++)
        peer_close(peers[i]);
    loops_close(&loops);
}

static void any_thread_reaches_the_subscribers_of_all_loops(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LOOP_COUNTS; i++) {
        struct loops loops;
        struct peer here, there;
        struct peer *peers[] = {&here, &there};
        loops_open(&loops, loop_counts[i]);
        for (unsigned j = 0; j < 2; j++) {
            peer_open(&loops, peers[j], j == 0 ? 0 : loops.count - 1);
            subscribe(peers[j], "x");
        }
        assert_int_equal(publish_from_anywhere(&loops, TOPIC_NAMED, "x", "a"), OK);
        assert_int_equal(publish_from_anywhere(&loops, TOPIC_NAMED, "y", "nobody's"), OK);
        loops_settle(&loops);
        current_loop = &loops.loops[0];
        assert_int_equal(publish_from_anywhere(&loops, TOPIC_NAMED, "x", "b"), OK);
        assert_int_equal(publish_from_anywhere(&loops, TOPIC_NAMED, "y", "nobody's"), OK);
        current_loop = NULL;
        loops_settle(&loops);
        peer_expect(&here, "a b");
        peer_expect(&there, "a b");
        peer_close(&here);
        peer_close(&there);
        loops_close(&loops);
    }
}

static void an_identity_is_reached_wherever_its_clients_are(void **state)
{
    struct loops loops;
    struct peer peers[3];
    (void)state;
    loops_open(&loops, 2);
    for (unsigned i = 0; i < 3; i++) {
        peer_open(&loops, &peers[i], i % 2);
        assert_int_equal(topic_join_identity(&peers[i].receiver, i < 2 ? "ada" : "bob"), OK);
        subscribe(&peers[i], i < 2 ? "bob" : "ada"); /* Topics are something else. */
    }
    assert_int_equal(publish_from_anywhere(&loops, TOPIC_IDENTITY, "ada", "hello"), OK);
    loops_settle(&loops);
    peer_expect(&peers[0], "hello");
    peer_expect(&peers[1], "hello");
    peer_expect(&peers[2], "");
    for (unsigned i = 0; i < 3; i++)
        peer_close(&peers[i]);
    loops_close(&loops);
}

/* A message to a topic without subscribers must not fill the loop's buffer. */
static void what_nobody_here_is_in_takes_no_memory_here(void **state)
{
    struct loops loops;
    struct peer sender;
    (void)state;
    loops_open(&loops, 2);
    peer_open(&loops, &sender, 0);
    send_text(&sender, "a");
    size_t before = loops.deliveries[0].unicast.len;
    publish_to_topic(&sender, "x", "nobody's");
    assert_int_equal(loops.deliveries[0].unicast.len, before);
    send_text(&sender, "b");
    loops_settle(&loops);
    peer_expect(&sender, "a b");
    peer_close(&sender);
    loops_close(&loops);
}

static void nothing_more_is_taken_from_outside_while_too_much_is_on_its_way(void **state)
{
    struct loops loops;
    struct peer peer;
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &peer, 0);
    subscribe(&peer, "x");
    delivery_set_limit(&loops.delivery, 10);
    assert_int_equal(publish_from_anywhere(&loops, TOPIC_NAMED, "x", "a"), OK);
    assert_int_equal(publish_from_anywhere(&loops, TOPIC_NAMED, "x", "b"), ERR_LIMIT);
    loops_settle(&loops);
    assert_int_equal(publish_from_anywhere(&loops, TOPIC_NAMED, "x", "c"), OK);
    loops_settle(&loops);
    peer_close(&peer);
    loops_close(&loops);
}

/* Publishes while an allocation fails. Returns false if there are fewer than `number`. */
static bool publish_with_failure(unsigned number)
{
    struct loops loops;
    struct peer here, there;
    struct peer *peers[] = {&here, &there};
    loops_open(&loops, 2);
    for (unsigned i = 0; i < 2; i++) {
        peer_open(&loops, peers[i], i);
        subscribe(peers[i], "x");
    }
    fail_allocation(number);
    int error = topic_publish_from(&here.receiver, "x", OPCODE_TEXT, "a", 1, NULL);
    bool has_failed = end_failing_allocations();
    /* The log's; the bytes here; a run, whose loss concerns one receiver, which is closed for it.
     */
    assert_int_equal(error, number == 1 ? ERR_NO_MEMORY : OK);
    assert_int_equal(loops_drops(&loops, DROP_NO_MEMORY), has_failed && number >= 2);
    publish_to_topic(&here, "x", "b");
    loops_settle(&loops);
    peer_expect(&here, has_failed ? "b" : "a b");
    peer_expect(&there, number == 1 ? "b" : "a b");
    assert_int_equal(here.overflowed, has_failed && number >= 2);
    assert_int_equal(there.overflowed, 0);
    peer_close(&here);
    peer_close(&there);
    loops_close(&loops);
    return has_failed;
}

static void without_memory_the_publisher_is_told_or_a_drop_is_counted(void **state)
{
    unsigned number = 1;
    (void)state;
    while (publish_with_failure(number))
        number++;
    assert_int_equal(number, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_receiver_in_several_topics_gets_all_in_the_order_of_publishing),
        cmocka_unit_test(the_excepted_receiver_does_not_get_it),
        cmocka_unit_test(any_thread_reaches_the_subscribers_of_all_loops),
        cmocka_unit_test(an_identity_is_reached_wherever_its_clients_are),
        cmocka_unit_test(what_nobody_here_is_in_takes_no_memory_here),
        cmocka_unit_test(nothing_more_is_taken_from_outside_while_too_much_is_on_its_way),
        cmocka_unit_test(without_memory_the_publisher_is_told_or_a_drop_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
