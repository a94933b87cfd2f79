#include "pipeline/verdict.h"

#include <sluice/plugin.h>

#include "unit.h"

static void names_every_slot(void **state)
{
    (void)state;
    assert_string_equal(verdict_slot_name(verdict_slot(SL_CONTINUE)), "continue");
    assert_string_equal(verdict_slot_name(verdict_slot(SL_DROP)), "drop");
    assert_string_equal(verdict_slot_name(verdict_slot(SL_HANDLED)), "handled");
    assert_string_equal(verdict_slot_name(verdict_slot(SL_CLOSE)), "close");
    assert_string_equal(verdict_slot_name(verdict_slot(SL_DENY)), "deny");
    assert_string_equal(verdict_slot_name(verdict_slot(SL_DEFER)), "defer");
    assert_string_equal(verdict_slot_name(verdict_slot(SL_ERROR)), "error");
}

static void what_is_no_verdict_is_an_error(void **state)
{
    const int wrong[] = {-100, -1, SL_DEFER + 1, 1 << 30};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(verdict_slot(wrong[i]), VERDICT_SLOT_ERROR);
        assert_int_equal(verdict_is_allowed(VERDICT_OF_MESSAGE, wrong[i]), wrong[i] == SL_ERROR);
    }
}

static void each_hook_has_its_verdicts(void **state)
{
    (void)state;
    for (int verdict = SL_ERROR; verdict <= SL_DEFER; verdict++) {
        bool is_common = verdict == SL_ERROR || verdict == SL_CONTINUE;
        bool is_of_message = verdict == SL_DROP || verdict == SL_HANDLED || verdict == SL_CLOSE;
        assert_int_equal(verdict_is_allowed(VERDICT_OF_MESSAGE, verdict),
                         is_common || is_of_message);
        assert_int_equal(verdict_is_allowed(VERDICT_OF_CONNECT, verdict),
                         is_common || verdict == SL_DENY);
        assert_int_equal(verdict_is_allowed(VERDICT_OF_RECHECK, verdict),
                         is_common || verdict == SL_DENY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_every_slot),
        cmocka_unit_test(what_is_no_verdict_is_an_error),
        cmocka_unit_test(each_hook_has_its_verdicts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
