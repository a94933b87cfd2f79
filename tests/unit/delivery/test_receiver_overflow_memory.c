/* core/delivery/receiver_overflow.c: what it takes, and what becomes of it without memory. */
#include "delivery/slow_peer.h"

#include "failing_memory.h"

#include <stdio.h>

/* Publishes to blocked receivers while an allocation fails. Returns false if there are fewer. */
static bool keep_with_failure(enum overflow_policy policy, unsigned number)
{
    struct loops loops;
    open_slow(&loops, policy, 2000);
    assert_int_equal(fanout_add_key(&loops.fanout, "/k"), OK);
    fanout_use_key(&loops.fanout, policy == OVERFLOW_CONFLATE ? "/k" : NULL);
    socket_takes = 5;
    fail_allocation(number);
    for (unsigned i = 0; i < 20; i++) {
        char text[64];
        snprintf(text, sizeof text, "{\"k\":%u}", i % 3);
        int error =
            audience_publish(loops_audience(&loops, 0), OPCODE_TEXT, text, strlen(text), NULL);
        error |= receiver_send(&slow.receiver, OPCODE_TEXT, text, strlen(text));
        (void)error; /* An answer, as it is to a plugin. */
        flush(&loops);
        socket_takes = i % 4;
    }
    bool has_failed = end_failing_allocations();
    socket_takes = SIZE_MAX;
    if (slow.failed == 0) {
        struct got_frame frame;
        size_t at = 0;
        peer_read_all(&slow);
        while (peer_next_frame(&slow, &at, &frame))
            assert_int_equal(frame.payload[0], '{');
        assert_int_equal(at, slow.got.len);
    }
    assert_int_equal(queued_memory(&loops), 0);
    peer_close(&slow);
    loops_close(&loops);
    return has_failed;
}

static void no_failed_allocation_cuts_a_frame_or_loses_memory(void **state)
{
    (void)state;
    for (enum overflow_policy policy = OVERFLOW_DROP_OLDEST; policy < OVERFLOW_POLICY_COUNT;
         policy++) {
        unsigned number = 1;
        while (keep_with_failure(policy, number))
            number++;
        assert_true(number > 20);
    }
}

/* Many slow receivers refer to one copy of what was published. */
static void slow_receivers_share_what_was_published(void **state)
{
    struct loops loops;
    static struct peer peers[20];
    (void)state;
    loops_open(&loops, 1);
    for (unsigned i = 0; i < 20; i++) {
        peer_open(&loops, &peers[i], 0);
        peers[i].limits.overflow = OVERFLOW_DROP_OLDEST;
    }
    socket_takes = 0;
    for (unsigned i = 0; i < 10; i++)
        publish_large(&loops);
    flush(&loops);
    assert_in_range(queued_memory(&loops), 10 * LARGE, 20 * 10 * 150 + 11 * LARGE);
    assert_true(receiver_held(&peers[0].receiver) > 10 * LARGE);
    for (unsigned i = 0; i < 20; i++)
        peer_close(&peers[i]);
    socket_takes = SIZE_MAX;
    loops_close(&loops);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_failed_allocation_cuts_a_frame_or_loses_memory),
        cmocka_unit_test(slow_receivers_share_what_was_published),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
