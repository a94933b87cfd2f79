#include "delivery/loops.h"

#include <stdio.h>

#define WAKE_EARLY (32u * 1024) /* bytes; see forward.c */

static size_t on_its_way(const struct loops *loops)
{
    return memory_account_bytes(&loops->delivery.forwarded);
}

/* -- order -- */

/* To all, to topics, to identities, to another endpoint: all in one log. */
static void what_a_loop_has_published_arrives_in_its_order_whatever_it_went_to(void **state)
{
    (void)state;
    for (unsigned i = 1; i < LOOP_COUNTS; i++) {
        struct loops loops;
        struct peer sender, there;
        loops_open(&loops, loop_counts[i]);
        peer_open(&loops, &sender, 0);
        peer_open(&loops, &there, loops.count - 1);
        subscribe(&there, "x");
        subscribe(&there, "y");
        publish(&loops, 0, "all1");
        publish_to_topic(&sender, "x", "x1");
        publish(&loops, 0, "all2");
        publish(&loops, 0, "all3");
        publish_to_topic(&sender, "y", "y1");
        publish_to_topic(&sender, "z", "nobody's");
        publish_to_topic(&sender, "x", "x2");
        publish(&loops, 0, "all4");
        loops_settle(&loops);
        publish_to_topic(&sender, "y", "y2");
        publish(&loops, 0, "all5");
        loops_settle(&loops);
        peer_expect(&there, "all1 x1 all2 all3 y1 x2 all4 y2 all5");
        peer_expect(&sender, "all1 all2 all3 all4 all5");
        peer_close(&sender);
        peer_close(&there);
        loops_close(&loops);
    }
}

static void others_are_woken_early_for_much_and_it_stays_in_order(void **state)
{
    struct loops loops;
    struct peer sender, there;
    unsigned count = 0, seen = 0, first_woken = 0;
    char text[100];
    (void)state;
    loops_open(&loops, 2);
    peer_open(&loops, &sender, 0);
    peer_open(&loops, &there, 1);
    subscribe(&there, "x");
    for (; count < 20000; count++) {
        snprintf(text, sizeof text, "%05u", count);
        if (count % 3 == 0)
            publish(&loops, 0, text);
        else
            publish_to_topic(&sender, "x", text);
        if (first_woken == 0 && mails_waiting(&loops, 1) > 0)
            first_woken = count;
    }
    assert_in_range(first_woken, 1000, WAKE_EARLY / 2);
    loops_settle(&loops);
    peer_read_all(&there);
    struct got_frame frame;
    for (size_t at = 0; peer_next_frame(&there, &at, &frame); seen++) {
        snprintf(text, sizeof text, "%05u", seen);
        assert_int_equal(frame.len, 5);
        assert_memory_equal(frame.payload, text, 5);
    }
    assert_int_equal(seen, count);
    peer_close(&sender);
    peer_close(&there);
    loops_close(&loops);
}

/* A loop that gets much sends it in between, and must not mix up what comes behind. */
static void a_loop_that_gets_much_at_once_sends_it_in_order(void **state)
{
    static char text[100 * 1024];
    struct loops loops;
    struct peer sender, there;
    unsigned seen = 0;
    (void)state;
    loops_open(&loops, 2);
    peer_open(&loops, &sender, 0);
    peer_open(&loops, &there, 1);
    subscribe(&there, "x");
    for (unsigned i = 0; i < 10; i++) {
        memset(text, 'a' + (int)i, sizeof text);
        int error = i % 2 == 0 ? audience_publish(loops_audience(&loops, 0), OPCODE_BINARY, text,
                                                  sizeof text, &sender.receiver)
                               : topic_publish_from(&sender.receiver, "x", OPCODE_BINARY, text,
                                                    sizeof text, NULL);
        assert_int_equal(error, OK);
    }
    loops_settle(&loops);
    peer_read_all(&there);
    struct got_frame frame;
    for (size_t at = 0; peer_next_frame(&there, &at, &frame); seen++) {
        assert_int_equal(frame.len, sizeof text);
        assert_int_equal(frame.payload[0], 'a' + (int)seen);
        assert_int_equal(frame.payload[frame.len - 1], 'a' + (int)seen);
    }
    assert_int_equal(seen, 10);
    peer_close(&sender);
    peer_close(&there);
    loops_close(&loops);
}

/* Both have published before either has looked: whose came first is decided, for both of them. */
static void loops_that_publish_at_once_see_one_order(void **state)
{
    struct loops loops;
    struct peer peers[3];
    (void)state;
    loops_open(&loops, 3);
    for (unsigned i = 0; i < 3; i++) {
        peer_open(&loops, &peers[i], i);
        subscribe(&peers[i], "x");
    }
    publish(&loops, 1, "a");
    publish(&loops, 0, "b");
    publish_to_topic(&peers[2], "x", "c");
    assert_int_equal(fanout_publish(&loops.fanout, OPCODE_TEXT, "d", 1), OK);
    publish_to_topic(&peers[0], "x", "e");
    publish(&loops, 1, "f");
    loops_settle(&loops);
    for (unsigned i = 0; i < 3; i++)
        peer_expect(&peers[i], "a b c d e f");
    for (unsigned i = 0; i < 3; i++)
        peer_close(&peers[i]);
    loops_close(&loops);
}

/* What a plugin knows from its own memory: nobody has told the loop of it yet. */
static void what_a_loop_sends_joins_or_leaves_comes_after_what_was_published_before(void **state)
{
    struct loops loops;
    struct peer here, there, late;
    (void)state;
    loops_open(&loops, 2);
    peer_open(&loops, &here, 0);
    peer_open(&loops, &there, 1);
    publish(&loops, 0, "question");
    forward_pull(&loops.deliveries[1]);
    send_text(&there, "answer");
    publish(&loops, 0, "before");
    peer_open(&loops, &late, 1);
    publish(&loops, 0, "after");
    publish_to_topic(&here, "x", "before");
    subscribe(&late, "x");
    publish_to_topic(&here, "x", "within");
    topic_unsubscribe(&late.receiver, "x", 1);
    publish_to_topic(&here, "x", "after");
    loops_settle(&loops);
    peer_expect(&there, "question answer before after");
    peer_expect(&late, "after within");
    peer_expect(&here, "question before after");
    peer_close(&here);
    peer_close(&there);
    peer_close(&late);
    loops_close(&loops);
}

static void a_sender_without_echo_gets_what_others_published_before_and_after(void **state)
{
    struct loops loops;
    struct peer here, there;
    (void)state;
    loops_open(&loops, 2);
    peer_open(&loops, &here, 0);
    peer_open(&loops, &there, 1);
    subscribe(&here, "x");
    subscribe(&there, "x");
    publish(&loops, 1, "a");
    assert_int_equal(
        audience_publish(loops_audience(&loops, 0), OPCODE_TEXT, "own", 3, &here.receiver), OK);
    publish_to_topic(&there, "x", "b");
    assert_int_equal(topic_publish_from(&here.receiver, "x", OPCODE_TEXT, "own", 3, &here.receiver),
                     OK);
    publish(&loops, 1, "c");
    loops_settle(&loops);
    peer_expect(&here, "a b c");
    peer_expect(&there, "a own b own c");
    assert_int_equal(counter_read(&loops_audience(&loops, 0)->messages_out), 3);
    peer_close(&here);
    peer_close(&there);
    loops_close(&loops);
}

/* -- what is forwarded to whom -- */

static void each_other_loop_counts_each_message(void **state)
{
    struct loops loops;
    struct peer there[2];
    (void)state;
    loops_open(&loops, 2);
    peer_open(&loops, &there[0], 1);
    peer_open(&loops, &there[1], 1);
    subscribe(&there[0], "x");
    publish(&loops, 0, "a");
    publish(&loops, 0, "b");
    publish_to_topic(&there[0], "x", "c"); /* Nobody elsewhere: not forwarded. */
    loops_settle(&loops);
    peer_expect(&there[0], "a b c");
    assert_int_equal(counter_read(&loops_audience(&loops, 1)->messages_out), 5);
    peer_close(&there[0]);
    peer_close(&there[1]);
    loops_close(&loops);
}

static void what_only_one_loop_has_receivers_for_needs_no_memory_between_loops(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LOOP_COUNTS; i++) {
        struct loops loops;
        struct peer peer;
        loops_open(&loops, loop_counts[i]);
        peer_open(&loops, &peer, 0);
        subscribe(&peer, "x");
        uint64_t before = message_log_memory(&loops.delivery.log);
        publish(&loops, 0, "a");
        publish_to_topic(&peer, "x", "b");
        publish_to_topic(&peer, "nobody's", "c");
        assert_int_equal(message_log_memory(&loops.delivery.log), before);
        assert_false(forward_is_behind(&loops.deliveries[0]));
        flush(&loops);
        peer_expect(&peer, "a b");
        peer_close(&peer);
        loops_close(&loops);
    }
}

static void every_loop_but_the_publishers_is_woken_once_and_they_share_the_bytes(void **state)
{
    static char text[100000];
    struct loops loops;
    struct peer peers[8];
    (void)state;
    loops_open(&loops, 8);
    for (unsigned i = 0; i < 8; i++)
        peer_open(&loops, &peers[i], i);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(
            audience_publish(loops_audience(&loops, 2), OPCODE_BINARY, text, sizeof text, NULL),
            OK);
    delivery_flush(&loops.deliveries[2]);
    assert_in_range(on_its_way(&loops), 3 * sizeof text, 3 * sizeof text + 2000);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(mails_waiting(&loops, i), i == 2 ? 0 : 1);
        delivery_flush(&loops.deliveries[i]);
    }
    assert_int_equal(on_its_way(&loops), 0);
    for (unsigned i = 0; i < 8; i++)
        peer_close(&peers[i]);
    loops_close(&loops);
}

/* The third loop has no receiver for it, and is woken when it holds too much of it. */
static void a_loop_that_needs_nothing_does_not_hold_the_log_for_long(void **state)
{
    static char text[3000];
    struct loops loops;
    struct peer sender, there, other;
    size_t highest = 0;
    unsigned woken = 0;
    (void)state;
    loops_open(&loops, 3);
    peer_open(&loops, &sender, 0);
    peer_open(&loops, &there, 1);
    peer_open(&loops, &other, 2);
    subscribe(&there, "x");
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(
            topic_publish_from(&sender.receiver, "x", OPCODE_BINARY, text, sizeof text, NULL), OK);
        loops_iterate(&loops, 0);
        loops_iterate(&loops, 1);
        peer_read(&there);
        woken += mails_waiting(&loops, 2) > 0;
        highest = on_its_way(&loops) > highest ? on_its_way(&loops) : highest;
    }
    assert_in_range(highest, 64 * 1024, 256 * 1024);
    assert_in_range(woken, 10, 60);
    peer_close(&sender);
    peer_close(&there);
    /* With the last one who wanted it gone, nobody holds anything. */
    for (unsigned i = 0; i < 3; i++)
        loops_iterate(&loops, i);
    assert_int_equal(on_its_way(&loops), 0);
    peer_close(&other);
    loops_close(&loops);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_loop_has_published_arrives_in_its_order_whatever_it_went_to),
        cmocka_unit_test(others_are_woken_early_for_much_and_it_stays_in_order),
        cmocka_unit_test(a_loop_that_gets_much_at_once_sends_it_in_order),
        cmocka_unit_test(loops_that_publish_at_once_see_one_order),
        cmocka_unit_test(what_a_loop_sends_joins_or_leaves_comes_after_what_was_published_before),
        cmocka_unit_test(a_sender_without_echo_gets_what_others_published_before_and_after),
        cmocka_unit_test(each_other_loop_counts_each_message),
        cmocka_unit_test(what_only_one_loop_has_receivers_for_needs_no_memory_between_loops),
        cmocka_unit_test(every_loop_but_the_publishers_is_woken_once_and_they_share_the_bytes),
        cmocka_unit_test(a_loop_that_needs_nothing_does_not_hold_the_log_for_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
