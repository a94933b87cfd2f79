/* core/front/handshakes.c */
#include "unit.h"

#include "base/clock.h"
#include "front/handshakes.h"

static void memory_is_counted_up_and_down(void **state)
{
    struct handshakes handshakes = {0};
    size_t one = 0, other = 0;
    (void)state;
    handshakes_configure(&handshakes, 1000, 0);
    handshakes_charge(&handshakes, &one, 600);
    handshakes_charge(&handshakes, &other, 300);
    assert_true(handshakes_have_room(&handshakes, 100));
    assert_false(handshakes_have_room(&handshakes, 101));
    handshakes_charge(&handshakes, &one, 200);
    assert_true(handshakes_have_room(&handshakes, 500));
    handshakes_charge(&handshakes, &one, 0);
    handshakes_charge(&handshakes, &other, 0);
    assert_int_equal(handshakes.bytes, 0);
}

static void the_rate_is_an_interval(void **state)
{
    struct handshakes handshakes = {0};
    (void)state;
    handshakes_configure(&handshakes, 0, 100);
    assert_int_equal(handshakes_interval(&handshakes), NS_PER_S / 100);
    handshakes_configure(&handshakes, 0, 0);
    assert_int_equal(handshakes_interval(&handshakes), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_counted_up_and_down),
        cmocka_unit_test(the_rate_is_an_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
