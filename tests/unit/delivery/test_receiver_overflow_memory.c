/* core/delivery/receiver_overflow.c: what it takes, and what becomes of it without memory. */
#include "delivery/slow_peer.h"

#include "failing_memory.h"
#include "ws/inflate_message.h"

#include <stdio.h>

/* How a receiver's flushes go. */
struct way {
    enum overflow_policy policy;
    enum deflate_window window;
    size_t takes; /* bytes that its socket takes of each write, or less */
};

/* What arrived is made of whole messages and markers, each with what it was sent with. */
static void expect_whole_messages(void)
{
    struct buffer inflated = {.data = NULL};
    size_t at = 0;
    peer_read_all(&slow);
    while (at < slow.got.len) {
        struct frame_view view;
        const uint8_t *frame = slow.got.data + at;
        frame_view(frame, &view);
        const uint8_t *payload = frame + view.header_len;
        size_t len = view.size - view.header_len;
        assert_true(at + view.size <= slow.got.len);
        if ((frame[0] & 0x40) != 0) {
            assert_int_equal(inflate_message(inflater, payload, len, 1000, &inflated), OK);
            payload = inflated.data;
            len = inflated.len;
        }
        assert_int_equal(payload[0], '{');
        assert_int_equal(payload[len - 1], '}');
        at += view.size;
    }
    buffer_release(&inflated);
}

/* Publishes to a blocked receiver while an allocation fails. Returns false if there are fewer. */
static bool keep_with_failure(const struct way *way, unsigned number)
{
    struct loops loops;
    open_slow(&loops, way->policy, 2000);
    slow.receiver.window = (uint8_t)way->window & 3u;
    slow.limits.compression = (struct compression_settings){
        .min_size = 50, .max_size = SIZE_MAX, .level = 1, .memory = 1};
    assert_int_equal(fanout_add_key(&loops.fanout, "/k"), OK);
    fanout_use_key(&loops.fanout, way->policy == OVERFLOW_CONFLATE ? "/k" : NULL);
    socket_takes = way->takes;
    fail_allocation(number);
    for (unsigned i = 0; i < 20; i++) {
        char text[200];
        snprintf(text, sizeof text, "{\"k\":%u,\"p\":\"%0*u\"}", i % 3, i % 2 == 0 ? 1 : 100, i);
        int error =
            audience_publish(loops_audience(&loops, 0), OPCODE_TEXT, text, strlen(text), NULL);
        error |= receiver_send(&slow.receiver, OPCODE_TEXT, text, strlen(text));
        (void)error; /* An answer, as it is to a plugin. */
        flush(&loops);
        socket_takes = way->takes * (i % 4) / 4;
    }
    bool has_failed = end_failing_allocations();
    socket_takes = SIZE_MAX;
    if (slow.failed == 0)
        expect_whole_messages();
    assert_int_equal(queued_memory(&loops), 0);
    peer_close(&slow);
    loops_close(&loops);
    return has_failed;
}

static void no_failed_allocation_cuts_a_frame_or_loses_memory(void **state)
{
    static const size_t takes[] = {0, 1, 5, 41, 160, 400};
    (void)state;
    for (unsigned i = 0; i < OVERFLOW_POLICY_COUNT * DEFLATE_WINDOW_COUNT * 6; i++) {
        const struct way way = {
            .policy = (enum overflow_policy)(i % OVERFLOW_POLICY_COUNT),
            .window = (enum deflate_window)(i / OVERFLOW_POLICY_COUNT % DEFLATE_WINDOW_COUNT),
            .takes = takes[i / OVERFLOW_POLICY_COUNT / DEFLATE_WINDOW_COUNT]};
        unsigned number = 1;
        while (keep_with_failure(&way, number))
            number++;
        assert_true(number > 10);
    }
}

/* With memory, a write may stop at any byte. */
static void a_short_write_of_any_length_cuts_no_frame(void **state)
{
    (void)state;
    for (unsigned i = 0; i < OVERFLOW_POLICY_COUNT * DEFLATE_WINDOW_COUNT; i++)
        for (size_t takes = 0; takes < 600; takes += takes < 60 ? 1 : 7) {
            const struct way way = {.policy = (enum overflow_policy)(i % OVERFLOW_POLICY_COUNT),
                                    .window = (enum deflate_window)(i / OVERFLOW_POLICY_COUNT),
                                    .takes = takes};
            assert_false(keep_with_failure(&way, 100000));
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
        cmocka_unit_test(a_short_write_of_any_length_cuts_no_frame),
        cmocka_unit_test(slow_receivers_share_what_was_published),
    };
    return RUN_BOTH_WAYS(tests, open_inflater, close_inflater);
}
