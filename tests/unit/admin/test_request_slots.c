#include "unit.h"

#include "admin/request_slots.h"

#define SLOTS_MOST 16

static struct request_slot held[SLOTS_MOST];

/* Takes as many as there are; returns how many. */
static unsigned take_all(struct request_slots *slots, unsigned kind)
{
    unsigned taken = 0;
    while (request_slots_take(slots, kind, &held[taken]))
        assert_true(++taken < SLOTS_MOST);
    return taken;
}

static void give(unsigned taken)
{
    while (taken > 0)
        request_slot_give(&held[--taken]);
}

static void assert_none_is_taken(const struct request_slots *slots)
{
    for (unsigned kind = 0; kind < REQUEST_KINDS; kind++)
        assert_int_equal(atomic_load(&slots->taken[kind]), 0);
}

static void bodies_and_readers_get_half_of_the_slots_each(void **state)
{
    static const struct {
        unsigned max, any, bodies, readers, bodies_of_readers;
    } cases[] = {{1, 1, 1, 1, 1}, {2, 2, 1, 1, 1}, {3, 3, 2, 2, 1}, {8, 8, 4, 4, 2}};
    struct request_slots slots;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        request_slots_init(&slots, cases[i].max);
        unsigned taken = take_all(&slots, 0);
        assert_int_equal(taken, cases[i].any);
        give(taken);
        taken = take_all(&slots, REQUEST_MAY_HAVE_BODY);
        assert_int_equal(taken, cases[i].bodies);
        give(taken);
        taken = take_all(&slots, REQUEST_ONLY_READS);
        assert_int_equal(taken, cases[i].readers);
        give(taken);
        taken = take_all(&slots, REQUEST_ONLY_READS | REQUEST_MAY_HAVE_BODY);
        assert_int_equal(taken, cases[i].bodies_of_readers);
        give(taken);
        assert_int_equal(atomic_load(&slots.refused), 4);
        assert_none_is_taken(&slots);
    }
}

static void whatever_readers_hold_others_may_send_a_body(void **state)
{
    struct request_slots slots;
    struct request_slot slot;
    (void)state;
    request_slots_init(&slots, 8);
    assert_int_equal(take_all(&slots, REQUEST_ONLY_READS | REQUEST_MAY_HAVE_BODY), 2);
    struct request_slot bodies[2] = {held[0], held[1]};
    assert_int_equal(take_all(&slots, REQUEST_ONLY_READS), 2);
    assert_true(request_slots_take(&slots, REQUEST_MAY_HAVE_BODY, &slot));
    request_slot_give(&slot);
    give(2);
    request_slot_give(&bodies[0]);
    request_slot_give(&bodies[1]);
    assert_none_is_taken(&slots);
}

static void whatever_strangers_hold_others_may_read(void **state)
{
    struct request_slots slots;
    struct request_slot slot;
    (void)state;
    request_slots_init(&slots, 8);
    assert_int_equal(take_all(&slots, REQUEST_ONLY_READS | REQUEST_OF_STRANGER), 2);
    assert_true(request_slots_take(&slots, REQUEST_ONLY_READS, &slot));
    request_slot_give(&slot);
    give(2);
    assert_none_is_taken(&slots);
}

static void a_slot_is_given_back_once(void **state)
{
    struct request_slots slots;
    struct request_slot slot, second;
    (void)state;
    request_slots_init(&slots, 1);
    for (unsigned i = 0; i < 10; i++) {
        assert_true(request_slots_take(&slots, i % REQUEST_KINDS, &slot));
        assert_false(request_slots_take(&slots, (i + 1) % REQUEST_KINDS, &second));
        request_slot_give(&slot);
        request_slot_give(&slot);
        request_slot_give(&second); /* that was refused */
        assert_none_is_taken(&slots);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_and_readers_get_half_of_the_slots_each),
        cmocka_unit_test(whatever_readers_hold_others_may_send_a_body),
        cmocka_unit_test(whatever_strangers_hold_others_may_read),
        cmocka_unit_test(a_slot_is_given_back_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
