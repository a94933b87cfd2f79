#include "delivery/loops.h"

#include "current_loop.h"
#include "failing_memory.h"

#include <stdio.h>

static int publish_from_anywhere(struct loops *loops, const char *text)
{
    return fanout_publish(&loops->fanout, OPCODE_TEXT, text, strlen(text));
}

static void has_an_audience_on_each_loop(void **state)
{
    struct loops loops;
    (void)state;
    loops_open(&loops, 8);
    for (unsigned i = 0; i < 8; i++) {
        assert_ptr_equal(loops.fanout.audiences[i].loop, &loops.deliveries[i]);
        assert_ptr_equal(loops.fanout.audiences[i].fanout, &loops.fanout);
        assert_int_equal((uintptr_t)&loops.fanout.audiences[i] % 64, 0);
    }
    loops_close(&loops);
}

static void any_thread_reaches_the_receivers_of_all_loops(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LOOP_COUNTS; i++) {
        struct loops loops;
        struct peer peers[LOOPS_MAX];
        loops_open(&loops, loop_counts[i]);
        for (unsigned j = 0; j < loops.count; j++)
            peer_open(&loops, &peers[j], j);
        assert_int_equal(publish_from_anywhere(&loops, "a"), OK);
        current_loop = &loops.loops[loops.count - 1];
        assert_int_equal(publish_from_anywhere(&loops, ""), OK);
        assert_int_equal(publish_from_anywhere(&loops, "c"), OK);
        current_loop = NULL;
        loops_settle(&loops);
        for (unsigned j = 0; j < loops.count; j++) {
            peer_expect(&peers[j], "a  c");
            peer_close(&peers[j]);
        }
        loops_close(&loops);
    }
}

static void endpoints_do_not_hear_of_each_other(void **state)
{
    struct loops loops;
    struct fanout other;
    struct peer peer;
    (void)state;
    loops_open(&loops, 2);
    assert_int_equal(fanout_init(&other, &loops.delivery), OK);
    peer_open(&loops, &peer, 1);
    assert_int_equal(fanout_publish(&other, OPCODE_TEXT, "other", 5), OK);
    assert_int_equal(publish_from_anywhere(&loops, "a"), OK);
    current_loop = &loops.loops[0];
    assert_int_equal(fanout_publish(&other, OPCODE_TEXT, "other", 5), OK);
    assert_int_equal(publish_from_anywhere(&loops, "b"), OK);
    current_loop = NULL;
    loops_settle(&loops);
    peer_expect(&peer, "a b");
    peer_close(&peer);
    loops_settle(&loops);
    fanout_deinit(&other);
    loops_close(&loops);
}

/* Loops that do not take their mail must not make a thread that publishes fill the memory. */
static void nothing_more_is_taken_while_too_much_is_on_its_way(void **state)
{
    struct loops loops;
    struct peer peer;
    char text[1000];
    unsigned taken = 0;
    int error;
    (void)state;
    loops_open(&loops, 2);
    peer_open(&loops, &peer, 0);
    delivery_set_limit(&loops.delivery, 10 * sizeof text);
    memset(text, 'x', sizeof text);
    while ((error = fanout_publish(&loops.fanout, OPCODE_TEXT, text, sizeof text)) == OK)
        taken++;
    assert_int_equal(error, ERR_LIMIT);
    assert_in_range(taken, 9, 10);
    assert_int_equal(loops_drops(&loops, DROP_QUEUE_TOTAL), 0); /* Its caller knows. */
    loops_settle(&loops);
    peer_read(&peer);
    assert_int_equal(peer.got.len, taken * (4 + sizeof text));
    peer.got.len = 0;
    assert_int_equal(publish_from_anywhere(&loops, "again"), OK);
    loops_settle(&loops);
    peer_expect(&peer, "again");
    peer_close(&peer);
    loops_close(&loops);
}

static void without_memory_the_publisher_is_told(void **state)
{
    unsigned number = 1;
    bool has_failed = true;
    (void)state;
    for (; has_failed; number++) {
        struct loops loops;
        struct peer peers[2];
        loops_open(&loops, 2);
        peer_open(&loops, &peers[0], 0);
        peer_open(&loops, &peers[1], 1);
        fail_allocation(number);
        int error = publish_from_anywhere(&loops, "a");
        has_failed = end_failing_allocations();
        assert_int_equal(error, has_failed ? ERR_NO_MEMORY : OK);
        loops_settle(&loops);
        for (unsigned i = 0; i < 2; i++)
            peer_expect(&peers[i], has_failed ? "" : "a");
        peer_close(&peers[0]);
        peer_close(&peers[1]);
        loops_close(&loops);
    }
    assert_int_equal(number, 3); /* What the log holds has failed. */
}

static void without_memory_for_audiences_it_can_be_torn_down(void **state)
{
    struct loops loops;
    struct fanout fanout;
    (void)state;
    loops_open(&loops, 2);
    fail_allocation(1);
    assert_int_equal(fanout_init(&fanout, &loops.delivery), ERR_NO_MEMORY);
    assert_true(end_failing_allocations());
    fanout_deinit(&fanout);
    loops_close(&loops);
}

/* -- keys -- */

static struct message_key read_key(struct loops *loops, enum topic_kind kind, const char *name,
                                   const char *text)
{
    const struct topic_key topic = {
        .fanout = &loops->fanout, .kind = kind, .name = name, .len = strlen(name)};
    return fanout_read_key(&loops->fanout, kind != TOPIC_ALL ? &topic : NULL, text, strlen(text));
}

static void messages_are_told_apart_by_the_key_in_use(void **state)
{
    struct loops loops;
    (void)state;
    loops_open(&loops, 1);
    assert_false(read_key(&loops, TOPIC_ALL, "", "{\"a\":1}").is_read);
    assert_int_equal(fanout_add_key(&loops.fanout, "/a"), OK);
    assert_int_equal(fanout_add_key(&loops.fanout, "topic"), OK);
    assert_int_equal(fanout_add_key(&loops.fanout, "/a"), OK); /* It is there. */
    fanout_use_key(&loops.fanout, "/a");
    uint64_t one = read_key(&loops, TOPIC_ALL, "", "{\"a\":1}").hash;
    assert_int_equal(read_key(&loops, TOPIC_NAMED, "x", "{\"a\":1,\"b\":2}").hash, one);
    assert_int_not_equal(read_key(&loops, TOPIC_ALL, "", "{\"a\":2}").hash, one);
    assert_int_equal(read_key(&loops, TOPIC_ALL, "", "text").hash, CONFLATION_NO_KEY);
    fanout_use_key(&loops.fanout, "topic");
    uint64_t x = read_key(&loops, TOPIC_NAMED, "x", "1").hash;
    assert_int_equal(read_key(&loops, TOPIC_NAMED, "x", "2").hash, x);
    assert_int_not_equal(read_key(&loops, TOPIC_NAMED, "y", "1").hash, x);
    assert_int_equal(read_key(&loops, TOPIC_ALL, "", "1").hash, CONFLATION_NO_KEY);
    assert_int_equal(read_key(&loops, TOPIC_IDENTITY, "x", "1").hash, CONFLATION_NO_KEY);
    fanout_use_key(&loops.fanout, NULL);
    assert_false(read_key(&loops, TOPIC_NAMED, "x", "1").is_read);
    loops_close(&loops);
}

/* Wherever it was published, a blocked receiver gets the latest of each key. */
static void keys_go_along_to_other_loops(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LOOP_COUNTS; i++) {
        struct loops loops;
        struct peer peer;
        char text[32];
        loops_open(&loops, loop_counts[i]);
        assert_int_equal(fanout_add_key(&loops.fanout, "/a"), OK);
        fanout_use_key(&loops.fanout, "/a");
        peer_open(&loops, &peer, loops.count - 1);
        peer.limits.overflow = OVERFLOW_CONFLATE;
        peer_shrink(&peer);
        static char large[100000];
        memset(large, 'x', sizeof large);
        assert_int_equal(receiver_send(&peer.receiver, OPCODE_BINARY, large, sizeof large), OK);
        loops_settle(&loops);
        assert_true(peer.receiver.wants_write);
        for (unsigned j = 0; j < 9; j++) {
            snprintf(text, sizeof text, "{\"a\":%u,\"n\":%u}", j % 3, j);
            publish(&loops, 0, text);
        }
        loops_settle(&loops);
        assert_int_equal(publish_from_anywhere(&loops, "{\"a\":0,\"n\":9}"), OK);
        loops_settle(&loops);
        peer_read_all(&peer);
        memmove(peer.got.data, peer.got.data + 10 + sizeof large, peer.got.len - 10 - sizeof large);
        peer.got.len -= 10 + sizeof large;
        peer_expect(&peer, "{\"a\":1,\"n\":7} {\"a\":2,\"n\":8} {\"a\":0,\"n\":9}");
        peer_close(&peer);
        loops_close(&loops);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_an_audience_on_each_loop),
        cmocka_unit_test(any_thread_reaches_the_receivers_of_all_loops),
        cmocka_unit_test(endpoints_do_not_hear_of_each_other),
        cmocka_unit_test(nothing_more_is_taken_while_too_much_is_on_its_way),
        cmocka_unit_test(without_memory_the_publisher_is_told),
        cmocka_unit_test(messages_are_told_apart_by_the_key_in_use),
        cmocka_unit_test(keys_go_along_to_other_loops),
        cmocka_unit_test(without_memory_for_audiences_it_can_be_torn_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
