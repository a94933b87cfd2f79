#include "pipeline/chain_open.h"
#include "failing_memory.h"
#include "pipeline/chain_move.h"
#include "pipeline/rig.h"

static struct sl_ticket tickets[4]; /* by the number in the instance's name */
static unsigned deferring;          /* bits: which of them defer */
static enum sl_verdict begun;       /* what deferral_begin has said last */

static unsigned number_of(const struct sl_instance *self)
{
    return (unsigned)atoi(strchr(self->name, '#') + 1);
}

static void note_hook(const struct sl_instance *self, const char *hook)
{
    char text[32];
    snprintf(text, sizeof text, "%u:%s", number_of(self), hook);
    note(text);
}

static void on_cancel(struct sl_instance *self, struct sl_ticket ticket, void *context,
                      enum sl_cancel_reason reason)
{
    (void)ticket;
    (void)context;
    note_hook(self, reason == SL_CANCEL_TIMEOUT ? "timeout" : "cancel");
}

static void on_open(struct sl_instance *self, struct sl_client *client)
{
    const struct sl_deferral how = {.struct_size = sizeof how, .on_cancel = on_cancel};
    unsigned number = number_of(self);
    note_hook(self, client->is_carried_over ? "carried" : "open");
    if ((deferring & 1u << number) != 0)
        begun = deferral_begin((const struct instance *)(const void *)self, client, &how,
                               &tickets[number]);
}

static void on_close(struct sl_instance *self, struct sl_client *client, const struct sl_close *how)
{
    (void)client;
    (void)how;
    note_hook(self, "close");
}

static void client_free(struct sl_instance *self, struct sl_client *client)
{
    (void)client;
    note_hook(self, "free");
}

static const struct sl_plugin opener = {
    SL_PLUGIN_HEADER,          .name = "opener",   .version = "1",
    .client_size = 8,          .on_open = on_open, .on_close = on_close,
    .client_free = client_free};
static const struct sl_plugin quiet = {SL_PLUGIN_HEADER, .name = "quiet", .version = "1"};

static struct rig_client client;
static struct chain *chain;

static void begin_at(const struct rig_stage *stages, size_t count, unsigned defers)
{
    deferring = defers;
    begun = SL_ERROR;
    memset(tickets, 0, sizeof tickets);
    chain = rig_chain(stages, count);
    rig_client_init(&client, chain, 0);
    rig_client_open(&client);
}

/* Three stages, of which those defer whose bits are set. */
static void begin(unsigned defers)
{
    static const struct rig_stage stages[] = {
        {.table = &opener}, {.table = &opener}, {.table = &opener}};
    begin_at(stages, 3, defers);
}

static void leave(void)
{
    const struct sl_close how = {.struct_size = sizeof how, .code = 1000};
    client.seen.is_open = false;
    deferral_cancel_all(&client.seen, SL_CANCEL_CLIENT_GONE);
    chain_close(&client.seen, &how);
    chain_free_client(&client.seen);
    rig_client_deinit(&client);
}

static void finish(void)
{
    rig_client_deinit(&client);
    chain_destroy(chain);
}

/* Completes, and takes the verdict as the client's owner does. */
static enum chain_result complete(unsigned number, enum sl_verdict verdict,
                                  const struct sl_completion *details)
{
    unsigned before = rig.resumed.count;
    assert_int_equal(deferral_complete(tickets[number], verdict, details), 0);
    rig_deliver();
    assert_int_equal(rig.resumed.count, before + 1);
    assert_true(rig.resumed.client == &client.seen);
    assert_null(rig.resumed.message);
    assert_null(rig.resumed.upgrade);
    return chain_open_resume(&client.seen, rig.resumed.verdict);
}

#define DEFERS(number) (1u << (number))

/* -- without a deferral -- */

static void hooks_that_do_not_defer_run_one_after_the_other_and_leave_nothing(void **state)
{
    (void)state;
    begin(0);
    assert_int_equal(chain_open(&client.seen), CHAIN_PASSED);
    expect_notes("1:open 2:open 3:open");
    assert_null(client.seen.more);
    assert_int_equal(rig.waits, 0);
    assert_int_equal(rig_totals(chain, 0).verdicts[VERDICT_SLOT_DEFER], 0);
    leave();
    expect_notes("1:close 2:close 3:close 3:free 2:free 1:free");
    finish();
}

/* -- the order -- */

static void stages_behind_one_that_defers_are_asked_when_it_is_over(void **state)
{
    (void)state;
    begin(DEFERS(2));
    assert_int_equal(chain_open(&client.seen), CHAIN_DEFERRED);
    expect_notes("1:open 2:open");
    assert_int_equal(begun, SL_DEFER);
    assert_int_equal(rig.waits, 1);
    assert_true(sl_client_deferred_bytes(&client.seen) > sizeof(struct deferral));
    assert_int_equal(complete(2, SL_CONTINUE, NULL), CHAIN_PASSED);
    expect_notes("3:open");
    assert_null(client.seen.more->opening);
    assert_int_equal(sl_client_deferred_bytes(&client.seen), 0);
    assert_int_equal(rig_totals(chain, 1).verdicts[VERDICT_SLOT_DEFER], 1);
    assert_int_equal(rig_totals(chain, 1).verdicts[VERDICT_SLOT_CONTINUE], 1);
    leave();
    expect_notes("1:close 2:close 3:close 3:free 2:free 1:free");
    finish();
}

static void several_may_defer_and_the_last_too(void **state)
{
    (void)state;
    begin(DEFERS(1) | DEFERS(2) | DEFERS(3));
    assert_int_equal(chain_open(&client.seen), CHAIN_DEFERRED);
    expect_notes("1:open");
    assert_int_equal(complete(1, SL_CONTINUE, NULL), CHAIN_DEFERRED);
    expect_notes("2:open");
    assert_int_equal(deferral_complete(tickets[1], SL_CONTINUE, NULL), SL_GONE);
    assert_int_equal(complete(2, SL_CONTINUE, NULL), CHAIN_DEFERRED);
    expect_notes("3:open");
    assert_int_equal(rig.waits, 3);
    assert_int_equal(complete(3, SL_CONTINUE, NULL), CHAIN_PASSED);
    expect_notes("");
    finish();
}

/* -- what a completion says -- */

static void a_completion_may_set_attributes_and_names_nobody(void **state)
{
    const struct sl_pair pair = {sl_string_of("profile"), sl_string_of("loaded")};
    const struct sl_completion details = {.struct_size = sizeof details,
                                          .identity = sl_string_of("ada"),
                                          .attributes = &pair,
                                          .attribute_count = 1};
    size_t len;
    (void)state;
    begin(DEFERS(1));
    assert_int_equal(chain_open(&client.seen), CHAIN_DEFERRED);
    assert_int_equal(complete(1, SL_CONTINUE, &details), CHAIN_PASSED);
    assert_string_equal(sl_client_attribute(&client.seen, "profile", &len), "loaded");
    assert_null(sl_client_identity(&client.seen));
    rig.notes[0] = '\0';
    finish();
}

static void a_refusal_says_how_to_close(void **state)
{
    const struct sl_completion details = {
        .struct_size = sizeof details, .code = 4004, .reason = sl_string_of("no such room")};
    (void)state;
    begin(DEFERS(2));
    assert_int_equal(chain_open(&client.seen), CHAIN_DEFERRED);
    assert_int_equal(complete(2, SL_CLOSE, &details), CHAIN_STOPPED);
    assert_int_equal(client.seen.more->opening->close.code, 4004);
    assert_string_equal(client.seen.more->opening->close.reason, "no such room");
    expect_notes("1:open 2:open");
    leave();
    expect_notes("1:close 2:close 3:free 2:free 1:free");
    finish();
}

/* An error, a deadline, and what the hook may not say. */
static void anything_else_meets_on_error(void **state)
{
    static const struct rig_stage lenient[] = {{.table = &opener, .on_error = ON_ERROR_CONTINUE},
                                               {.table = &opener}};
    static const enum sl_verdict verdicts[] = {SL_ERROR, SL_DENY, SL_DROP, SL_HANDLED};
    (void)state;
    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
        begin(DEFERS(1));
        assert_int_equal(chain_open(&client.seen), CHAIN_DEFERRED);
        assert_int_equal(complete(1, verdicts[i], NULL), CHAIN_STOPPED);
        assert_int_equal(client.seen.more->opening->close.code, CLOSE_INTERNAL_ERROR);
        expect_notes("1:open");
        finish();
        begin_at(lenient, 2, DEFERS(1));
        assert_int_equal(chain_open(&client.seen), CHAIN_DEFERRED);
        assert_int_equal(complete(1, verdicts[i], NULL), CHAIN_PASSED);
        expect_notes("1:open 2:open");
        finish();
    }
}

static void a_deadline_is_an_error(void **state)
{
    (void)state;
    begin(DEFERS(1));
    assert_int_equal(chain_open(&client.seen), CHAIN_DEFERRED);
    rig_pass(2 * NS_PER_S);
    expect_notes("1:open 1:timeout");
    assert_int_equal(rig.resumed.verdict, SL_ERROR);
    assert_int_equal(chain_open_resume(&client.seen, rig.resumed.verdict), CHAIN_STOPPED);
    leave();
    expect_notes("1:close 3:free 2:free 1:free");
    finish();
}

/* -- the client goes -- */

static void a_client_that_goes_is_closed_where_it_was_opened(void **state)
{
    (void)state;
    begin(DEFERS(2));
    assert_int_equal(chain_open(&client.seen), CHAIN_DEFERRED);
    expect_notes("1:open 2:open");
    leave();
    expect_notes("2:cancel 1:close 2:close 3:free 2:free 1:free");
    assert_int_equal(deferral_complete(tickets[2], SL_CONTINUE, NULL), SL_GONE);
    finish();
}

static void a_client_that_is_closing_is_not_opened_any_further(void **state)
{
    (void)state;
    begin(DEFERS(1));
    assert_int_equal(chain_open(&client.seen), CHAIN_DEFERRED);
    client.seen.is_open = false;
    assert_int_equal(complete(1, SL_CONTINUE, NULL), CHAIN_STOPPED);
    leave();
    expect_notes("1:open 1:close 3:free 2:free 1:free");
    finish();
}

/* -- reload -- */

static struct chain *carry(struct chain *from, struct chain *to, enum chain_result expected)
{
    struct chain_move move;
    assert_int_equal(chain_move_begin(&client.seen, to, &move), OK);
    chain_move_leave(&move);
    assert_int_equal(chain_move_enter(&move), expected);
    assert_false(client.seen.is_carried_over);
    chain_destroy(from); /* Nothing of it is needed to go on. */
    return to;
}

/* 1 stays, and is the third of three now, of which the new ones are opened. */
static void carry_to_three(void)
{
    const struct rig_stage after[] = {{.table = &opener, .slot = 2},
                                      {.table = &opener, .slot = 3},
                                      {.table = &opener, .instance = chain->stages[0].instance},
                                      {.table = &quiet, .slot = 4}};
    deferring = DEFERS(1) | DEFERS(2);
    chain = carry(chain, rig_chain(after, 4), CHAIN_DEFERRED);
}

static void a_reload_s_new_instances_open_one_after_the_other(void **state)
{
    static const struct rig_stage before[] = {{.table = &opener}};
    (void)state;
    begin_at(before, 1, 0);
    assert_int_equal(chain_open(&client.seen), CHAIN_PASSED);
    expect_notes("1:open");
    carry_to_three();
    expect_notes("1:carried");
    assert_true(client.seen.more->opening->is_carried_over);
    assert_int_equal(complete(1, SL_CONTINUE, NULL), CHAIN_DEFERRED);
    expect_notes("2:carried");
    assert_int_equal(complete(2, SL_CONTINUE, NULL), CHAIN_PASSED);
    expect_notes("");
    assert_false(client.seen.is_carried_over);
    leave();
    expect_notes("1:close 2:close 1:close 1:free 2:free 1:free");
    finish();
}

static void a_client_that_goes_meanwhile_leaves_those_that_have_it(void **state)
{
    static const struct rig_stage before[] = {{.table = &opener}};
    (void)state;
    begin_at(before, 1, 0);
    assert_int_equal(chain_open(&client.seen), CHAIN_PASSED);
    carry_to_three();
    expect_notes("1:open 1:carried");
    leave();
    expect_notes("1:cancel 1:close 1:close 1:free 2:free 1:free"); /* The new one and the old. */
    finish();
}

/* -- who may -- */

static void a_stage_that_only_watches_keeps_nobody_waiting(void **state)
{
    static const struct rig_stage stages[] = {{.table = &opener, .is_shadow = true},
                                              {.table = &opener}};
    (void)state;
    begin_at(stages, 2, DEFERS(1));
    assert_int_equal(chain_open(&client.seen), CHAIN_PASSED);
    expect_notes("1:open 2:open");
    assert_int_equal(begun, SL_DEFER);
    assert_int_equal(rig.waits, 0);
    assert_null(client.seen.more->opening);
    assert_int_equal(client.seen.more->deferral_count, 1);
    assert_int_equal(deferral_complete(tickets[1], SL_CLOSE, NULL), 0);
    rig_deliver();
    assert_int_equal(rig.resumed.count, 0);
    assert_int_equal(rig_totals(chain, 0).shadow_clients, 1);
    assert_int_equal(sl_client_deferred_bytes(&client.seen), 0);
    finish();
}

static void plugins_for_an_older_contract_may_not(void **state)
{
    struct sl_plugin older = opener;
    const struct rig_stage stages[] = {{.table = &older}, {.table = &opener}};
    older.abi_minor = 1;
    (void)state;
    begin_at(stages, 2, DEFERS(1));
    begun = SL_DEFER;
    assert_int_equal(chain_open(&client.seen), CHAIN_PASSED);
    expect_notes("1:open 2:open");
    assert_int_equal(begun, SL_ERROR);
    assert_int_equal(tickets[1].value, 0);
    finish();
}

static void without_memory_the_hook_is_told_and_the_chain_goes_on(void **state)
{
    unsigned nth = 1;
    (void)state;
    for (bool failed = true; failed; nth++) {
        begin(DEFERS(1));
        fail_allocation(nth);
        enum chain_result result = chain_open(&client.seen);
        failed = has_allocation_failed();
        fail_allocation(0);
        assert_int_equal(result, failed ? CHAIN_PASSED : CHAIN_DEFERRED);
        assert_int_equal(begun, failed ? SL_ERROR : SL_DEFER);
        expect_notes(failed ? "1:open 2:open 3:open" : "1:open");
        leave();
        expect_notes(failed ? "1:close 2:close 3:close 3:free 2:free 1:free"
                            : "1:cancel 1:close 3:free 2:free 1:free");
        finish();
    }
    assert_true(nth > 3); /* Extras, the opening, the deferral. */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(hooks_that_do_not_defer_run_one_after_the_other_and_leave_nothing),
        rig_test(stages_behind_one_that_defers_are_asked_when_it_is_over),
        rig_test(several_may_defer_and_the_last_too),
        rig_test(a_completion_may_set_attributes_and_names_nobody),
        rig_test(a_refusal_says_how_to_close),
        rig_test(anything_else_meets_on_error),
        rig_test(a_deadline_is_an_error),
        rig_test(a_client_that_goes_is_closed_where_it_was_opened),
        rig_test(a_client_that_is_closing_is_not_opened_any_further),
        rig_test(a_reload_s_new_instances_open_one_after_the_other),
        rig_test(a_client_that_goes_meanwhile_leaves_those_that_have_it),
        rig_test(a_stage_that_only_watches_keeps_nobody_waiting),
        rig_test(plugins_for_an_older_contract_may_not),
        rig_test(without_memory_the_hook_is_told_and_the_chain_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
