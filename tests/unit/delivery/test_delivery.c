#include "delivery/loops.h"

#include "current_loop.h"
#include "failing_memory.h"

static void the_limit_is_that_of_what_is_queued_and_of_what_is_forwarded(void **state)
{
    struct delivery delivery;
    (void)state;
    assert_int_equal(delivery_init(&delivery, 3), OK);
    delivery_set_limit(&delivery, 1000);
    assert_int_equal(memory_account_limit(&delivery.queued), 1000);
    assert_int_equal(memory_account_limit(&delivery.forwarded), 1000);
    assert_int_equal(memory_account_bytes(&delivery.queued), 0);
    assert_int_equal(memory_account_bytes(&delivery.forwarded), 0);
    delivery_deinit(&delivery);
}

static void loops_are_entered_by_their_index(void **state)
{
    struct loops loops;
    (void)state;
    loops_open(&loops, 3);
    assert_int_equal(loops.delivery.loop_count, 3);
    for (unsigned i = 0; i < 3; i++)
        assert_ptr_equal(loops.delivery.loops[i], &loops.deliveries[i]);
    loops_close(&loops);
}

static void a_loop_knows_its_own_delivery(void **state)
{
    struct loops loops;
    (void)state;
    loops_open(&loops, 3);
    assert_null(delivery_current_loop(&loops.delivery));
    for (unsigned i = 0; i < 3; i++) {
        current_loop = &loops.loops[i];
        assert_ptr_equal(delivery_current_loop(&loops.delivery), &loops.deliveries[i]);
    }
    current_loop = NULL;
    loops_close(&loops);
}

/* Such as those of another server in the same process, which has more of them. */
static void a_loop_of_others_has_none(void **state)
{
    struct loops loops;
    struct loop other;
    struct delivery not_yet;
    (void)state;
    loops_open(&loops, 2);
    assert_int_equal(delivery_init(&not_yet, 2), OK);
    for (unsigned index = 0; index < 4; index++) {
        assert_int_equal(loop_init(&other, index), OK);
        current_loop = &other;
        assert_null(delivery_current_loop(&loops.delivery));
        assert_null(delivery_current_loop(&not_yet)); /* Its loops are still to be set up. */
        current_loop = NULL;
        loop_deinit(&other);
    }
    delivery_deinit(&not_yet);
    loops_close(&loops);
}

static void without_memory_it_can_be_torn_down(void **state)
{
    struct delivery delivery;
    (void)state;
    fail_allocation(1);
    assert_int_equal(delivery_init(&delivery, 2), ERR_NO_MEMORY);
    assert_true(end_failing_allocations());
    delivery_deinit(&delivery);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_limit_is_that_of_what_is_queued_and_of_what_is_forwarded),
        cmocka_unit_test(loops_are_entered_by_their_index),
        cmocka_unit_test(a_loop_knows_its_own_delivery),
        cmocka_unit_test(a_loop_of_others_has_none),
        cmocka_unit_test(without_memory_it_can_be_torn_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
