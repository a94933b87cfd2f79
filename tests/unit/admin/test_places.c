#include "unit.h"

#include "admin/places.h"

static void bodies_get_half_of_the_places(void **state)
{
    (void)state;
    struct places places;
    places_init(&places, 3);
    assert_true(places_take(&places, true));
    assert_true(places_take(&places, true));
    assert_false(places_take(&places, true));
    assert_true(places_take(&places, false));
    assert_false(places_take(&places, false));
    assert_int_equal(atomic_load(&places.refused), 2);
}

static void place_that_is_given_back_can_be_taken_again(void **state)
{
    (void)state;
    struct places places;
    places_init(&places, 1);
    for (int i = 0; i < 10; i++) {
        assert_true(places_take(&places, i % 2 == 0));
        assert_false(places_take(&places, i % 2 == 1));
        places_give(&places, i % 2 == 0);
    }
    assert_int_equal(atomic_load(&places.taken), 0);
    assert_int_equal(atomic_load(&places.taken_with_body), 0);
}

static void refused_body_leaves_nothing_behind(void **state)
{
    (void)state;
    struct places places;
    places_init(&places, 2);
    assert_true(places_take(&places, false));
    assert_true(places_take(&places, false));
    assert_false(places_take(&places, true));
    assert_int_equal(atomic_load(&places.taken_with_body), 0);
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
