#include "delivery/loops.h"

#include "delivery/choosy_socket.h"
#include "delivery/choosy_ring.h"
#include "failing_memory.h"

#include <sys/epoll.h>

#define LAST "the last one"

/* What epoll says of the loop's only receiver. */
static uint32_t ready_events(const struct loops *loops, const struct peer *peer)
{
    struct epoll_event events[4];
    int count = epoll_wait(loops->loops[0].epoll_fd, events, 4, 0);
    if (count == 0)
        return 0;
    assert_int_equal(count, 1);
    assert_ptr_equal(events[0].data.ptr, &peer->receiver.source);
    return events[0].events;
}

/* -- partial writes -- */

/* Own messages and those for all, for a receiver whose first write takes `takes` bytes; what comes
 * while it is blocked; and the rest, by `each` bytes. */
static void deliver_by_parts(size_t takes, size_t each)
{
    struct loops loops;
    struct peer mixed, plain;
    loops_open(&loops, 1);
    peer_open(&loops, &mixed, 0);
    peer_open(&loops, &plain, 0);
    send_text(&mixed, "own1");
    publish(&loops, 0, "all1");
    publish(&loops, 0, "all2 is longer than the others");
    send_text(&mixed, "own2");
    send_text(&mixed, "own3");
    publish(&loops, 0, "all3");
    socket_takes = takes;
    flush(&loops);
    publish(&loops, 0, "all4");
    send_text(&mixed, "own4");
    flush(&loops);
    publish(&loops, 0, "all5");
    flush(&loops);
    socket_takes = each;
    peer_read_all(&mixed);
    peer_read_all(&plain);
    peer_expect(&mixed, "own1 all1 all2 is longer than the others own2 own3 all3 all4 own4 all5");
    peer_expect(&plain, "all1 all2 is longer than the others all3 all4 all5");
    assert_int_equal(queued_memory(&loops), 0);
    socket_takes = SIZE_MAX;
    peer_close(&mixed);
    peer_close(&plain);
    loops_close(&loops);
}

static void frames_stay_whole_wherever_a_write_ends(void **state)
{
    (void)state;
    for (size_t takes = 0; takes <= 80; takes++)
        deliver_by_parts(takes, SIZE_MAX);
    for (size_t each = 1; each <= 80; each++)
        deliver_by_parts(each, each);
}

/* Payloads of 16 and of 64 bit lengths, and parts of them that end at all kinds of places. */
static void large_frames_stay_whole_wherever_a_write_ends(void **state)
{
    static const size_t sizes[] = {125, 126, 65535, 65536};
    static char text[65536];
    (void)state;
    for (size_t each = 997; each < 200000; each = each * 3 + 1) {
        struct loops loops;
        struct peer slow;
        struct got_frame frame = {.len = 0};
        size_t at = 0;
        loops_open(&loops, 1);
        peer_open(&loops, &slow, 0);
        socket_takes = each;
        for (unsigned i = 0; i < 4; i++) {
            memset(text, 'a' + (int)i, sizes[i]);
            assert_int_equal(
                audience_publish(loops_audience(&loops, 0), OPCODE_BINARY, text, sizes[i], NULL),
                OK);
            if (i % 2 == 1)
                flush(&loops);
        }
        peer_read_all(&slow);
        for (unsigned i = 0; i < 4; i++) {
            assert_true(peer_next_frame(&slow, &at, &frame));
            assert_int_equal(frame.len, sizes[i]);
            assert_int_equal(frame.payload[0], 'a' + (int)i);
            assert_int_equal(frame.payload[frame.len - 1], 'a' + (int)i);
        }
        assert_int_equal(at, slow.got.len);
        socket_takes = SIZE_MAX;
        peer_close(&slow);
        loops_close(&loops);
    }
}

static void a_blocked_receiver_is_not_written_to_until_its_socket_asks(void **state)
{
    struct loops loops;
    struct peer peer;
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &peer, 0);
    assert_int_equal(ready_events(&loops, &peer), 0);
    socket_takes = 1;
    publish(&loops, 0, "a");
    flush(&loops);
    assert_true(peer.receiver.wants_write);
    assert_int_equal(ready_events(&loops, &peer), EPOLLOUT);
    uint64_t writes = loops_writes(&loops, 0);
    socket_takes = SIZE_MAX;
    publish(&loops, 0, "b");
    send_text(&peer, "c");
    flush(&loops);
    assert_int_equal(loops_writes(&loops, 0), writes);
    assert_int_equal(receiver_queued(&peer.receiver), 2 + 3 + 3);
    receiver_on_writable(&peer.receiver);
    send_text(&peer, "d");
    assert_int_equal(receiver_queued(&peer.receiver), 2 + 3 + 3 + 3);
    flush(&loops);
    assert_int_equal(loops_writes(&loops, 0), writes + 1);
    assert_int_equal(receiver_queued(&peer.receiver), 0);
    assert_false(peer.receiver.wants_write);
    assert_int_equal(ready_events(&loops, &peer), 0);
    peer_expect(&peer, "a b c d");
    peer_close(&peer);
    loops_close(&loops);
}

static void input_is_watched_for_beside_output(void **state)
{
    struct loops loops;
    struct peer peer;
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &peer, 0);
    assert_int_equal(send(peer.socket, "x", 1, 0), 1);
    assert_int_equal(ready_events(&loops, &peer), EPOLLIN);
    receiver_watch(&peer.receiver, RECEIVER_WATCHES_END);
    assert_int_equal(ready_events(&loops, &peer), 0);
    socket_takes = 0;
    publish(&loops, 0, "a");
    flush(&loops);
    assert_int_equal(ready_events(&loops, &peer), EPOLLOUT);
    receiver_watch(&peer.receiver, RECEIVER_WATCHES_INPUT);
    assert_int_equal(ready_events(&loops, &peer), EPOLLIN | EPOLLOUT);
    socket_takes = SIZE_MAX;
    peer_read_all(&peer);
    assert_int_equal(ready_events(&loops, &peer), EPOLLIN);
    peer_close(&peer);
    loops_close(&loops);
}

/* -- the beginning and the end -- */

static void a_socket_that_cannot_be_watched_stays_its_callers(void **state)
{
    struct loops loops;
    struct receiver receiver = {.socket = 0};
    (void)state;
    loops_open(&loops, 1);
    assert_int_equal(receiver_init(&receiver, &loops.deliveries[0], loops_audience(&loops, 0), -1),
                     ERR_SYSTEM);
    assert_int_equal(receiver.socket, -1);
    assert_int_equal(loops.loops[0].watched, 0);
    loops_close(&loops);
}

static void ending_forgets_what_is_queued(void **state)
{
    struct loops loops;
    struct peer peers[2];
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &peers[0], 0);
    peer_open(&loops, &peers[1], 0);
    socket_takes = 7;
    publish_large(&loops);
    send_text(&peers[0], "own");
    flush(&loops);
    publish(&loops, 0, "more");
    send_text(&peers[0], "own");
    peers[0].receiver.is_open = false;
    receiver_end(&peers[0].receiver);
    assert_int_equal(peers[0].receiver.socket, -1);
    assert_int_equal(peers[0].receiver.queue_class, 0);
    socket_takes = SIZE_MAX;
    flush(&loops); /* It still is in the lists of those who have something to be sent. */
    peer_read_all(&peers[1]);
    assert_int_equal(peers[1].got.len, 4 + LARGE + 2 + 4);
    assert_int_equal(queued_memory(&loops), 0);
    peer_close(&peers[0]);
    peer_close(&peers[1]);
    loops_close(&loops);
}

/* -- cutting -- */

/* Cuts behind `sent` bytes of three frames of five bytes each. */
static void cut_behind(size_t sent, bool own)
{
    static const char *const expected[] = {"bye", "aaa bye", "aaa bbb bye", "aaa bbb ccc bye"};
    static const char *const texts[] = {"aaa", "bbb", "ccc"};
    struct loops loops;
    struct peer peer;
    loops_open(&loops, 1);
    peer_open(&loops, &peer, 0);
    socket_takes = sent;
    for (unsigned i = 0; i < 3; i++) {
        if (own)
            send_text(&peer, texts[i]);
        else
            publish(&loops, 0, texts[i]);
    }
    flush(&loops);
    publish(&loops, 0, "not begun");
    flush(&loops);
    assert_int_equal(receiver_cut(&peer.receiver), OK);
    assert_int_equal(receiver_queued(&peer.receiver), (15 - sent) % 5);
    send_text(&peer, "bye");
    flush(&loops);
    socket_takes = SIZE_MAX;
    peer_read_all(&peer);
    peer_expect(&peer, expected[(sent + 4) / 5]);
    peer_close(&peer);
    loops_close(&loops);
}

static void cutting_keeps_the_frame_under_way(void **state)
{
    (void)state;
    for (size_t sent = 0; sent < 15; sent++) {
        cut_behind(sent, true);
        cut_behind(sent, false);
    }
}

static void cutting_without_memory_forgets_everything_and_says_so(void **state)
{
    struct loops loops;
    struct peer peer;
    (void)state;
    loops_open(&loops, 1);
    peer_open(&loops, &peer, 0);
    socket_takes = 100;
    publish_large(&loops);
    flush(&loops);
    fail_allocation(1);
    assert_int_equal(receiver_cut(&peer.receiver), ERR_NO_MEMORY);
    assert_true(end_failing_allocations());
    assert_int_equal(receiver_queued(&peer.receiver), 0);
    assert_int_equal(queued_memory(&loops), 0);
    assert_int_equal(peer.receiver.queue_class, 0);
    socket_takes = SIZE_MAX;
    peer_close(&peer);
    loops_close(&loops);
}

/* -- memory -- */

/* An iteration with everything that a receiver can be sent. */
static void iterate_with_messages(struct loops *loops, struct peer *peer, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        publish(loops, 0, "to all");
        publish_to_topic(peer, "x", "to a topic");
        send_text(peer, "to one");
    }
    loops_settle(loops);
}

static unsigned allocations_of_an_iteration(struct loops *loops, struct peer *peer, unsigned count)
{
    unsigned before = allocation_count();
    iterate_with_messages(loops, peer, count);
    return allocation_count() - before;
}

static void messages_allocate_nothing_once_buffers_are_warm(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LOOP_COUNTS; i++) {
        struct loops loops;
        struct peer peers[2 * LOOPS_MAX];
        loops_open(&loops, loop_counts[i]);
        for (unsigned j = 0; j < 2 * loops.count; j++) {
            peer_open(&loops, &peers[j], j / 2);
            subscribe(&peers[j], "x");
        }
        iterate_with_messages(&loops, &peers[0], 20);
        /* The log goes on in a new node now and then. */
        unsigned nodes = loops.count > 1 ? 1 : 0;
        assert_in_range(allocations_of_an_iteration(&loops, &peers[0], 1), 0, nodes);
        assert_in_range(allocations_of_an_iteration(&loops, &peers[0], 20), 0, nodes);
        for (unsigned j = 0; j < 2 * loops.count; j++)
            peer_close(&peers[j]);
        loops_close(&loops);
    }
}

/* What a client has read are whole frames, and the last one; or it was ended. */
static void expect_whole_or_ended(struct peer *peer)
{
    struct got_frame frame = {.len = 0};
    size_t at = 0;
    peer_read_all(peer);
    while (peer_next_frame(peer, &at, &frame))
        assert_true(frame.len == LARGE || frame.payload[0] == LAST[0]);
    if (peer->failed > 0) {
        assert_int_equal(peer->receiver.socket, -1);
        return;
    }
    assert_int_equal(at, peer->got.len);
    assert_int_equal(frame.len, strlen(LAST));
    assert_memory_equal(frame.payload, LAST, frame.len);
}

/* Three rounds to receivers that are slow, while an allocation fails. Returns false if there are
 * fewer than `number`. */
static bool deliver_with_failure(unsigned number, size_t takes, unsigned *failed)
{
    static char text[LARGE];
    struct loops loops;
    struct peer peers[3];
    loops_open(&loops, 1);
    for (unsigned i = 0; i < 3; i++)
        peer_open(&loops, &peers[i], 0);
    subscribe(&peers[0], "x");
    socket_takes = takes;
    fail_allocation(number);
    for (unsigned round = 0; round < 3; round++) {
        int error = audience_publish(loops_audience(&loops, 0), OPCODE_BINARY, text, LARGE,
                                     &peers[2].receiver);
        error |= topic_publish_from(&peers[1].receiver, "x", OPCODE_BINARY, text, LARGE, NULL);
        error |= receiver_send(&peers[2].receiver, OPCODE_BINARY, text, LARGE);
        (void)error; /* An answer, as it is to a plugin. */
        flush(&loops);
    }
    bool has_failed = end_failing_allocations();
    for (unsigned i = 0; i < 3; i++)
        if (peers[i].failed == 0)
            send_text(&peers[i], LAST);
    flush(&loops);
    socket_takes = SIZE_MAX;
    for (unsigned i = 0; i < 3; i++) {
        expect_whole_or_ended(&peers[i]);
        *failed += peers[i].failed;
        peer_close(&peers[i]);
    }
    loops_close(&loops);
    return has_failed;
}

static void no_failed_allocation_leaves_half_a_frame(void **state)
{
    static const size_t takes[] = {0, 1, 100, 4 + LARGE, 4 + LARGE + 2000, 3 * LARGE};
    (void)state;
    for (unsigned i = 0; i < sizeof takes / sizeof takes[0]; i++) {
        unsigned failed = 0;
        unsigned number = 1;
        while (deliver_with_failure(number, takes[i], &failed))
            number++;
        assert_true(number > 3); /* What is published has memory of its own, at least. */
        if (takes[i] < 3 * LARGE)
            assert_true(failed > 0); /* What cannot be kept ends its receiver. */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_stay_whole_wherever_a_write_ends),
        cmocka_unit_test(large_frames_stay_whole_wherever_a_write_ends),
        cmocka_unit_test(a_blocked_receiver_is_not_written_to_until_its_socket_asks),
        cmocka_unit_test(input_is_watched_for_beside_output),
        cmocka_unit_test(a_socket_that_cannot_be_watched_stays_its_callers),
        cmocka_unit_test(ending_forgets_what_is_queued),
        cmocka_unit_test(cutting_keeps_the_frame_under_way),
        cmocka_unit_test(cutting_without_memory_forgets_everything_and_says_so),
        cmocka_unit_test(messages_allocate_nothing_once_buffers_are_warm),
        cmocka_unit_test(no_failed_allocation_leaves_half_a_frame),
    };
    return RUN_BOTH_WAYS(tests, NULL, NULL);
}
