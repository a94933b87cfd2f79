#include "delivery/loops.h"

#include "failing_memory.h"

#include <stdio.h>

#define MANY 200u /* topics, more than a table begins with */

static uint32_t count_of(struct loops *loops, enum topic_kind kind, const char *name)
{
    return topic_count(&loops->fanout, kind, name, strlen(name));
}

static void assert_totals(const struct loops *loops, uint32_t topics, uint32_t subscriptions)
{
    uint32_t found_topics, found_subscriptions;
    topic_totals(&loops->fanout, &found_topics, &found_subscriptions);
    assert_int_equal(found_topics, topics);
    assert_int_equal(found_subscriptions, subscriptions);
}

static void unsubscribe(struct peer *peer, const char *topic)
{
    topic_unsubscribe(&peer->receiver, topic, strlen(topic));
}

static int publish_from_anywhere(struct loops *loops, enum topic_kind kind, const char *name,
                                 const char *text)
{
    return topic_publish(&loops->fanout, kind, name, strlen(name), OPCODE_TEXT, text, strlen(text));
}

/* -- names -- */

static void names_are_utf8_of_up_to_255_bytes_without_a_zero(void **state)
{
    char name[TOPIC_NAME_MAX + 1];
    (void)state;
    memset(name, 'x', sizeof name);
    assert_true(topic_is_name("x", 1));
    assert_true(topic_is_name(name, TOPIC_NAME_MAX));
    assert_true(topic_is_name("\xc3\xa4 / \xe2\x82\xac", 8));
    assert_false(topic_is_name("", 0));
    assert_false(topic_is_name(name, TOPIC_NAME_MAX + 1));
    assert_false(topic_is_name("a\0b", 3));
    assert_false(topic_is_name("\xc3", 1));
    assert_false(topic_is_name("\xff", 1));
}

static void what_is_no_name_is_refused(void **state)
{
    struct loops loops;
    struct peer peer;
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &peer, 0);
    assert_int_equal(topic_subscribe(&peer.receiver, "", 0), ERR_INVALID);
    assert_int_equal(topic_subscribe(&peer.receiver, "a\0b", 3), ERR_INVALID);
    assert_int_equal(publish_from_anywhere(&loops, TOPIC_NAMED, "", "a"), ERR_INVALID);
    assert_int_equal(publish_from_anywhere(&loops, TOPIC_NAMED, "\xff", "a"), ERR_INVALID);
    topic_unsubscribe(&peer.receiver, "", 0);
    subscribe(&peer, "x");
    topic_unsubscribe(&peer.receiver, "x\0", 2);
    assert_int_equal(count_of(&loops, TOPIC_NAMED, "x"), 1);
    peer_close(&peer);
    loops_close(&loops);
}

/* -- membership -- */

static void subscribing_twice_is_subscribing_once(void **state)
{
    struct loops loops;
    struct peer peer;
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &peer, 0);
    subscribe(&peer, "x");
    subscribe(&peer, "x");
    assert_int_equal(count_of(&loops, TOPIC_NAMED, "x"), 1);
    publish_to_topic(&peer, "x", "a");
    loops_settle(&loops);
    peer_expect(&peer, "a");
    unsubscribe(&peer, "x");
    unsubscribe(&peer, "x");
    unsubscribe(&peer, "y");
    assert_totals(&loops, 0, 0);
    publish_to_topic(&peer, "x", "b");
    loops_settle(&loops);
    peer_expect(&peer, "");
    peer_close(&peer);
    loops_close(&loops);
}

static void a_receiver_may_be_in_as_many_topics_as_its_limit_says(void **state)
{
    struct loops loops;
    struct peer peer;
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &peer, 0);
    peer.limits.topics = 2;
    assert_int_equal(topic_join_identity(&peer.receiver, "ada"), OK); /* Is no topic. */
    subscribe(&peer, "x");
    subscribe(&peer, "y");
    assert_int_equal(topic_subscribe(&peer.receiver, "z", 1), ERR_LIMIT);
    subscribe(&peer, "x"); /* It is there already. */
    assert_totals(&loops, 2, 2);
    assert_int_equal(loops.deliveries[0].topics.used, 3);
    unsubscribe(&peer, "x");
    subscribe(&peer, "z");
    topic_leave_all(&peer.receiver);
    assert_null(peer.receiver.subscriptions);
    peer.limits.topics = 0;
    assert_int_equal(topic_subscribe(&peer.receiver, "z", 1), ERR_LIMIT);
    assert_totals(&loops, 0, 0);
    peer_close(&peer);
    loops_close(&loops);
}

static void a_receivers_topics_are_named_without_its_identity(void **state)
{
    struct loops loops;
    struct peer peer;
    uint64_t cursor = 0;
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &peer, 0);
    assert_null(topic_next(&peer.receiver, &cursor));
    assert_false(topic_has(&peer.receiver, "x", 1));
    subscribe(&peer, "x");
    assert_int_equal(topic_join_identity(&peer.receiver, "ada"), OK);
    assert_true(topic_has(&peer.receiver, "x", 1));
    assert_false(topic_has(&peer.receiver, "ada", 3));
    assert_string_equal(topic_next(&peer.receiver, &cursor)->name, "x");
    assert_null(topic_next(&peer.receiver, &cursor));
    topic_leave_all(&peer.receiver);
    peer_close(&peer);
    loops_close(&loops);
}

static void a_receiver_that_is_not_open_subscribes_to_nothing_and_gets_nothing(void **state)
{
    struct loops loops;
    struct peer sender, closing;
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &sender, 0);
    peer_open(&loops, &closing, 0);
    subscribe(&closing, "x");
    publish_to_topic(&sender, "x", "a");
    closing.receiver.is_open = false;
    publish_to_topic(&sender, "x", "b");
    assert_int_equal(topic_subscribe(&closing.receiver, "y", 1), ERR_INVALID);
    loops_settle(&loops);
    peer_expect(&closing, "a");
    peer_close(&sender);
    peer_close(&closing);
    loops_close(&loops);
}

static void subscribers_are_counted_on_all_loops(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LOOP_COUNTS; i++) {
        struct loops loops;
        struct peer peers[LOOPS_MAX];
        loops_open(&loops, loop_counts[i]);
        for (unsigned j = 0; j < loops.count; j++) {
            peer_open(&loops, &peers[j], j);
            subscribe(&peers[j], "x");
            assert_int_equal(topic_join_identity(&peers[j].receiver, "x"), OK);
        }
        subscribe(&peers[0], "y");
        assert_int_equal(count_of(&loops, TOPIC_NAMED, "x"), loops.count);
        assert_int_equal(count_of(&loops, TOPIC_IDENTITY, "x"), loops.count);
        assert_int_equal(count_of(&loops, TOPIC_NAMED, "y"), 1);
        assert_int_equal(count_of(&loops, TOPIC_IDENTITY, "y"), 0);
        assert_totals(&loops, 2, loops.count + 1);
        for (unsigned j = 0; j < loops.count; j++)
            peer_close(&peers[j]);
        assert_totals(&loops, 0, 0);
        assert_int_equal(count_of(&loops, TOPIC_IDENTITY, "x"), 0);
        loops_close(&loops);
    }
}

static void many_topics_are_kept_apart(void **state)
{
    struct loops loops;
    struct peer peers[2];
    char name[20];
    (void)state;
    loops_open(&loops, 1);
    for (unsigned i = 0; i < 2; i++) {
        peer_open(&loops, &peers[i], 0);
        peers[i].limits.topics = MANY;
    }
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "topic %u", i);
        subscribe(&peers[i % 2], name);
    }
    assert_totals(&loops, MANY, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "topic %u", i);
        publish_to_topic(&peers[0], name, name);
        loops_settle(&loops);
        peer_expect(&peers[i % 2], name);
        peer_expect(&peers[(i + 1) % 2], "");
        unsubscribe(&peers[i % 2], name);
    }
    assert_int_equal(loops.deliveries[0].topics.used, 0);
    peer_close(&peers[0]);
    peer_close(&peers[1]);
    loops_close(&loops);
}

static void members_leave_in_any_order(void **state)
{
    struct loops loops;
    struct peer peers[9];
    (void)state;
    loops_open(&loops, 1);
    for (unsigned i = 0; i < 9; i++) {
        peer_open(&loops, &peers[i], 0);
        subscribe(&peers[i], "x");
    }
    unsubscribe(&peers[8], "x");
    unsubscribe(&peers[0], "x");
    unsubscribe(&peers[4], "x");
    publish_to_topic(&peers[0], "x", "a");
    loops_settle(&loops);
    for (unsigned i = 0; i < 9; i++)
        peer_expect(&peers[i], i % 4 == 0 ? "" : "a");
    for (unsigned i = 0; i < 9; i++)
        peer_close(&peers[i]);
    loops_close(&loops);
}

/* -- without memory -- */

/* Subscribes while an allocation fails. Returns false if there are fewer than `number`. */
static bool subscribe_with_failure(unsigned number)
{
    struct loops loops;
    struct peer peer;
    loops_open(&loops, 1);
    peer_open(&loops, &peer, 0);
    fail_allocation(number);
    int error = topic_subscribe(&peer.receiver, "x", 1);
    bool has_failed = end_failing_allocations();
    assert_int_equal(error, has_failed ? ERR_NO_MEMORY : OK);
    assert_int_equal(count_of(&loops, TOPIC_NAMED, "x"), !has_failed);
    assert_totals(&loops, !has_failed, !has_failed);
    assert_int_equal(loops.deliveries[0].topics.used, !has_failed);
    publish_to_topic(&peer, "x", "a");
    subscribe(&peer, "x"); /* It can be tried again. */
    publish_to_topic(&peer, "x", "b");
    loops_settle(&loops);
    peer_expect(&peer, has_failed ? "b" : "a b");
    peer_close(&peer);
    assert_totals(&loops, 0, 0);
    loops_close(&loops);
    return has_failed;
}

static void without_memory_nobody_is_subscribed_and_nothing_is_counted(void **state)
{
    unsigned number = 1;
    (void)state;
    while (subscribe_with_failure(number))
        number++;
    assert_true(number > 5); /* The set, the topic, its members and its count, at least. */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_utf8_of_up_to_255_bytes_without_a_zero),
        cmocka_unit_test(what_is_no_name_is_refused),
        cmocka_unit_test(subscribing_twice_is_subscribing_once),
        cmocka_unit_test(a_receiver_may_be_in_as_many_topics_as_its_limit_says),
        cmocka_unit_test(a_receivers_topics_are_named_without_its_identity),
        cmocka_unit_test(a_receiver_that_is_not_open_subscribes_to_nothing_and_gets_nothing),
        cmocka_unit_test(subscribers_are_counted_on_all_loops),
        cmocka_unit_test(many_topics_are_kept_apart),
        cmocka_unit_test(members_leave_in_any_order),
        cmocka_unit_test(without_memory_nobody_is_subscribed_and_nothing_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
