/* What a receiver's owner is told. */
#include "delivery/loops.h"

#include "delivery/choosy_socket.h"
#include "delivery/choosy_ring.h"

static void whoever_holds_more_than_the_limit_is_told_of_once(void **state)
{
    struct loops loops;
    struct peer slow, fast;
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &fast, 0);
    peer_open(&loops, &slow, 0);
    slow.limits.queue_bytes = 3 * LARGE;
    socket_takes = 0;
    while (slow.overflowed == 0) {
        assert_true(slow.receiver.outbox.held <= slow.limits.queue_bytes);
        publish_large(&loops);
        flush(&loops);
    }
    assert_in_range(slow.receiver.outbox.held, 3 * LARGE, 4 * LARGE);
    publish_large(&loops);
    send_text(&slow, "bye");
    flush(&loops);
    assert_int_equal(slow.overflowed, 1);
    assert_int_equal(fast.overflowed, 0);
    socket_takes = SIZE_MAX;
    peer_close(&fast);
    peer_close(&slow);
    loops_close(&loops);
}

/* Much may have been published since its socket was full: it may take everything by now. */
static void before_it_is_too_much_writing_is_tried(void **state)
{
    struct loops loops;
    struct peer peer;
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &peer, 0);
    peer.limits.queue_bytes = 3 * LARGE;
    socket_takes = 0;
    publish_large(&loops);
    flush(&loops);
    publish_large(&loops);
    flush(&loops);
    socket_takes = SIZE_MAX;
    publish_large(&loops);
    flush(&loops);
    assert_int_equal(peer.overflowed, 0);
    assert_false(peer.receiver.wants_write);
    peer_read(&peer);
    assert_int_equal(peer.got.len, 3 * (4 + LARGE));
    peer_close(&peer);
    loops_close(&loops);
}

static void a_peer_that_is_gone_is_told_of_once_and_its_messages_are_thrown_away(void **state)
{
    struct loops loops;
    struct peer peer;
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &peer, 0);
    socket_takes = 0;
    publish_large(&loops);
    flush(&loops);
    socket_takes = SIZE_MAX;
    socket_is_broken = true;
    receiver_on_writable(&peer.receiver);
    publish(&loops, 0, "a");
    send_text(&peer, "b");
    flush(&loops);
    assert_int_equal(peer.lost, 1);
    assert_int_equal(receiver_queued(&peer.receiver), 0);
    assert_int_equal(queued_memory(&loops), 0);
    assert_false(peer.receiver.wants_write);
    publish(&loops, 0, "c");
    send_text(&peer, "d");
    flush(&loops);
    assert_int_equal(peer.lost, 1);
    assert_int_equal(receiver_queued(&peer.receiver), 0);
    socket_is_broken = false;
    peer_close(&peer);
    loops_close(&loops);
}

static void a_receiver_may_end_when_its_peer_is_gone(void **state)
{
    struct loops loops;
    struct peer peers[3];
    (void)state;
    loops_open(&loops, 1);
    for (unsigned i = 0; i < 3; i++) {
        peer_open(&loops, &peers[i], 0);
        peers[i].ends_when_lost = true;
    }
    publish(&loops, 0, "a");
    for (unsigned i = 0; i < 3; i++)
        send_text(&peers[i], "b");
    close(peers[1].socket);
    peers[1].socket = -1;
    flush(&loops);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(peers[i].lost, i == 1);
    assert_int_equal(peers[1].receiver.socket, -1);
    peer_expect(&peers[0], "a b");
    peer_expect(&peers[2], "a b");
    for (unsigned i = 0; i < 3; i++)
        peer_close(&peers[i]);
    loops_close(&loops);
}

static void whoever_waits_for_everything_to_be_sent_is_told(void **state)
{
    struct loops loops;
    struct peer peer;
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &peer, 0);
    publish(&loops, 0, "a");
    flush(&loops);
    assert_int_equal(peer.drained, 0); /* Nobody has asked. */
    peer.receiver.wants_drained = true;
    socket_takes = 1;
    send_text(&peer, "b");
    flush(&loops);
    assert_int_equal(peer.drained, 0);
    receiver_on_writable(&peer.receiver);
    flush(&loops);
    assert_int_equal(peer.drained, 0);
    socket_takes = SIZE_MAX;
    receiver_on_writable(&peer.receiver);
    flush(&loops);
    assert_int_equal(peer.drained, 1);
    peer_expect(&peer, "a b");
    peer_close(&peer);
    loops_close(&loops);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_holds_more_than_the_limit_is_told_of_once),
        cmocka_unit_test(before_it_is_too_much_writing_is_tried),
        cmocka_unit_test(a_peer_that_is_gone_is_told_of_once_and_its_messages_are_thrown_away),
        cmocka_unit_test(a_receiver_may_end_when_its_peer_is_gone),
        cmocka_unit_test(whoever_waits_for_everything_to_be_sent_is_told),
    };
    return RUN_BOTH_WAYS(tests, NULL, NULL);
}
