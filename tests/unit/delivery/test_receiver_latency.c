/* How long messages take from their publication to the write that ends with them. */
#include "delivery/loops.h"

#include "base/clock.h"
#include "delivery/choosy_socket.h"

#define START (100 * NS_PER_S)
#define PEERS 3u

static struct loops loops;
static struct peer peers[PEERS];

static int begin(void **state)
{
    (void)state;
    loops_open(&loops, 3);
    for (unsigned i = 0; i < PEERS; i++) {
        loops.loops[i].now = START;
        peer_open(&loops, &peers[i], 0);
    }
    socket_takes = SIZE_MAX;
    return 0;
}

static int end(void **state)
{
    (void)state;
    socket_takes = SIZE_MAX;
    for (unsigned i = 0; i < PEERS; i++) {
        peer_read_all(&peers[i]);
        peer_close(&peers[i]);
    }
    loops_close(&loops);
    return 0;
}

/* What the first loop counts once it has read the clock. */
static void expect_written(uint64_t count, int64_t since)
{
    struct loop_finished *finished = &loops.loops[0].finished;
    assert_int_equal(finished->count, count);
    if (count > 0) {
        assert_true(finished->histogram == &loops.deliveries[0].stats.latency);
        assert_in_range(finished->since - since + 2000, 0, 4000);
    }
    finished->count = 0;
}

static struct histogram_snapshot late(void)
{
    struct histogram_snapshot snapshot = {.count = 0};
    histogram_merge(&snapshot, &loops.deliveries[0].stats.latency);
    return snapshot;
}

static void each_write_with_messages_counts_once(void **state)
{
    (void)state;
    publish(&loops, 0, "a");
    publish(&loops, 0, "b");
    send_text(&peers[0], "c");
    flush(&loops);
    expect_written(PEERS, START);
    send_text(&peers[0], "d");
    flush(&loops);
    expect_written(1, START);
    subscribe(&peers[0], "few");
    publish_to_topic(&peers[1], "few", "e");
    flush(&loops);
    expect_written(1, START);
    assert_int_equal(late().count, 0);
}

static void control_frames_are_not_counted(void **state)
{
    (void)state;
    assert_int_equal(receiver_queue(&peers[0].receiver, "\x89", 1, "\0", 1), OK);
    assert_int_equal(receiver_send(&peers[1].receiver, OPCODE_PONG, "x", 1), OK);
    flush(&loops);
    expect_written(0, 0);
}

static void what_had_to_wait_counts_when_the_last_of_it_is_written(void **state)
{
    (void)state;
    socket_takes = 1;
    publish(&loops, 0, "a");
    flush(&loops);
    expect_written(0, 0);
    loops.loops[0].now += 2 * NS_PER_S;
    publish(&loops, 0, "b"); /* Behind the first. */
    flush(&loops);
    loops.loops[0].now += 3 * NS_PER_S;
    socket_takes = SIZE_MAX;
    receiver_on_writable(&peers[0].receiver);
    flush(&loops);
    expect_written(0, 0);
    assert_int_equal(late().count, 1);
    assert_in_range(late().sum, 5 * NS_PER_S - 2 * NS_PER_MS, 5 * NS_PER_S + 2 * NS_PER_MS);
    send_text(&peers[0], "c");
    flush(&loops);
    expect_written(1, START + 5 * NS_PER_S);
}

static void what_cannot_be_written_any_more_is_not_counted(void **state)
{
    (void)state;
    socket_takes = 1;
    publish(&loops, 0, "a");
    flush(&loops);
    socket_is_broken = true;
    for (unsigned i = 0; i < PEERS; i++)
        receiver_on_writable(&peers[i].receiver);
    publish(&loops, 0, "b");
    flush(&loops);
    socket_is_broken = false;
    expect_written(0, 0);
    assert_int_equal(late().count, 0);
}

static void a_delay_of_the_flush_is_a_part_of_it(void **state)
{
    (void)state;
    fanout_use_flush(&loops.fanout, 5 * NS_PER_MS, 1000);
    publish(&loops, 0, "a");
    flush(&loops);
    expect_written(0, 0);
    loops.loops[0].now += 5 * NS_PER_MS;
    flush(&loops);
    expect_written(PEERS, START);
}

static void the_way_from_another_loop_is_a_part_of_it(void **state)
{
    (void)state;
    publish(&loops, 1, "a");
    loops.loops[0].now = START + NS_PER_MS;
    flush(&loops);
    expect_written(PEERS, START);
    loops.loops[1].now = START + 9 * NS_PER_MS; /* Its iteration has begun after this one's. */
    publish(&loops, 1, "b");
    flush(&loops);
    expect_written(PEERS, START + NS_PER_MS);
}

static void what_is_for_others_and_read_late_does_not_count(void **state)
{
    struct peer other;
    (void)state;
    peer_open(&loops, &other, 2);
    subscribe(&other, "news");
    publish_to_topic(&other, "news", "x");
    for (unsigned i = 0; i < PEERS; i++)
        subscribe(&peers[i], "mine");
    loops_settle(&loops);
    loops.loops[0].finished.count = 0;
    assert_int_equal(topic_publish(&loops.fanout, TOPIC_NAMED, "news", 4, OPCODE_TEXT, "y", 1), OK);
    loops.loops[0].now = clock_monotonic() + 60 * NS_PER_S;
    publish(&loops, 0, "a");
    flush(&loops);
    expect_written(PEERS, loops.loops[0].now);
    loops_settle(&loops);
    peer_close(&other);
}

int main(void)
{
#define WITH_PEERS(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        WITH_PEERS(each_write_with_messages_counts_once),
        WITH_PEERS(control_frames_are_not_counted),
        WITH_PEERS(what_had_to_wait_counts_when_the_last_of_it_is_written),
        WITH_PEERS(what_cannot_be_written_any_more_is_not_counted),
        WITH_PEERS(a_delay_of_the_flush_is_a_part_of_it),
        WITH_PEERS(the_way_from_another_loop_is_a_part_of_it),
        WITH_PEERS(what_is_for_others_and_read_late_does_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
