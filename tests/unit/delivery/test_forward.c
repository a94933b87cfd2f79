#include "delivery/loops.h"

#include "failing_memory.h"

#include <stdio.h>

#define TOPICS_FLUSH (32u * 1024)  /* bytes; see forward.c */
#define RECORDS_KEEP (512u * 1024) /* likewise */

static const struct outbound *outbound_of(const struct loops *loops)
{
    return &loops->deliveries[0].outbound;
}

/* -- order -- */

/* To all, to topics, to identities, to another endpoint: all in one buffer of records. */
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

static void much_is_posted_early_and_stays_in_order(void **state)
{
    struct loops loops;
    struct peer sender, there;
    unsigned count = 0, seen = 0;
    char text[100];
    (void)state;
    loops_open(&loops, 2);
    peer_open(&loops, &sender, 0);
    peer_open(&loops, &there, 1);
    subscribe(&there, "x");
    for (; count < 2000; count++) {
        snprintf(text, sizeof text, "%05u", count);
        if (count % 3 == 0)
            publish(&loops, 0, text);
        else
            publish_to_topic(&sender, "x", text);
        assert_true(outbound_of(&loops)->records.len < TOPICS_FLUSH + 200);
    }
    assert_true(mails_waiting(&loops, 1) > 2);
    delivery_flush(&loops.deliveries[1]);
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

/* -- records -- */

static void broadcasts_in_a_row_are_one_record(void **state)
{
    struct loops loops;
    struct peer sender;
    (void)state;
    loops_open(&loops, 2);
    peer_open(&loops, &sender, 0);
    publish(&loops, 0, "abc");
    size_t first = outbound_of(&loops)->records.len;
    publish(&loops, 0, "abc");
    assert_int_equal(outbound_of(&loops)->records.len, first + 5);
    publish_to_topic(&sender, "x", "abc");
    size_t before = outbound_of(&loops)->records.len;
    publish(&loops, 0, "abc"); /* The record before was another's: this is a new one. */
    assert_int_equal(outbound_of(&loops)->records.len, before + first);
    loops_settle(&loops);
    assert_int_equal(counter_read(&loops_audience(&loops, 0)->messages_out), 3);
    publish(&loops, 0, "abc");
    assert_int_equal(outbound_of(&loops)->records.len, first);
    peer_close(&sender);
    loops_close(&loops);
}

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
    publish_to_topic(&there[0], "x", "c"); /* On its own loop: not forwarded to it. */
    loops_settle(&loops);
    peer_expect(&there[0], "c a b");
    assert_int_equal(counter_read(&loops_audience(&loops, 1)->messages_out), 5);
    peer_close(&there[0]);
    peer_close(&there[1]);
    loops_close(&loops);
}

static void one_loop_forwards_nothing(void **state)
{
    struct loops loops;
    struct peer peer;
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &peer, 0);
    publish(&loops, 0, "a");
    publish_to_topic(&peer, "x", "b");
    assert_int_equal(outbound_of(&loops)->records.len, 0);
    assert_int_equal(outbound_of(&loops)->records.capacity, 0);
    peer_close(&peer);
    loops_close(&loops);
}

static void every_loop_but_the_publishers_gets_one_mail_and_they_share_its_bytes(void **state)
{
    static char text[10000];
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
    assert_in_range(memory_account_bytes(&loops.delivery.forwarded), 3 * sizeof text,
                    4 * sizeof text);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(mails_waiting(&loops, i), i == 2 ? 0 : 1);
    assert_int_equal(memory_account_bytes(&loops.delivery.forwarded), 0);
    for (unsigned i = 0; i < 8; i++)
        peer_close(&peers[i]);
    loops_close(&loops);
}

static void the_memory_of_much_is_given_back(void **state)
{
    static char text[2 * RECORDS_KEEP];
    struct loops loops;
    (void)state;
    loops_open(&loops, 2);
    publish(&loops, 0, "a");
    loops_settle(&loops);
    assert_true(outbound_of(&loops)->records.capacity > 0);
    assert_int_equal(
        audience_publish(loops_audience(&loops, 0), OPCODE_BINARY, text, sizeof text, NULL), OK);
    loops_settle(&loops);
    assert_int_equal(outbound_of(&loops)->records.capacity, 0);
    loops_close(&loops);
}

/* -- limits and errors -- */

static void what_cannot_be_posted_is_missed_by_those_that_it_was_for(void **state)
{
    struct loops loops;
    struct peer here, there, marked;
    (void)state;
    loops_open(&loops, 2);
    peer_open(&loops, &here, 0);
    peer_open(&loops, &there, 1);
    peer_open(&loops, &marked, 1);
    marked.limits.overflow = OVERFLOW_DROP_OLDEST;
    marked.limits.gap_text = "{dropped}/{bytes}";
    subscribe(&marked, "x");
    publish(&loops, 0, "a");
    delivery_flush(&loops.deliveries[0]);
    delivery_set_limit(&loops.delivery, 10); /* The mail that waits is more. */
    publish(&loops, 0, "b");
    publish(&loops, 0, "bb");
    publish_to_topic(&here, "x", "bbb");
    publish_to_topic(&here, "y", "nobody's");
    delivery_flush(&loops.deliveries[0]);
    assert_int_equal(loops_drops(&loops, DROP_QUEUE_TOTAL), 1);
    loops_settle(&loops);
    publish(&loops, 0, "c");
    loops_settle(&loops);
    peer_expect(&here, "a b bb c");
    peer_expect(&there, "a");
    assert_int_equal(there.overflowed, 1);
    peer_expect(&marked, "a 3/6 c");
    assert_int_equal(loops_drops(&loops, DROP_QUEUE_TOTAL), 1);
    const counter *dropped = loops_audience(&loops, 1)->dropped;
    assert_int_equal(counter_read(&dropped[OVERFLOW_CLOSE]), 2);
    assert_int_equal(counter_read(&dropped[OVERFLOW_DROP_OLDEST]), 3);
    assert_int_equal(here.overflowed, 0);
    peer_close(&here);
    peer_close(&marked);
    peer_close(&there);
    loops_close(&loops);
}

/* Publishes, and flushes while an allocation fails. Returns false if there are fewer. */
static bool flush_with_failure(unsigned number)
{
    struct loops loops;
    struct peer here, there[2];
    loops_open(&loops, 3);
    peer_open(&loops, &here, 0);
    peer_open(&loops, &there[0], 1);
    peer_open(&loops, &there[1], 2);
    publish(&loops, 0, "a");
    fail_allocation(number);
    delivery_flush(&loops.deliveries[0]);
    bool has_failed = end_failing_allocations();
    assert_int_equal(loops_drops(&loops, DROP_NO_MEMORY), has_failed);
    publish(&loops, 0, "b");
    loops_settle(&loops);
    peer_expect(&here, "a b");
    /* The copy that the loops share first, then a mail for each. */
    peer_expect(&there[0], has_failed && number <= 2 ? "b" : "a b");
    peer_expect(&there[1], has_failed && number != 2 ? "b" : "a b");
    assert_int_equal(there[0].overflowed, has_failed && number <= 2);
    assert_int_equal(there[1].overflowed, has_failed && number != 2);
    peer_close(&here);
    peer_close(&there[0]);
    peer_close(&there[1]);
    loops_close(&loops);
    return has_failed;
}

static void without_memory_a_loop_misses_what_cannot_be_posted_to_it(void **state)
{
    unsigned number = 1;
    (void)state;
    while (flush_with_failure(number))
        number++;
    assert_int_equal(number, 4);
}

/* Delivers a mail while an allocation of the loop that gets it fails. */
static bool deliver_with_failure(unsigned number)
{
    struct loops loops;
    struct peer sender, there;
    loops_open(&loops, 2);
    peer_open(&loops, &sender, 0);
    peer_open(&loops, &there, 1);
    subscribe(&there, "x");
    publish(&loops, 0, "a");
    publish_to_topic(&sender, "x", "b");
    delivery_flush(&loops.deliveries[0]);
    fail_allocation(number);
    loop_deliver_rest(&loops.loops[1]);
    bool has_failed = end_failing_allocations();
    assert_int_equal(loops_drops(&loops, DROP_NO_MEMORY), has_failed);
    publish(&loops, 0, "c");
    loops_settle(&loops);
    /* The batch; the bytes of the topic's frame; the receiver's runs. */
    peer_expect(&there, !has_failed ? "a b c" : number == 1 ? "b c" : "a c");
    assert_int_equal(there.overflowed, has_failed);
    peer_close(&sender);
    peer_close(&there);
    loops_close(&loops);
    return has_failed;
}

static void without_memory_what_a_loop_cannot_take_is_counted_as_dropped(void **state)
{
    unsigned number = 1;
    (void)state;
    while (deliver_with_failure(number))
        number++;
    assert_int_equal(number, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_loop_has_published_arrives_in_its_order_whatever_it_went_to),
        cmocka_unit_test(much_is_posted_early_and_stays_in_order),
        cmocka_unit_test(a_loop_that_gets_much_at_once_sends_it_in_order),
        cmocka_unit_test(broadcasts_in_a_row_are_one_record),
        cmocka_unit_test(each_other_loop_counts_each_message),
        cmocka_unit_test(one_loop_forwards_nothing),
        cmocka_unit_test(every_loop_but_the_publishers_gets_one_mail_and_they_share_its_bytes),
        cmocka_unit_test(the_memory_of_much_is_given_back),
        cmocka_unit_test(what_cannot_be_posted_is_missed_by_those_that_it_was_for),
        cmocka_unit_test(without_memory_a_loop_misses_what_cannot_be_posted_to_it),
        cmocka_unit_test(without_memory_what_a_loop_cannot_take_is_counted_as_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
