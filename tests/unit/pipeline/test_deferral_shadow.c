/* core/pipeline/deferral.c: deferrals of stages in shadow mode. */
#include "pipeline/deferral.h"
#include "pipeline/deferring.h"

static void a_shadow_deferral_keeps_nobody_waiting(void **state)
{
    enum sl_verdict ignored;
    (void)state;
    begin(true);
    assert_int_equal(send(&ignored), CHAIN_PASSED);
    assert_int_equal(rig.waits, 0);
    assert_int_equal(deferral_count(), 1);
    assert_int_equal(deferral_complete(ticket, SL_DROP, NULL), 0);
    rig_deliver();
    assert_int_equal(rig.resumed.count, 0);
    assert_int_equal(deferral_count(), 0);
    assert_int_equal(rig_totals(chain, 0).verdicts[VERDICT_SLOT_DROP], 1);
    assert_int_equal(rig_totals(chain, 0).shadow_clients, 1);
    finish();
}

static void shadow_deferrals_of_a_client_are_bounded(void **state)
{
    enum sl_verdict ignored;
    (void)state;
    begin(true);
    for (unsigned i = 0; i < DEFERRALS_PER_CLIENT + 3; i++)
        assert_int_equal(send(&ignored), CHAIN_PASSED);
    assert_int_equal(deferral_count(), DEFERRALS_PER_CLIENT);
    assert_int_equal(rig_totals(chain, 0).verdicts[VERDICT_SLOT_ERROR], 3);
    finish();
}

static void shadow_deferrals_take_nothing_from_a_stage_that_decides(void **state)
{
    const struct rig_stage stages[] = {{.table = &later, .is_shadow = true}, {.table = &later}};
    (void)state;
    begin(false);
    finish();
    chain = rig_chain(stages, 2);
    rig_client_init(&client, chain, 1);
    rig_client_open(&client);
    for (unsigned i = 0; i < DEFERRALS_PER_CLIENT + 3; i++) {
        send_deferred(); /* The ticket is that of the second one. */
        assert_int_equal(deferral_complete(ticket, SL_DROP, NULL), 0);
        rig_deliver();
        assert_int_equal(rig.resumed.verdict, SL_DROP);
        rig_message_release(&client.seen, rig.resumed.message);
    }
    assert_int_equal(rig.resumed.count, DEFERRALS_PER_CLIENT + 3);
    assert_int_equal(deferral_count(), DEFERRALS_PER_CLIENT);
    finish();
}

static void shadow_stages_hold_at_most_half_of_what_may_be_held(void **state)
{
    enum sl_verdict ignored;
    (void)state;
    begin(true);
    memory_account_set_limit(&rig.input, 100);
    memory_account_add(&rig.input, 46);
    assert_int_equal(send(&ignored), CHAIN_PASSED);
    assert_int_equal(deferral_count(), 0);
    memory_account_sub(&rig.input, 1);
    assert_int_equal(send(&ignored), CHAIN_PASSED);
    assert_int_equal(deferral_count(), 1);
    finish();
}

static void shadow_stages_hold_nothing_when_all_hold_too_much(void **state)
{
    enum sl_verdict ignored;
    (void)state;
    begin(true);
    memory_account_set_limit(&rig.input, 10);
    memory_account_add(&rig.input, 11);
    assert_int_equal(send(&ignored), CHAIN_PASSED);
    assert_int_equal(deferral_count(), 0);
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(a_shadow_deferral_keeps_nobody_waiting),
        rig_test(shadow_deferrals_of_a_client_are_bounded),
        rig_test(shadow_deferrals_take_nothing_from_a_stage_that_decides),
        rig_test(shadow_stages_hold_at_most_half_of_what_may_be_held),
        rig_test(shadow_stages_hold_nothing_when_all_hold_too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
