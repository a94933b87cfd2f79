#include "delivery/interest.h"

#include "delivery/loops.h"

/* How many loops have mail, a bit for each; the mail is taken. */
static unsigned loops_with_mail(struct loops *loops)
{
    unsigned set = 0;
    for (unsigned i = 0; i < loops->count; i++)
        set |= (mails_waiting(loops, i) > 0 ? 1u : 0u) << i;
    return set;
}

static void loops_without_a_receiver_are_not_woken(void **state)
{
    struct loops loops;
    struct peer sender, member, subscriber;
    (void)state;
    loops_open(&loops, 8);
    peer_open(&loops, &sender, 0);
    publish(&loops, 0, "a");
    publish_to_topic(&sender, "x", "b");
    delivery_flush(&loops.deliveries[0]);
    assert_int_equal(loops_with_mail(&loops), 0);
    assert_int_equal(memory_account_bytes(&loops.delivery.forwarded), 0);

    peer_open(&loops, &member, 3);
    peer_open(&loops, &subscriber, 5);
    subscribe(&subscriber, "x");
    publish(&loops, 0, "c");
    delivery_flush(&loops.deliveries[0]);
    assert_int_equal(loops_with_mail(&loops), 1u << 3 | 1u << 5);
    publish_to_topic(&sender, "x", "d");
    delivery_flush(&loops.deliveries[0]);
    assert_int_equal(loops_with_mail(&loops), 1u << 5);
    publish_to_topic(&sender, "y", "e");
    delivery_flush(&loops.deliveries[0]);
    assert_int_equal(loops_with_mail(&loops), 0);

    topic_unsubscribe(&subscriber.receiver, "x", 1);
    peer_close(&member);
    loops_with_mail(&loops); /* Some held the log, and were told to read it. */
    publish(&loops, 0, "f");
    publish_to_topic(&sender, "x", "g");
    delivery_flush(&loops.deliveries[0]);
    assert_int_equal(loops_with_mail(&loops), 1u << 5);
    peer_close(&sender);
    peer_close(&subscriber);
    loops_close(&loops);
}

static void from_outside_only_loops_with_a_receiver_are_woken(void **state)
{
    struct loops loops;
    struct peer member;
    (void)state;
    loops_open(&loops, 8);
    assert_int_equal(fanout_publish(&loops.fanout, OPCODE_TEXT, "a", 1), OK);
    assert_int_equal(loops_with_mail(&loops), 0);
    peer_open(&loops, &member, 7);
    assert_int_equal(fanout_publish(&loops.fanout, OPCODE_TEXT, "b", 1), OK);
    assert_int_equal(loops_with_mail(&loops), 1u << 7);
    peer_close(&member);
    loops_close(&loops);
}

static bool may_have(const struct interest *interest, unsigned loop, uint64_t hash)
{
    const struct loop_set set = interest_loops(interest, hash);
    return loop_set_has(&set, loop);
}

static void slots_are_shared_and_count(void **state)
{
    static struct interest interest;
    static struct interest_counts counts[2];
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        const unsigned loop = i * 200, other = 200 - loop; /* In different words of a set. */
        assert_false(may_have(&interest, loop, 5));
        interest_add(&interest, &counts[i], loop, 5);
        interest_add(&interest, &counts[i], loop, 5 + INTEREST_SLOTS);
        assert_true(may_have(&interest, loop, 5));
        assert_true(may_have(&interest, loop, 5 + 7 * INTEREST_SLOTS));
        assert_false(may_have(&interest, loop, 6));
        assert_false(may_have(&interest, other, 5));
        interest_remove(&interest, &counts[i], loop, 5);
        assert_true(may_have(&interest, loop, 5));
        interest_remove(&interest, &counts[i], loop, 5 + INTEREST_SLOTS);
        assert_false(may_have(&interest, loop, 5));
    }
}

static void a_set_of_loops_knows_its_loops(void **state)
{
    struct loop_set set = {{0}};
    (void)state;
    assert_true(loop_set_is_empty(&set));
    loop_set_add(&set, 255);
    loop_set_add(&set, 63);
    assert_false(loop_set_is_empty(&set));
    assert_true(loop_set_has(&set, 255));
    assert_false(loop_set_has(&set, 254));
    loop_set_remove(&set, 255);
    assert_true(loop_set_has(&set, 63));
    loop_set_remove(&set, 63);
    assert_true(loop_set_is_empty(&set));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_are_shared_and_count),
        cmocka_unit_test(a_set_of_loops_knows_its_loops),
        cmocka_unit_test(loops_without_a_receiver_are_not_woken),
        cmocka_unit_test(from_outside_only_loops_with_a_receiver_are_woken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
