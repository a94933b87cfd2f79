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

static void slots_are_shared_and_count(void **state)
{
    static struct interest interest;
    (void)state;
    assert_false(interest_may_have(&interest, 5));
    interest_add(&interest, 5);
    interest_add(&interest, 5 + INTEREST_SLOTS);
    assert_true(interest_may_have(&interest, 5));
    assert_true(interest_may_have(&interest, 5 + 7 * INTEREST_SLOTS));
    assert_false(interest_may_have(&interest, 6));
    interest_remove(&interest, 5);
    assert_true(interest_may_have(&interest, 5));
    interest_remove(&interest, 5 + INTEREST_SLOTS);
    assert_false(interest_may_have(&interest, 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_are_shared_and_count),
        cmocka_unit_test(loops_without_a_receiver_are_not_woken),
        cmocka_unit_test(from_outside_only_loops_with_a_receiver_are_woken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
