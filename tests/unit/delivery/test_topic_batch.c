#include "delivery/loops.h"

#include "delivery/choosy_socket.h"
#include "failing_memory.h"

#include <stdio.h>

#define MANY TOPIC_BATCH_SUBSCRIBERS
#define PEERS_MAX 10u

static struct loops loops;
static struct peer peers[PEERS_MAX];

/* That many receivers on the first loop of so many, all of them in the topic "x". */
static void open_subscribers(unsigned loop_count, unsigned count)
{
    loops_open(&loops, loop_count);
    for (unsigned i = 0; i < count; i++) {
        peer_open(&loops, &peers[i], 0);
        subscribe(&peers[i], "x");
    }
}

static void close_subscribers(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        peer_close(&peers[i]);
    loops_close(&loops);
}

static void unsubscribe(struct peer *peer, const char *topic)
{
    topic_unsubscribe(&peer->receiver, topic, strlen(topic));
}

static void publish_except(struct peer *except, const char *text)
{
    assert_int_equal(topic_publish_from(&except->receiver, "x", OPCODE_TEXT, text, strlen(text),
                                        &except->receiver),
                     OK);
}

static uint64_t messages_out(void)
{
    return counter_read(&loops_audience(&loops, 0)->messages_out);
}

/* -- one batch for all -- */

static void a_message_takes_no_record_for_each_of_many_subscribers(void **state)
{
    (void)state;
    open_subscribers(1, MANY);
    for (unsigned i = 0; i < 3; i++)
        publish_to_topic(&peers[0], "x", "a");
    assert_int_equal(loops.deliveries[0].outgoing_count, 0);
    assert_int_equal(loops.deliveries[0].topic_batches.lent, 1);
    assert_true(delivery_is_dirty(&loops.deliveries[0]));
    flush(&loops);
    assert_false(delivery_is_dirty(&loops.deliveries[0]));
    assert_int_equal(loops.deliveries[0].topic_batches.lent, 0);
    for (unsigned i = 0; i < MANY; i++)
        peer_expect(&peers[i], "a a a");
    assert_int_equal(counter_read(&loops.deliveries[0].stats.writes), MANY);
    assert_int_equal(messages_out(), 3 * MANY);
    close_subscribers(MANY);
}

static void once_there_batches_are_used_again_without_an_allocation(void **state)
{
    (void)state;
    open_subscribers(1, MANY);
    for (unsigned round = 0; round < 3; round++) {
        unsigned before = allocation_count();
        publish_to_topic(&peers[0], "x", "a");
        publish(&loops, 0, "b");
        publish_to_topic(&peers[0], "x", "c");
        flush(&loops);
        assert_true(round == 0 || allocation_count() == before);
    }
    for (unsigned i = 0; i < MANY; i++)
        peer_expect(&peers[i], "a b c a b c a b c");
    close_subscribers(MANY);
}

static void what_another_loop_has_published_is_one_batch_too(void **state)
{
    struct peer there;
    (void)state;
    open_subscribers(2, MANY);
    peer_open(&loops, &there, 1);
    publish_to_topic(&there, "x", "a");
    publish_to_topic(&there, "x", "b");
    delivery_flush(&loops.deliveries[1]);
    loop_deliver_rest(&loops.loops[0]);
    assert_int_equal(loops.deliveries[0].outgoing_count, 0);
    flush(&loops);
    for (unsigned i = 0; i < MANY; i++)
        peer_expect(&peers[i], "a b");
    peer_close(&there);
    close_subscribers(MANY);
}

/* -- order -- */

static void topics_the_endpoint_and_single_receivers_keep_the_order_of_publishing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LOOP_COUNTS; i++) {
        open_subscribers(loop_counts[i], MANY);
        for (unsigned j = 0; j < MANY; j++)
            subscribe(&peers[j], "y");
        subscribe(&peers[0], "few");
        publish(&loops, 0, "a");
        publish_to_topic(&peers[0], "x", "b");
        publish_to_topic(&peers[0], "y", "c");
        publish_to_topic(&peers[0], "y", "d");
        send_text(&peers[0], "1");
        publish_to_topic(&peers[0], "x", "e");
        publish_to_topic(&peers[0], "few", "2");
        publish(&loops, 0, "f");
        publish_to_topic(&peers[0], "few", "3");
        publish_to_topic(&peers[0], "y", "g");
        send_text(&peers[0], "4");
        loops_settle(&loops);
        peer_expect(&peers[0], "a b c d 1 e 2 f 3 g 4");
        for (unsigned j = 1; j < MANY; j++)
            peer_expect(&peers[j], "a b c d e f g");
        close_subscribers(MANY);
    }
}

static void a_topic_that_gets_many_subscribers_keeps_the_order(void **state)
{
    (void)state;
    open_subscribers(1, MANY - 1);
    publish_to_topic(&peers[0], "x", "a");
    peer_open(&loops, &peers[MANY - 1], 0);
    subscribe(&peers[MANY - 1], "x");
    publish_to_topic(&peers[0], "x", "b");
    unsubscribe(&peers[1], "x");
    publish_to_topic(&peers[0], "x", "c");
    assert_int_equal(loops.deliveries[0].topic_batches.lent, 1);
    flush(&loops);
    publish_to_topic(&peers[0], "x", "d");
    assert_int_equal(loops.deliveries[0].topic_batches.lent, 0);
    flush(&loops);
    peer_expect(&peers[0], "a b c d");
    peer_expect(&peers[1], "a b");
    peer_expect(&peers[MANY - 1], "b c d");
    close_subscribers(MANY);
}

/* -- who gets it -- */

static void the_excepted_receiver_does_not_get_it(void **state)
{
    (void)state;
    open_subscribers(1, MANY);
    publish_except(&peers[1], "first");
    publish_to_topic(&peers[1], "x", "a");
    publish_except(&peers[1], "own");
    publish_except(&peers[2], "b");
    publish_except(&peers[1], "last");
    flush(&loops);
    peer_expect(&peers[1], "a b");
    peer_expect(&peers[2], "first a own last");
    peer_expect(&peers[3], "first a own b last");
    assert_int_equal(messages_out(), 5 * MANY - 4);
    publish_to_topic(&peers[1], "x", "c");
    flush(&loops);
    peer_expect(&peers[1], "c");
    close_subscribers(MANY);
}

static void whoever_subscribes_in_mid_iteration_gets_nothing_from_before(void **state)
{
    (void)state;
    open_subscribers(1, MANY);
    publish_to_topic(&peers[0], "x", "a");
    peer_open(&loops, &peers[MANY], 0);
    send_text(&peers[MANY], "welcome");
    subscribe(&peers[MANY], "x");
    publish_to_topic(&peers[0], "x", "b");
    flush(&loops);
    peer_expect(&peers[0], "a b");
    peer_expect(&peers[MANY], "welcome b");
    assert_int_equal(messages_out(), 2 * MANY + 1 + 1);
    publish_to_topic(&peers[0], "x", "c");
    flush(&loops);
    peer_expect(&peers[MANY], "c");
    close_subscribers(MANY + 1);
}

static void whoever_unsubscribes_gets_what_was_published_before(void **state)
{
    (void)state;
    open_subscribers(1, MANY);
    publish_to_topic(&peers[0], "x", "a");
    for (unsigned i = 1; i < MANY; i++)
        unsubscribe(&peers[i], "x");
    send_text(&peers[1], "1");
    publish_to_topic(&peers[0], "x", "b");
    subscribe(&peers[1], "x");
    publish_to_topic(&peers[0], "x", "c");
    flush(&loops);
    peer_expect(&peers[0], "a b c");
    peer_expect(&peers[1], "a 1 c");
    peer_expect(&peers[2], "a");
    assert_int_equal(messages_out(), MANY + 1 + 2 + 1);
    close_subscribers(MANY);
}

static void when_all_have_left_a_topic_they_get_what_was_published_before(void **state)
{
    (void)state;
    open_subscribers(1, MANY);
    publish_to_topic(&peers[0], "x", "a");
    for (unsigned i = 0; i < MANY; i++)
        unsubscribe(&peers[i], "x");
    subscribe(&peers[0], "x"); /* Another topic, of the same name. */
    publish_to_topic(&peers[0], "x", "b");
    flush(&loops);
    peer_expect(&peers[0], "a b");
    for (unsigned i = 1; i < MANY; i++)
        peer_expect(&peers[i], "a");
    assert_int_equal(messages_out(), MANY + 1);
    close_subscribers(MANY);
}

static void a_receiver_that_closes_gets_what_was_published_before(void **state)
{
    (void)state;
    open_subscribers(1, MANY);
    publish_to_topic(&peers[0], "x", "a");
    assert_int_equal(topic_batches_catch_up(&peers[1].receiver), OK);
    send_text(&peers[1], "bye");
    peers[1].receiver.is_open = false;
    publish_to_topic(&peers[0], "x", "b");
    flush(&loops);
    peer_expect(&peers[1], "a bye");
    peer_expect(&peers[0], "a b");
    assert_int_equal(messages_out(), 2 * MANY - 1 + 1);
    close_subscribers(MANY);
}

static void a_receiver_that_ends_in_mid_iteration_harms_nobody(void **state)
{
    (void)state;
    open_subscribers(1, MANY);
    publish_to_topic(&peers[0], "x", "a");
    peers[0].receiver.is_open = false;
    receiver_end(&peers[0].receiver);
    publish_to_topic(&peers[1], "x", "b");
    flush(&loops);
    for (unsigned i = 1; i < MANY; i++)
        peer_expect(&peers[i], "a b");
    close_subscribers(MANY);
}

/* -- slow receivers -- */

static void slow_subscribers_share_what_they_have_not_been_sent(void **state)
{
    static char text[LARGE + 1];
    (void)state;
    memset(text, 'x', LARGE);
    open_subscribers(1, PEERS_MAX);
    socket_takes = 0;
    for (unsigned i = 0; i < 10; i++) {
        publish_to_topic(&peers[0], "x", text);
        flush(&loops);
    }
    assert_in_range(queued_memory(&loops), 10 * LARGE, 24 * LARGE); /* Not ten times that. */
    socket_takes = SIZE_MAX;
    for (unsigned i = 0; i < PEERS_MAX; i++) {
        assert_true(peers[i].receiver.outbox.held >= 10 * LARGE); /* It is charged to each. */
        peer_read_all(&peers[i]);
        assert_int_equal(peers[i].got.len, 10 * (4 + LARGE));
    }
    assert_int_equal(queued_memory(&loops), 0);
    close_subscribers(PEERS_MAX);
}

/* -- memory -- */

static void much_is_sent_after_the_event_whatever_topics_it_is_for(void **state)
{
    static char text[AUDIENCE_BATCH_FLUSH / 4];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    open_subscribers(1, MANY);
    for (unsigned i = 0; i < MANY; i++)
        subscribe(&peers[i], "y");
    for (unsigned i = 0; i < 3; i++)
        publish_to_topic(&peers[0], i % 2 == 0 ? "x" : "y", text);
    assert_false(loops.deliveries[0].has_much_to_send);
    publish_to_topic(&peers[0], "y", text);
    publish_to_topic(&peers[0], "y", "a");
    assert_true(loops.deliveries[0].has_much_to_send);
    flush(&loops);
    for (unsigned i = 0; i < MANY; i++)
        peer_read_all(&peers[i]);
    assert_false(loops.deliveries[0].has_much_to_send);
    close_subscribers(MANY);
}

static void batches_that_nobody_uses_are_bounded(void **state)
{
    const struct topic_batches *batches = &loops.deliveries[0].topic_batches;
    char name[20];
    (void)state;
    open_subscribers(1, MANY);
    for (unsigned j = 0; j < MANY; j++)
        peers[j].limits.topics = 2000;
    for (unsigned i = 0; i < 1200; i++) {
        snprintf(name, sizeof name, "topic %u", i);
        for (unsigned j = 0; j < MANY; j++)
            subscribe(&peers[j], name);
        publish_to_topic(&peers[0], name, name);
    }
    assert_int_equal(batches->lent, 1200);
    flush(&loops);
    assert_int_equal(batches->lent, 0);
    assert_int_equal(batches->count, 1024);
    for (unsigned j = 0; j < MANY; j++)
        peer_read_all(&peers[j]);
    for (unsigned i = 0; i < 4; i++)
        publish_to_topic(&peers[0], "x", "a");
    flush(&loops);
    assert_true(batches->list[0]->batch.frames.capacity <= 1024);
    close_subscribers(MANY);
}

/* Publishes and flushes while an allocation fails. Returns false if there are fewer. */
static bool publish_with_failure(unsigned number)
{
    unsigned without = 0;
    open_subscribers(2, MANY);
    publish(&loops, 0, "a");
    fail_allocation(number);
    int error = topic_publish_from(&peers[0].receiver, "x", OPCODE_TEXT, "b", 1, NULL);
    flush(&loops);
    bool has_failed = end_failing_allocations();
    publish_to_topic(&peers[0], "x", "c");
    flush(&loops);
    for (unsigned i = 0; i < MANY; i++) {
        bool is_without = peers[i].overflowed > 0 || peers[i].failed > 0;
        without += is_without;
        peer_read(&peers[i]);
        if (is_without) /* Told to close, or ended: it cannot be said in which order things were. */
            peers[i].got.len = 0;
        peer_expect(&peers[i], is_without ? "" : error == OK ? "a b c" : "a c");
    }
    assert_true(has_failed || (error == OK && without == 0));
    assert_true(error == OK || without == 0);
    assert_true(without <= 1);
    close_subscribers(MANY);
    return has_failed;
}

static void without_memory_the_publisher_is_told_or_one_receiver_has_to_end(void **state)
{
    unsigned number = 1;
    (void)state;
    while (publish_with_failure(number))
        number++;
    assert_true(number > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_takes_no_record_for_each_of_many_subscribers),
        cmocka_unit_test(once_there_batches_are_used_again_without_an_allocation),
        cmocka_unit_test(what_another_loop_has_published_is_one_batch_too),
        cmocka_unit_test(topics_the_endpoint_and_single_receivers_keep_the_order_of_publishing),
        cmocka_unit_test(a_topic_that_gets_many_subscribers_keeps_the_order),
        cmocka_unit_test(the_excepted_receiver_does_not_get_it),
        cmocka_unit_test(whoever_subscribes_in_mid_iteration_gets_nothing_from_before),
        cmocka_unit_test(whoever_unsubscribes_gets_what_was_published_before),
        cmocka_unit_test(when_all_have_left_a_topic_they_get_what_was_published_before),
        cmocka_unit_test(a_receiver_that_closes_gets_what_was_published_before),
        cmocka_unit_test(a_receiver_that_ends_in_mid_iteration_harms_nobody),
        cmocka_unit_test(slow_subscribers_share_what_they_have_not_been_sent),
        cmocka_unit_test(much_is_sent_after_the_event_whatever_topics_it_is_for),
        cmocka_unit_test(batches_that_nobody_uses_are_bounded),
        cmocka_unit_test(without_memory_the_publisher_is_told_or_one_receiver_has_to_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
