/* core/delivery/forward.c: orders for single receivers, limits, and what happens without memory. */
#include "delivery/loops.h"

#include "failing_memory.h"

#include <stdio.h>

/* -- orders -- */

struct ordered {
    unsigned count;
    struct receiver_order last;
    char text[16];
};
static struct ordered ordered;

static void note_order(struct delivery_loop *loop, const struct receiver_order *order,
                       const void *text, size_t len)
{
    ordered.count++;
    ordered.last = *order;
    snprintf(ordered.text, sizeof ordered.text, "%.*s:%u", (int)len, (const char *)text,
             loop->loop->index);
}

static void an_order_is_carried_out_on_its_loop_alone_in_its_place(void **state)
{
    const struct receiver_calls calls = {.order = note_order};
    const struct receiver_order order = {.id = 77, .opcode = OPCODE_CLOSE, .close_code = 4000};
    struct loops loops;
    struct peer there;
    (void)state;
    loops_open(&loops, 3);
    peer_open(&loops, &there, 1);
    for (unsigned i = 0; i < 3; i++)
        loops.deliveries[i].calls = &calls;
    ordered = (struct ordered){.count = 0};
    publish(&loops, 0, "a");
    assert_int_equal(forward_order(&loops.delivery, 1, &order, "why", 3), OK);
    assert_int_equal(mails_waiting(&loops, 2), 0);
    assert_int_equal(mails_waiting(&loops, 1), 1);
    assert_int_equal(ordered.count, 1);
    assert_string_equal(ordered.text, "why:1");
    assert_int_equal(ordered.last.id, 77);
    assert_int_equal(ordered.last.opcode, OPCODE_CLOSE);
    assert_int_equal(ordered.last.close_code, 4000);
    delivery_flush(&loops.deliveries[1]);
    peer_expect(&there, "a");
    loops_settle(&loops);
    assert_int_equal(ordered.count, 1);
    peer_close(&there);
    loops_close(&loops);
}

static void a_close_is_let_through_where_messages_are_not(void **state)
{
    const struct receiver_calls calls = {.order = note_order};
    struct receiver_order order = {.id = 77, .opcode = OPCODE_TEXT};
    struct loops loops;
    (void)state;
    loops_open(&loops, 2);
    loops.deliveries[1].calls = &calls;
    ordered = (struct ordered){.count = 0};
    assert_int_equal(forward_order(&loops.delivery, 1, &order, "a", 1), OK);
    delivery_set_limit(&loops.delivery, 10);
    assert_int_equal(forward_order(&loops.delivery, 1, &order, "b", 1), ERR_LIMIT);
    order.opcode = OPCODE_CLOSE;
    assert_int_equal(forward_order(&loops.delivery, 1, &order, "c", 1), OK);
    loops_settle(&loops);
    assert_int_equal(ordered.count, 2);
    assert_string_equal(ordered.text, "c:1");
    loops_close(&loops);
}

/* -- limits and errors -- */

/* Fills the log over its limit: the first loop's record is not the last one in it. */
static void fill_log(struct loops *loops)
{
    publish(loops, 0, "a");
    assert_int_equal(fanout_publish(&loops->fanout, OPCODE_TEXT, "b", 1), OK);
    delivery_set_limit(&loops->delivery, 10);
}

static void what_the_log_does_not_take_is_missed_by_those_on_other_loops(void **state)
{
    struct loops loops;
    struct peer here, there, marked;
    (void)state;
    loops_open(&loops, 2);
    peer_open(&loops, &here, 0);
    peer_open(&loops, &there, 1);
    peer_open(&loops, &marked, 1);
    marked.limits.overflow = OVERFLOW_DROP_OLDEST;
    marked.limits.gap_text = "{dropped}/{bytes}";
    subscribe(&marked, "x");
    fill_log(&loops);
    publish(&loops, 0, "c");
    publish(&loops, 0, "cc");
    publish_to_topic(&here, "x", "ccc");
    publish_to_topic(&here, "y", "nobody's");
    assert_int_equal(fanout_publish(&loops.fanout, OPCODE_TEXT, "d", 1), ERR_LIMIT);
    assert_int_equal(loops_drops(&loops, DROP_QUEUE_TOTAL), 3);
    loops_settle(&loops);
    publish(&loops, 0, "e");
    loops_settle(&loops);
    peer_expect(&here, "a b c cc e");
    peer_expect(&there, "a b");
    assert_int_equal(there.overflowed, 1);
    peer_expect(&marked, "a b 3/6 e");
    assert_int_equal(loops_drops(&loops, DROP_QUEUE_TOTAL), 3);
    const counter *dropped = loops_audience(&loops, 1)->dropped;
    assert_int_equal(counter_read(&dropped[OVERFLOW_CLOSE]), 2);
    assert_int_equal(counter_read(&dropped[OVERFLOW_DROP_OLDEST]), 3);
    assert_int_equal(here.overflowed, 0);
    peer_close(&here);
    peer_close(&marked);
    peer_close(&there);
    loops_close(&loops);
}

/* Publishes while an allocation fails. Returns false if there are fewer. */
static bool publish_with_failure(unsigned number)
{
    struct loops loops;
    struct peer here, there;
    loops_open(&loops, 2);
    peer_open(&loops, &here, 0);
    peer_open(&loops, &there, 1);
    fail_allocation(number);
    int error = audience_publish(loops_audience(&loops, 0), OPCODE_TEXT, "a", 1, NULL);
    bool has_failed = end_failing_allocations();
    publish(&loops, 0, "b");
    loops_settle(&loops);
    /* The log's node: then nobody gets it. The batch, and its note of when: those of this loop miss
     * it. */
    assert_int_equal(error, number == 1 ? ERR_NO_MEMORY : OK);
    peer_expect(&here, has_failed ? "b" : "a b");
    peer_expect(&there, number == 1 ? "b" : "a b");
    assert_int_equal(here.overflowed, has_failed && number > 1);
    assert_int_equal(there.overflowed, 0);
    assert_int_equal(loops_drops(&loops, DROP_NO_MEMORY), has_failed && number > 1);
    peer_close(&here);
    peer_close(&there);
    loops_close(&loops);
    return has_failed;
}

static void without_memory_a_message_is_published_nowhere_or_its_own_loop_misses_it(void **state)
{
    unsigned number = 1;
    (void)state;
    while (publish_with_failure(number))
        number++;
    assert_int_equal(number, 4);
}

/* Reads the log while an allocation of the loop that does so fails. */
static bool deliver_with_failure(unsigned number)
{
    struct loops loops;
    struct peer sender, there;
    loops_open(&loops, 2);
    peer_open(&loops, &sender, 0);
    peer_open(&loops, &there, 1);
    subscribe(&there, "x");
    publish(&loops, 0, "a");
    publish_to_topic(&sender, "x", "b");
    delivery_flush(&loops.deliveries[0]);
    fail_allocation(number);
    loop_deliver_rest(&loops.loops[1]);
    bool has_failed = end_failing_allocations();
    assert_int_equal(loops_drops(&loops, DROP_NO_MEMORY), has_failed);
    publish(&loops, 0, "c");
    loops_settle(&loops);
    /* The batch, and its note of when; the bytes of the topic's frame; the receiver's runs. */
    peer_expect(&there, !has_failed ? "a b c" : number <= 2 ? "b c" : "a c");
    assert_int_equal(there.overflowed, has_failed);
    peer_close(&sender);
    peer_close(&there);
    loops_close(&loops);
    return has_failed;
}

static void without_memory_what_a_loop_cannot_take_is_counted_as_dropped(void **state)
{
    unsigned number = 1;
    (void)state;
    while (deliver_with_failure(number))
        number++;
    assert_int_equal(number, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_is_carried_out_on_its_loop_alone_in_its_place),
        cmocka_unit_test(a_close_is_let_through_where_messages_are_not),
        cmocka_unit_test(what_the_log_does_not_take_is_missed_by_those_on_other_loops),
        cmocka_unit_test(without_memory_a_message_is_published_nowhere_or_its_own_loop_misses_it),
        cmocka_unit_test(without_memory_what_a_loop_cannot_take_is_counted_as_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
