#include "unit.h"

#include "client/budget.h"

#include <stdint.h>

static void nothing_is_class_0_and_anything_is_more(void **state)
{
    (void)state;
    assert_int_equal(budget_class(0), 0);
    assert_int_equal(budget_class(1), 1);
    assert_int_equal(budget_class(63), 1);
    assert_int_equal(budget_class(64), 2);
}

static void who_holds_a_quarter_more_is_in_a_higher_class(void **state)
{
    (void)state;
    for (size_t bytes = 64; bytes < (size_t)1 << 40; bytes = bytes * 9 / 8) {
        assert_true(budget_class(bytes) <= budget_class(bytes + 1));
        assert_true(budget_class(bytes) < budget_class(bytes + bytes / 4 + 1));
    }
}

static void every_size_has_a_class(void **state)
{
    (void)state;
    assert_true(budget_class(SIZE_MAX) < BUDGET_CLASSES);
    assert_true(budget_class((size_t)1 << 45) < BUDGET_CLASSES - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_class_0_and_anything_is_more),
        cmocka_unit_test(who_holds_a_quarter_more_is_in_a_higher_class),
        cmocka_unit_test(every_size_has_a_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
