#include "unit.h"

#include "admin/request_slots.h"

static void bodies_get_half_of_the_places(void **state)
{
    (void)state;
    struct request_slots slots;
    request_slots_init(&slots, 3);
    assert_true(request_slots_take(&slots, true));
    assert_true(request_slots_take(&slots, true));
    assert_false(request_slots_take(&slots, true));
    assert_true(request_slots_take(&slots, false));
    assert_false(request_slots_take(&slots, false));
    assert_int_equal(atomic_load(&slots.refused), 2);
}

static void place_that_is_given_back_can_be_taken_again(void **state)
{
    (void)state;
    struct request_slots slots;
    request_slots_init(&slots, 1);
    for (int i = 0; i < 10; i++) {
        assert_true(request_slots_take(&slots, i % 2 == 0));
        assert_false(request_slots_take(&slots, i % 2 == 1));
        request_slots_give(&slots, i % 2 == 0);
    }
    assert_int_equal(atomic_load(&slots.taken), 0);
    assert_int_equal(atomic_load(&slots.taken_with_body), 0);
}

static void refused_body_leaves_nothing_behind(void **state)
{
    (void)state;
    struct request_slots slots;
    request_slots_init(&slots, 2);
    assert_true(request_slots_take(&slots, false));
    assert_true(request_slots_take(&slots, false));
    assert_false(request_slots_take(&slots, true));
    assert_int_equal(atomic_load(&slots.taken_with_body), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_get_half_of_the_places),
        cmocka_unit_test(place_that_is_given_back_can_be_taken_again),
        cmocka_unit_test(refused_body_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
