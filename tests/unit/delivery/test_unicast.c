#include "delivery/loops.h"
#include "failing_memory.h"

static struct loops loops;
static struct peer peer;

static int begin(void **state)
{
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &peer, 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    peer_close(&peer);
    loops_close(&loops);
    return 0;
}

static uint64_t messages_out(void)
{
    return counter_read(&loops_audience(&loops, 0)->messages_out);
}

static void messages_for_one_receiver_are_counted_and_control_frames_are_not(void **state)
{
    (void)state;
    send_text(&peer, "a");
    assert_int_equal(receiver_send(&peer.receiver, OPCODE_BINARY, "b", 1), OK);
    assert_int_equal(receiver_send_control(&peer.receiver, OPCODE_TEXT, "c", 1), OK);
    assert_int_equal(messages_out(), 3);
    assert_int_equal(receiver_send(&peer.receiver, OPCODE_PONG, "d", 1), OK);
    assert_int_equal(receiver_queue(&peer.receiver, "\x89", 1, "\0", 1), OK);
    assert_int_equal(messages_out(), 3);
    flush(&loops);
    assert_int_equal(counter_read(&loops_audience(&loops, 0)->bytes_out), 3 * 3 + 3 + 2);
    assert_int_equal(messages_out(), 3);
}

static int send_one(void *context)
{
    (void)context;
    return receiver_send(&peer.receiver, OPCODE_TEXT, "text", 4);
}

static void without_memory_nothing_is_counted(void **state)
{
    (void)state;
    unsigned failures = survive_failing_allocations(send_one, NULL);
    assert_true(failures > 0);
    assert_int_equal(messages_out(), 1);
}

static void after_a_flush_the_buffers_are_empty_and_not_large(void **state)
{
    static char text[600 * 1024];
    (void)state;
    memset(text, 'x', sizeof text);
    assert_int_equal(receiver_send(&peer.receiver, OPCODE_TEXT, text, sizeof text), OK);
    assert_true(loops.deliveries[0].unicast.capacity >= sizeof text);
    assert_true(loops.deliveries[0].has_much_to_send);
    flush(&loops);
    assert_int_equal(loops.deliveries[0].unicast.len, 0);
    assert_int_equal(loops.deliveries[0].unicast.capacity, 0);
    assert_int_equal(loops.deliveries[0].outgoing_count, 0);
}

int main(void)
{
#define WITH_PEER(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        WITH_PEER(messages_for_one_receiver_are_counted_and_control_frames_are_not),
        WITH_PEER(without_memory_nothing_is_counted),
        WITH_PEER(after_a_flush_the_buffers_are_empty_and_not_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
