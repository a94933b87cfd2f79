#include "delivery/receiver_overflow.h"

#include "delivery/slow_peer.h"
#include "failing_memory.h"

#include <stdio.h>
#include <stdlib.h>

/* -- limits in bytes -- */

static void publish_numbers(struct loops *loops, unsigned from, unsigned to)
{
    char text[16];
    for (; from < to; from++) {
        snprintf(text, sizeof text, "%u", from);
        publish(loops, 0, text);
        flush(loops);
    }
}

/* What came is numbers in order, and where some are missing there is one marker that says how many,
 * and how many bytes. Returns how many are missing. */
static uint64_t expect_numbers_and_gaps(unsigned total)
{
    struct got_frame frame;
    uint64_t missing = 0, said = 0, said_bytes = 0, bytes = 0;
    unsigned next = 0, markers = 0;
    for (size_t at = 0; peer_next_frame(&slow, &at, &frame);) {
        char text[128];
        unsigned long long dropped, of_bytes;
        snprintf(text, sizeof text, "%.*s", (int)frame.len, (const char *)frame.payload);
        if (sscanf(text, "{\"type\":\"gap\",\"dropped\":%llu,\"bytes\":%llu}", &dropped,
                   &of_bytes) == 2) {
            assert_int_equal(markers++, 0); /* Nothing lies between two of them. */
            said = dropped;
            said_bytes = of_bytes;
            continue;
        }
        unsigned number = (unsigned)strtoul(text, NULL, 10);
        assert_true(number >= next);
        for (bytes = 0; next < number; next++)
            bytes += (uint64_t)snprintf(text, sizeof text, "%u", next);
        missing += said;
        next++;
        assert_int_equal(said_bytes, bytes);
        said = said_bytes = markers = 0;
    }
    assert_int_equal(next + said, total);
    return missing + said;
}

static void the_queue_stays_under_its_bytes_and_gaps_are_exact(void **state)
{
    (void)state;
    for (enum overflow_policy policy = OVERFLOW_DROP_OLDEST; policy <= OVERFLOW_DROP_NEWEST;
         policy++) {
        struct loops loops;
        open_slow(&loops, policy, 10000);
        publish_numbers(&loops, 0, 1000);
        assert_in_range(receiver_held(&slow.receiver), 9000, 10000);
        assert_int_equal(slow.overflowed, 0);
        assert_int_equal(slow.slow, 1); /* Told once, however much is dropped. */
        socket_takes = SIZE_MAX;
        peer_read_all(&slow);
        uint64_t missing = expect_numbers_and_gaps(1000);
        assert_true(missing > 500);
        assert_int_equal(dropped_by(&loops, policy), missing);
        assert_int_equal(slow.receiver.dropped, missing);
        assert_int_equal(audience_messages_to(&slow.receiver), 1000 - missing);
        assert_false(slow.receiver.is_slow);
        close_slow(&loops);
    }
}

static void drop_oldest_keeps_the_newest_and_drop_newest_the_oldest(void **state)
{
    struct loops loops;
    (void)state;
    open_slow(&loops, OVERFLOW_DROP_OLDEST, PLENTY);
    slow.limits.queue_messages = 2;
    publish_numbers(&loops, 0, 5);
    socket_takes = SIZE_MAX;
    peer_read_all(&slow);
    peer_expect(&slow, "{\"type\":\"gap\",\"dropped\":3,\"bytes\":3} 3 4");
    close_slow(&loops);
    open_slow(&loops, OVERFLOW_DROP_NEWEST, PLENTY);
    slow.limits.queue_messages = 2;
    publish_numbers(&loops, 0, 5);
    socket_takes = SIZE_MAX;
    peer_read_all(&slow);
    peer_expect(&slow, "0 1 {\"type\":\"gap\",\"dropped\":3,\"bytes\":3}");
    close_slow(&loops);
}

static void a_limit_on_messages_closes_under_close(void **state)
{
    struct loops loops;
    (void)state;
    open_slow(&loops, OVERFLOW_CLOSE, PLENTY);
    slow.limits.queue_messages = 3;
    publish_numbers(&loops, 0, 3);
    assert_int_equal(slow.overflowed, 0);
    publish_numbers(&loops, 3, 4);
    assert_int_equal(slow.overflowed, 1);
    assert_int_equal(receiver_cut(&slow.receiver), OK);
    assert_int_equal(dropped_by(&loops, OVERFLOW_CLOSE), 4);
    assert_int_equal(slow.receiver.dropped, 4);
    assert_int_equal(audience_messages_to(&slow.receiver), 0);
    close_slow(&loops);
}

static void what_no_policy_may_drop_closes_in_the_end(void **state)
{
    (void)state;
    for (enum overflow_policy policy = OVERFLOW_DROP_OLDEST; policy < OVERFLOW_POLICY_COUNT;
         policy++) {
        struct loops loops;
        unsigned sent = 0;
        open_slow(&loops, policy, 3000);
        for (; slow.overflowed == 0; sent++) {
            assert_true(sent < 1000);
            assert_int_equal(receiver_send_control(&slow.receiver, OPCODE_TEXT, "c", 1), OK);
            flush(&loops);
        }
        assert_true(sent > 10);
        assert_int_equal(dropped_by(&loops, policy), 0);
        close_slow(&loops);
    }
}

static void more_keys_than_the_queue_holds_close(void **state)
{
    struct loops loops;
    (void)state;
    open_slow(&loops, OVERFLOW_CONFLATE, 8000);
    assert_int_equal(fanout_add_key(&loops.fanout, "/k"), OK);
    fanout_use_key(&loops.fanout, "/k");
    for (unsigned i = 0; slow.overflowed == 0; i++) {
        char text[64];
        assert_true(i < 1000);
        snprintf(text, sizeof text, "{\"k\":%u}", i);
        publish(&loops, 0, text);
        flush(&loops);
    }
    close_slow(&loops);
}

static void topics_are_keys_too(void **state)
{
    struct loops loops;
    (void)state;
    open_slow(&loops, OVERFLOW_CONFLATE, PLENTY);
    slow.limits.gap_text = NULL;
    assert_int_equal(fanout_add_key(&loops.fanout, "topic"), OK);
    fanout_use_key(&loops.fanout, "topic");
    subscribe(&slow, "x");
    subscribe(&slow, "y");
    for (unsigned i = 0; i < 3; i++) {
        publish_to_topic(&slow, "x", i == 2 ? "x-last" : "x");
        publish_to_topic(&slow, "y", i == 2 ? "y-last" : "y");
        publish(&loops, 0, i == 2 ? "all-last" : "all");
        flush(&loops);
    }
    socket_takes = SIZE_MAX;
    peer_read_all(&slow);
    peer_expect(&slow, "x-last y-last all-last");
    assert_int_equal(dropped_by(&loops, OVERFLOW_CONFLATE), 6);
    close_slow(&loops);
}

/* -- the frame under way -- */

static void the_frame_under_way_is_never_cut(void **state)
{
    (void)state;
    for (size_t takes = 1; takes < 30; takes++) {
        struct loops loops;
        open_slow(&loops, OVERFLOW_DROP_OLDEST, PLENTY);
        slow.limits.queue_messages = 1;
        slow.limits.gap_text = NULL;
        socket_takes = takes;
        publish(&loops, 0, "the first message");
        publish(&loops, 0, "another one");
        flush(&loops);
        socket_takes = 0;
        publish_numbers(&loops, 7, 10);
        socket_takes = SIZE_MAX;
        peer_read_all(&slow);
        peer_expect(&slow, takes <= 19 ? "the first message 9" : "the first message another one 9");
        close_slow(&loops);
    }
}

/* -- reload -- */

static void limits_to(enum overflow_policy policy, struct receiver_limits *limits)
{
    *limits = slow.limits;
    limits->overflow = policy;
    receiver_set_limits(&slow.receiver, limits);
}

static void what_waits_is_kept_over_a_change_of_the_policy(void **state)
{
    (void)state;
    for (enum overflow_policy from = OVERFLOW_CLOSE; from < OVERFLOW_POLICY_COUNT; from++)
        for (enum overflow_policy to = OVERFLOW_CLOSE; to < OVERFLOW_POLICY_COUNT; to++) {
            struct loops loops;
            struct receiver_limits after;
            open_slow(&loops, from, PLENTY);
            slow.limits.gap_text = NULL;
            publish_numbers(&loops, 0, 3);
            limits_to(to, &after);
            publish_numbers(&loops, 3, 6);
            socket_takes = SIZE_MAX;
            peer_read_all(&slow);
            peer_expect(&slow, "0 1 2 3 4 5");
            close_slow(&loops);
        }
}

static void after_a_change_to_conflate_older_messages_make_room(void **state)
{
    struct loops loops;
    struct receiver_limits after;
    (void)state;
    open_slow(&loops, OVERFLOW_DROP_OLDEST, PLENTY);
    publish_numbers(&loops, 0, 3);
    assert_int_equal(fanout_add_key(&loops.fanout, "/k"), OK);
    fanout_use_key(&loops.fanout, "/k");
    slow.limits.queue_messages = 2;
    limits_to(OVERFLOW_CONFLATE, &after);
    publish(&loops, 0, "{\"k\":1}");
    flush(&loops);
    assert_int_equal(slow.overflowed, 0);
    socket_takes = SIZE_MAX;
    peer_read_all(&slow);
    peer_expect(&slow, "{\"type\":\"gap\",\"dropped\":2,\"bytes\":2} 2 {\"k\":1}");
    close_slow(&loops);
}

/* A reload away from conflate: no keys are read any more, but this loop has not changed over yet.
 */
static void after_a_change_from_conflate_newer_messages_make_room(void **state)
{
    struct loops loops;
    (void)state;
    open_slow(&loops, OVERFLOW_CONFLATE, PLENTY);
    assert_int_equal(fanout_add_key(&loops.fanout, "/k"), OK);
    fanout_use_key(&loops.fanout, "/k");
    slow.limits.queue_messages = 2;
    publish(&loops, 0, "{\"k\":1}");
    flush(&loops);
    fanout_use_key(&loops.fanout, NULL);
    publish_numbers(&loops, 0, 3);
    assert_int_equal(slow.overflowed, 0);
    socket_takes = SIZE_MAX;
    peer_read_all(&slow);
    peer_expect(&slow, "{\"k\":1} {\"type\":\"gap\",\"dropped\":2,\"bytes\":2} 2");
    close_slow(&loops);
}

/* -- messages that are missing for other reasons -- */

static void a_receiver_that_misses_a_message_meets_its_policy(void **state)
{
    struct loops loops;
    (void)state;
    open_slow(&loops, OVERFLOW_CLOSE, PLENTY);
    receiver_missed(&slow.receiver, 1, 7);
    flush(&loops);
    assert_int_equal(slow.overflowed, 1);
    assert_int_equal(dropped_by(&loops, OVERFLOW_CLOSE), 1);
    close_slow(&loops);
    open_slow(&loops, OVERFLOW_DROP_NEWEST, PLENTY);
    socket_takes = SIZE_MAX;
    publish(&loops, 0, "before");
    receiver_missed(&slow.receiver, 1, 3);
    receiver_missed(&slow.receiver, 1, 4);
    publish(&loops, 0, "next");
    flush(&loops);
    peer_expect(&slow, "before {\"type\":\"gap\",\"dropped\":2,\"bytes\":7} next");
    assert_int_equal(slow.overflowed, 0);
    assert_int_equal(dropped_by(&loops, OVERFLOW_DROP_NEWEST), 2);
    audience_set_open(&slow.receiver, false);
    receiver_missed(&slow.receiver, 1, 1);
    assert_int_equal(dropped_by(&loops, OVERFLOW_DROP_NEWEST), 2);
    assert_int_equal(slow.receiver.dropped, 2);
    assert_int_equal(audience_messages_to(&slow.receiver), 2);
    audience_set_open(&slow.receiver, true);
    close_slow(&loops);
}

static void without_memory_for_the_marker_it_is_closed(void **state)
{
    (void)state;
    struct loops loops;
    open_slow(&loops, OVERFLOW_DROP_OLDEST, PLENTY);
    fail_allocation(1);
    receiver_missed(&slow.receiver, 1, 7);
    assert_true(end_failing_allocations());
    flush(&loops);
    assert_int_equal(slow.overflowed, 1);
    close_slow(&loops);
    for (unsigned number = 1; number <= 2; number++) {
        open_slow(&loops, OVERFLOW_DROP_OLDEST, PLENTY);
        receiver_missed(&slow.receiver, 1, 7);
        fail_allocation(number);
        flush(&loops);
        assert_true(end_failing_allocations());
        assert_int_equal(slow.failed, 1);
        close_slow(&loops);
    }
}

/* A gap that could not be marked would be one without a word. */
static void without_memory_to_mark_a_drop_it_is_closed(void **state)
{
    struct loops loops;
    (void)state;
    open_slow(&loops, OVERFLOW_DROP_OLDEST, PLENTY);
    slow.limits.queue_messages = 2;
    publish_numbers(&loops, 0, 2);
    publish(&loops, 0, "2");
    fail_allocation(3); /* The copy, the record, and then the marker. */
    flush(&loops);
    assert_true(end_failing_allocations());
    assert_int_equal(slow.failed, 0);
    assert_int_equal(slow.overflowed, 1);
    close_slow(&loops);
}

/* -- giving up for the others' sake -- */

static void all_that_may_go_goes_if_that_is_much(void **state)
{
    struct loops loops;
    (void)state;
    open_slow(&loops, OVERFLOW_DROP_OLDEST, PLENTY);
    publish_numbers(&loops, 0, 50);
    assert_true(receiver_drop_waiting(&slow.receiver));
    assert_int_equal(dropped_by(&loops, OVERFLOW_DROP_OLDEST), 50);
    socket_takes = SIZE_MAX;
    peer_read_all(&slow);
    peer_expect(&slow, "{\"type\":\"gap\",\"dropped\":50,\"bytes\":90}");
    close_slow(&loops);
    for (enum overflow_policy policy = OVERFLOW_CLOSE; policy <= OVERFLOW_CONFLATE;
         policy += OVERFLOW_CONFLATE) {
        open_slow(&loops, policy, PLENTY);
        assert_int_equal(fanout_add_key(&loops.fanout, "/k"), OK);
        fanout_use_key(&loops.fanout, "/k");
        publish(&loops, 0, "{\"k\":1}");
        publish(&loops, 0, "{\"k\":2}");
        flush(&loops);
        assert_false(receiver_drop_waiting(&slow.receiver));
        close_slow(&loops);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_queue_stays_under_its_bytes_and_gaps_are_exact),
        cmocka_unit_test(drop_oldest_keeps_the_newest_and_drop_newest_the_oldest),
        cmocka_unit_test(a_limit_on_messages_closes_under_close),
        cmocka_unit_test(what_no_policy_may_drop_closes_in_the_end),
        cmocka_unit_test(more_keys_than_the_queue_holds_close),
        cmocka_unit_test(topics_are_keys_too),
        cmocka_unit_test(the_frame_under_way_is_never_cut),
        cmocka_unit_test(what_waits_is_kept_over_a_change_of_the_policy),
        cmocka_unit_test(after_a_change_to_conflate_older_messages_make_room),
        cmocka_unit_test(after_a_change_from_conflate_newer_messages_make_room),
        cmocka_unit_test(a_receiver_that_misses_a_message_meets_its_policy),
        cmocka_unit_test(without_memory_for_the_marker_it_is_closed),
        cmocka_unit_test(without_memory_to_mark_a_drop_it_is_closed),
        cmocka_unit_test(all_that_may_go_goes_if_that_is_much),
    };
    return RUN_BOTH_WAYS(tests, NULL, NULL);
}
