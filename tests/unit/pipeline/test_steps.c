#include "pipeline/steps.h"

#include <sluice/plugin.h>

#include "pipeline/stage.h"
#include "unit.h"

static void verdicts_stand_in_their_order(void **state)
{
    const struct stage first = {.instance = NULL}, second = {.is_shadow = true};
    struct steps steps = {.count = 0};
    (void)state;
    steps_add(&steps, &first, SL_CONTINUE, 7);
    steps_add(&steps, &second, SL_DROP, 9);
    assert_int_equal(steps.count, 2);
    assert_ptr_equal(steps.items[0].stage, &first);
    assert_int_equal(steps.items[0].verdict, VERDICT_SLOT_CONTINUE);
    assert_int_equal(steps.items[0].ns, 7);
    assert_ptr_equal(steps.items[1].stage, &second);
    assert_int_equal(steps.items[1].verdict, VERDICT_SLOT_DROP);
}

static void what_is_no_verdict_is_noted_as_an_error(void **state)
{
    const struct stage stage = {.instance = NULL};
    struct steps steps = {.count = 0};
    (void)state;
    steps_add(&steps, &stage, 1000, 1);
    assert_int_equal(steps.items[0].verdict, VERDICT_SLOT_ERROR);
}

static void what_has_no_room_is_counted(void **state)
{
    const struct stage stage = {.instance = NULL};
    struct steps steps = {.count = 0};
    (void)state;
    for (unsigned i = 0; i < STEPS_MAX + 3; i++)
        steps_add(&steps, &stage, SL_CONTINUE, i);
    assert_int_equal(steps.count, STEPS_MAX);
    assert_int_equal(steps.left_out, 3);
    assert_int_equal(steps.items[STEPS_MAX - 1].ns, STEPS_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_stand_in_their_order),
        cmocka_unit_test(what_is_no_verdict_is_noted_as_an_error),
        cmocka_unit_test(what_has_no_room_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
