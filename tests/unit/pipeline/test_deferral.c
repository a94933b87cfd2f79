#include "pipeline/deferral.h"
#include "failing_memory.h"
#include "pipeline/deferring.h"

/* The client's message goes on, once. */
static void expect_resumed(int expected, const char *text)
{
    assert_int_equal(rig.resumed.count, 1);
    assert_true(rig.resumed.client == &client.seen);
    assert_int_equal(rig.resumed.verdict, expected);
    assert_string_equal(rig.resumed.message->seen.data, text);
    rig_message_release(&client.seen, rig.resumed.message);
    assert_int_equal(deferral_count(), 0);
    assert_int_equal(sl_client_deferred_bytes(&client.seen), 0);
}

/* -- what ends a deferral -- */

static void the_first_completion_resumes_the_message(void **state)
{
    (void)state;
    begin(false);
    send_deferred();
    assert_int_equal(rig.waits, 1);
    assert_true(sl_client_deferred_bytes(&client.seen) > sizeof(struct message));
    assert_int_equal(rig_totals(chain, 0).verdicts[VERDICT_SLOT_DEFER], 1);
    assert_int_equal(deferral_complete(ticket, SL_DROP, NULL), 0);
    assert_int_equal(deferral_complete(ticket, SL_CONTINUE, NULL), SL_GONE); /* Only once. */
    assert_int_equal(rig.resumed.count, 0);                                  /* On its way. */
    rig_deliver();
    expect_resumed(SL_DROP, "hello");
    assert_int_equal(rig_totals(chain, 0).verdicts[VERDICT_SLOT_DROP], 1);
    expect_notes("");
    finish();
}

static void what_a_completion_brings_is_laid_over_the_message(void **state)
{
    const struct sl_completion details = {
        .struct_size = sizeof details, .type = SL_TEXT, .data = {.data = "other", .len = 5}};
    (void)state;
    begin(false);
    send_deferred();
    assert_int_equal(deferral_complete(ticket, SL_CONTINUE, &details), 0);
    rig_deliver();
    expect_resumed(SL_CONTINUE, "other");
    finish();
}

static void the_deadline_is_an_error(void **state)
{
    (void)state;
    begin(false);
    how.timeout = NS_PER_S / 2; /* The stage allows a second. */
    send_deferred();
    rig_pass(NS_PER_S / 4);
    assert_int_equal(rig.resumed.count, 0);
    rig_pass(NS_PER_S / 2);
    expect_resumed(SL_ERROR, "hello");
    expect_notes("timeout");
    assert_int_equal(rig_totals(chain, 0).timeouts, 1);
    assert_int_equal(deferral_complete(ticket, SL_DROP, NULL), SL_GONE);
    finish();
}

static void a_delay_continues(void **state)
{
    (void)state;
    begin(false);
    how.is_delay = true;
    how.timeout = 5 * NS_PER_S; /* Longer than the stage's timeout. */
    send_deferred();
    rig_pass(2 * NS_PER_S);
    assert_int_equal(rig.resumed.count, 0);
    rig_pass(4 * NS_PER_S);
    expect_resumed(SL_CONTINUE, "hello");
    expect_notes("");
    finish();
}

static void the_departure_of_the_client_cancels(void **state)
{
    (void)state;
    begin(false);
    send_deferred();
    deferral_cancel_all(&client.seen, SL_CANCEL_SHUTDOWN);
    expect_notes("end");
    assert_int_equal(deferral_count(), 0);
    assert_int_equal(deferral_complete(ticket, SL_DROP, NULL), SL_GONE);
    rig_deliver();
    rig_pass(2 * NS_PER_S);
    assert_int_equal(rig.resumed.count, 0);
    finish();
}

/* -- who is first -- */

static void a_deadline_behind_a_completion_does_nothing(void **state)
{
    (void)state;
    begin(false);
    send_deferred();
    assert_int_equal(deferral_complete(ticket, SL_DROP, NULL), 0);
    rig_pass(2 * NS_PER_S);
    assert_int_equal(rig.resumed.count, 0);
    expect_notes("");
    rig_deliver();
    expect_resumed(SL_DROP, "hello");
    finish();
}

static void a_departure_behind_a_completion_is_not_told(void **state)
{
    (void)state;
    begin(false);
    send_deferred();
    assert_int_equal(deferral_complete(ticket, SL_DROP, NULL), 0);
    deferral_cancel_all(&client.seen, SL_CANCEL_CLIENT_GONE);
    expect_notes("");
    rig_deliver(); /* Finds nothing. */
    assert_int_equal(rig.resumed.count, 0);
    finish();
}

static void a_late_completion_does_not_meet_the_slot_s_next_deferral(void **state)
{
    struct sl_ticket first;
    (void)state;
    begin(false);
    send_deferred();
    first = ticket;
    assert_int_equal(deferral_complete(first, SL_DROP, NULL), 0);
    deferral_cancel_all(&client.seen, SL_CANCEL_CLIENT_GONE);
    send_deferred(); /* In the same slot. */
    assert_int_equal(ticket.value & UINT32_MAX, first.value & UINT32_MAX);
    rig_deliver();
    assert_int_equal(rig.resumed.count, 0);
    assert_int_equal(deferral_count(), 1);
    assert_int_equal(deferral_complete(first, SL_DROP, NULL), SL_GONE);
    finish();
    expect_notes("gone");
}

static void refuses_what_is_no_completion(void **state)
{
    const struct sl_completion small = {.struct_size = 4};
    const struct sl_ticket none = {.value = 0, .owner = &rig.pipeline};
    const struct sl_ticket elsewhere = {.value = UINT64_C(1) << 32 | 200, .owner = &rig.pipeline};
    (void)state;
    begin(false);
    send_deferred();
    assert_int_equal(deferral_complete(ticket, SL_DEFER, NULL), -1);
    assert_int_equal(deferral_complete(ticket, (enum sl_verdict)99, NULL), -1);
    assert_int_equal(deferral_complete(ticket, SL_DROP, &small), -1);
    assert_int_equal(deferral_complete(none, SL_DROP, NULL), SL_GONE);
    assert_int_equal(deferral_complete(elsewhere, SL_DROP, NULL), SL_GONE);
    assert_int_equal(deferral_count(), 1);
    finish();
    expect_notes("gone");
}

/* -- what the hook returns -- */

static void a_hook_that_decides_otherwise_drops_its_deferral(void **state)
{
    enum sl_verdict decided = SL_CONTINUE;
    (void)state;
    begin(false);
    verdict = SL_HANDLED;
    assert_int_equal(send(&decided), CHAIN_STOPPED);
    assert_int_equal(decided, SL_HANDLED);
    assert_int_equal(deferral_count(), 0);
    assert_int_equal(deferral_complete(ticket, SL_DROP, NULL), SL_GONE);
    expect_notes("");
    finish();
}

static void a_completion_before_the_hook_returns_counts(void **state)
{
    (void)state;
    begin(false);
    completes_at_once = true;
    send_deferred();
    rig_deliver();
    expect_resumed(SL_DROP, "hello");
    finish();
}

static void only_the_running_hook_may_defer(void **state)
{
    (void)state;
    begin(false);
    assert_int_equal(deferral_begin(chain->stages[0].instance, &client.seen, NULL, &ticket),
                     SL_ERROR);
    assert_true(ticket.value == 0);
    finish();
}

/* -- connect -- */

static void a_completion_resumes_the_upgrade(void **state)
{
    const struct sl_completion details = {.struct_size = sizeof details,
                                          .identity = {.data = "ada", .len = 3}};
    struct upgrade *upgrade = rig_upgrade();
    (void)state;
    begin(false);
    assert_int_equal(chain_connect(&client.seen, upgrade), CHAIN_DEFERRED);
    assert_int_equal(upgrade->references, 2);
    upgrade_unref(upgrade);
    assert_int_equal(deferral_complete(ticket, SL_CONTINUE, &details), 0);
    rig_deliver();
    assert_int_equal(rig.resumed.verdict, SL_CONTINUE);
    assert_null(rig.resumed.message);
    assert_true(rig.resumed.upgrade == upgrade);
    assert_string_equal(sl_client_identity(&client.seen), "ada");
    expect_notes("ada by later#1");
    upgrade_unref(upgrade);
    finish();
}

/* -- without memory -- */

static void without_memory_the_hook_s_error_counts(void **state)
{
    enum sl_verdict decided = SL_CONTINUE;
    unsigned nth = 1;
    (void)state;
    begin(false);
    for (;; nth++) {
        struct message *message = rig_message(&client.seen, "hello");
        fail_allocation(nth);
        enum chain_result result = chain_message(&client.seen, &message, &decided);
        bool failed = has_allocation_failed();
        fail_allocation(0);
        if (!failed) {
            assert_int_equal(result, CHAIN_DEFERRED);
            break;
        }
        assert_int_equal(result, CHAIN_STOPPED);
        assert_int_equal(decided, SL_ERROR);
        assert_int_equal(deferral_count(), 0);
        rig_message_release(&client.seen, message);
    }
    assert_true(nth >= 4); /* The copy of the message, extras, the deferral, slots. */
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(the_first_completion_resumes_the_message),
        rig_test(what_a_completion_brings_is_laid_over_the_message),
        rig_test(the_deadline_is_an_error),
        rig_test(a_delay_continues),
        rig_test(the_departure_of_the_client_cancels),
        rig_test(a_deadline_behind_a_completion_does_nothing),
        rig_test(a_departure_behind_a_completion_is_not_told),
        rig_test(a_late_completion_does_not_meet_the_slot_s_next_deferral),
        rig_test(refuses_what_is_no_completion),
        rig_test(a_hook_that_decides_otherwise_drops_its_deferral),
        rig_test(a_completion_before_the_hook_returns_counts),
        rig_test(only_the_running_hook_may_defer),
        rig_test(a_completion_resumes_the_upgrade),
        rig_test(without_memory_the_hook_s_error_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
