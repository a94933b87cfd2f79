/* What may wait for more: flush.delay and flush.bytes of an endpoint. */
#include "delivery/loops.h"

#define MS INT64_C(1000000)
#define DELAY (5 * MS)
#define BYTES 1000u
#define PEERS 3u

static struct loops loops;
static struct peer peers[PEERS];

static int begin(void **state)
{
    (void)state;
    loops_open(&loops, 1);
    fanout_use_flush(&loops.fanout, DELAY, BYTES);
    loops.loops[0].now = MS;
    for (unsigned i = 0; i < PEERS; i++) {
        peer_open(&loops, &peers[i], 0);
        subscribe(&peers[i], "x");
    }
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PEERS; i++)
        peer_close(&peers[i]);
    loops_close(&loops);
    return 0;
}

/* The end of an iteration that has begun so much later. */
static void flush_after(int64_t time)
{
    loops.loops[0].now += time;
    assert_true(time == 0 || loops.loops[0].wake_at == 0 ||
                loops.loops[0].now <= loops.loops[0].wake_at);
    flush(&loops);
    assert_false(delivery_is_dirty(&loops.deliveries[0]));
}

static uint64_t writes(void)
{
    return counter_read(&loops.deliveries[0].stats.writes);
}

static void expect_all(const char *expected)
{
    for (unsigned i = 0; i < PEERS; i++)
        peer_expect(&peers[i], expected);
}

static void what_is_published_waits_for_more_and_takes_one_write(void **state)
{
    (void)state;
    publish(&loops, 0, "a");
    publish_to_topic(&peers[0], "x", "b");
    assert_false(delivery_is_dirty(&loops.deliveries[0]));
    assert_int_equal(loops.loops[0].wake_at, MS + DELAY);
    flush_after(0);
    publish(&loops, 0, "c");
    flush_after(DELAY - 1);
    expect_all("");
    publish_to_topic(&peers[0], "x", "d");
    flush_after(1);
    expect_all("a b c d");
    assert_int_equal(writes(), PEERS);
    assert_int_equal(loops.loops[0].wake_at, 0);
    assert_int_equal(counter_read(&loops_audience(&loops, 0)->messages_out), 4 * PEERS);
    flush_after(DELAY);
    assert_int_equal(writes(), PEERS);
}

static void what_is_published_to_a_topic_alone_waits_too(void **state)
{
    (void)state;
    publish_to_topic(&peers[0], "x", "a");
    publish_to_topic(&peers[0], "y", "nobody's");
    flush_after(DELAY - 1);
    expect_all("");
    flush_after(1);
    expect_all("a");
}

static void enough_bytes_do_not_wait(void **state)
{
    char text[BYTES / 2];
    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    publish(&loops, 0, text);
    flush_after(0);
    assert_int_equal(writes(), 0);
    publish_to_topic(&peers[0], "x", text);
    publish(&loops, 0, "a");
    flush_after(0);
    assert_int_equal(writes(), PEERS);
    assert_int_equal(loops.loops[0].wake_at, 0);
    for (unsigned i = 0; i < PEERS; i++) {
        peer_read(&peers[i]);
        assert_int_equal(peers[i].got.len, 2 * (4 + strlen(text)) + 3);
        peers[i].got.len = 0;
    }
}

static void what_is_for_one_receiver_goes_at_once_with_what_was_before_it(void **state)
{
    (void)state;
    publish_to_topic(&peers[0], "x", "a");
    publish(&loops, 0, "b");
    send_text(&peers[1], "1");
    publish_to_topic(&peers[0], "x", "c");
    flush_after(0);
    peer_expect(&peers[1], "a b 1 c"); /* What is there goes along. */
    peer_expect(&peers[0], "");
    publish_to_topic(&peers[0], "x", "d");
    flush_after(0);
    send_text(&peers[1], "2"); /* In a later iteration. */
    flush_after(1);
    peer_expect(&peers[1], "d 2");
    publish_to_topic(&peers[0], "x", "e");
    flush_after(DELAY - 1);
    peer_expect(&peers[1], "e");
    peer_expect(&peers[0], "a b c d e");
    peer_expect(&peers[2], "a b c d e");
}

static void a_receiver_that_closes_has_had_everything(void **state)
{
    (void)state;
    publish(&loops, 0, "a");
    publish_to_topic(&peers[0], "x", "b");
    flush_after(0);
    assert_int_equal(topic_batches_catch_up(&peers[1].receiver), OK);
    send_text(&peers[1], "bye");
    peers[1].receiver.is_open = false;
    flush_after(0);
    peer_expect(&peers[1], "a b bye");
    flush_after(DELAY);
    peer_expect(&peers[1], "");
    peer_expect(&peers[0], "a b");
}

static void receivers_come_and_go_while_messages_wait(void **state)
{
    struct peer late;
    (void)state;
    publish(&loops, 0, "a");
    publish_to_topic(&peers[0], "x", "b");
    flush_after(0);
    peer_open(&loops, &late, 0);
    subscribe(&late, "x");
    topic_unsubscribe(&peers[1].receiver, "x", 1);
    publish_to_topic(&peers[0], "x", "c");
    publish(&loops, 0, "d");
    flush_after(0);
    peer_expect(&peers[1], "a b d"); /* Its part of the topic is its own now. */
    flush_after(DELAY);
    peer_expect(&late, "c d");
    peer_expect(&peers[0], "a b c d");
    peer_expect(&peers[1], "");
    peer_expect(&peers[2], "a b c d");
    publish(&loops, 0, "e");
    flush_after(0);
    peer_close(&late);
    peer_expect(&peers[0], "");
    flush_after(DELAY);
    expect_all("e");
}

static void without_a_delay_nothing_waits_any_longer(void **state)
{
    (void)state;
    publish(&loops, 0, "a");
    flush_after(0);
    fanout_use_flush(&loops.fanout, 0, BYTES);
    publish_to_topic(&peers[0], "x", "b");
    flush_after(0);
    expect_all("a b");
    publish(&loops, 0, "c");
    flush_after(0);
    expect_all("c");
}

static void much_for_one_loop_does_not_wait(void **state)
{
    static char text[AUDIENCE_BATCH_FLUSH];
    (void)state;
    fanout_use_flush(&loops.fanout, DELAY, 2 * AUDIENCE_BATCH_FLUSH);
    memset(text, 'x', sizeof text - 1);
    publish_to_topic(&peers[0], "x", text);
    publish_to_topic(&peers[0], "x", "a");
    assert_true(loops.deliveries[0].has_much_to_send);
    flush_after(0);
    for (unsigned i = 0; i < PEERS; i++) {
        peer_read_all(&peers[i]);
        assert_true(peers[i].got.len > sizeof text);
        peers[i].got.len = 0;
    }
    assert_int_equal(loops.deliveries[0].topic_batches.lent, 0);
}

static void topics_that_wait_keep_their_batches_while_others_are_sent(void **state)
{
    struct fanout other;
    struct peer there;
    int ends[2];
    (void)state;
    assert_int_equal(fanout_init(&other, &loops.delivery), OK);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    peer_init(&loops, &there, 0, ends);
    there.receiver.audience = &other.audiences[0];
    there.receiver.limits = &there.limits;
    there.receiver.is_open = true;
    assert_int_equal(audience_join(&other.audiences[0], &there.receiver), OK);
    fanout_use_flush(&other, 2 * DELAY, BYTES);
    subscribe(&there, "x");
    publish_to_topic(&there, "x", "1");
    publish_to_topic(&peers[0], "x", "a");
    assert_int_equal(loops.deliveries[0].topic_batches.lent, 2);
    flush_after(DELAY);
    expect_all("a");
    assert_int_equal(loops.deliveries[0].topic_batches.lent, 1);
    publish_to_topic(&peers[0], "x", "b");
    publish_to_topic(&there, "x", "2");
    flush_after(DELAY);
    peer_expect(&there, "1 2");
    expect_all("b");
    assert_int_equal(loops.deliveries[0].topic_batches.lent, 0);
    peer_close(&there);
    fanout_deinit(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_published_waits_for_more_and_takes_one_write, begin,
                                        end),
        cmocka_unit_test_setup_teardown(what_is_published_to_a_topic_alone_waits_too, begin, end),
        cmocka_unit_test_setup_teardown(enough_bytes_do_not_wait, begin, end),
        cmocka_unit_test_setup_teardown(
            what_is_for_one_receiver_goes_at_once_with_what_was_before_it, begin, end),
        cmocka_unit_test_setup_teardown(a_receiver_that_closes_has_had_everything, begin, end),
        cmocka_unit_test_setup_teardown(receivers_come_and_go_while_messages_wait, begin, end),
        cmocka_unit_test_setup_teardown(without_a_delay_nothing_waits_any_longer, begin, end),
        cmocka_unit_test_setup_teardown(much_for_one_loop_does_not_wait, begin, end),
        cmocka_unit_test_setup_teardown(topics_that_wait_keep_their_batches_while_others_are_sent,
                                        begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
