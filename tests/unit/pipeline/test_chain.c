#include "pipeline/chain.h"
#include "pipeline/hook.h"
#include "pipeline/rig.h"

/* What the nth instance decides, and what it does before. */
static int answers[4];
static void (*deeds[4])(struct sl_instance *self, struct sl_client *client,
                        struct message *message);

static unsigned number_of(const struct sl_instance *self)
{
    return ((const struct instance *)(const void *)self)->use - 1;
}

static void note_call(const struct sl_instance *self, const char *what)
{
    char text[64];
    snprintf(text, sizeof text, "%s:%s", self->name, what);
    note(text);
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    unsigned number = number_of(self);
    note_call(self, message->data);
    if (deeds[number] != NULL)
        deeds[number](self, client, (struct message *)(uintptr_t)message);
    return (enum sl_verdict)answers[number];
}

static enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request)
{
    unsigned number = number_of(self);
    struct upgrade *upgrade = (struct upgrade *)request;
    (void)client;
    note_call(self, "connect");
    if (answers[number] == SL_DENY)
        upgrade_refuse(upgrade, 429, "slowly");
    else
        assert_int_equal(upgrade_select_subprotocol(upgrade, "chat.v1"), OK);
    return (enum sl_verdict)answers[number];
}

static void on_open(struct sl_instance *self, struct sl_client *client)
{
    assert_ptr_equal(hook_instance(), self);
    assert_true(hook_stage() == chain_stage_of(client->chain, hook_instance()));
    note_call(self, "open");
}

static void on_close(struct sl_instance *self, struct sl_client *client, const struct sl_close *how)
{
    (void)client;
    note_call(self, how->reason.data);
}

static const struct sl_plugin everything = {SL_PLUGIN_HEADER,    .name = "all",
                                            .version = "1",      .on_connect = on_connect,
                                            .on_open = on_open,  .on_message = on_message,
                                            .on_close = on_close};
static const struct sl_plugin nothing = {SL_PLUGIN_HEADER, .name = "none", .version = "1"};

static struct rig_client client;
static struct chain *chain;

static void begin(const struct rig_stage *stages, size_t count)
{
    memset(deeds, 0, sizeof deeds);
    for (size_t i = 0; i < 4; i++)
        answers[i] = SL_CONTINUE;
    chain = rig_chain(stages, count);
    rig_client_init(&client, chain, 0);
    rig.notes[0] = '\0';
}

static void begin_two(void)
{
    const struct rig_stage stages[] = {{.table = &everything}, {.table = &everything}};
    begin(stages, 2);
}

static void finish(void)
{
    rig_client_deinit(&client);
    chain_destroy(chain);
}

/* Sends a message through the chain. Returns how far it comes, and its verdict. */
static enum chain_result send(const char *text, enum sl_verdict *verdict)
{
    struct message *message = rig_message(&client.seen, text);
    *verdict = SL_CONTINUE;
    rig_client_open(&client);
    enum chain_result result = chain_message(&client.seen, &message, verdict);
    if (result != CHAIN_DEFERRED)
        rig_message_release(&client.seen, message);
    assert_null(rig.pipeline_loops[0].running.stage);
    assert_null(hook_instance());
    return result;
}

static void expect_stopped(const char *text, enum sl_verdict expected)
{
    enum sl_verdict verdict;
    assert_int_equal(send(text, &verdict), CHAIN_STOPPED);
    assert_int_equal(verdict, expected);
}

static void expect_passed(const char *text)
{
    enum sl_verdict verdict;
    assert_int_equal(send(text, &verdict), CHAIN_PASSED);
}

/* -- message -- */

static void asks_stages_in_order(void **state)
{
    (void)state;
    begin_two();
    expect_passed("hello");
    expect_notes("all#1:hello all#2:hello");
    assert_int_equal(rig_totals(chain, 1).verdicts[VERDICT_SLOT_CONTINUE], 1);
    assert_int_equal(rig_totals(chain, 1).latency.count, 1);
    finish();
}

static void leaves_out_stages_without_the_hook(void **state)
{
    const struct rig_stage stages[] = {{.table = &nothing}, {.table = &everything}};
    (void)state;
    begin(stages, 2);
    expect_passed("hello");
    expect_notes("all#2:hello");
    finish();
}

static void a_verdict_ends_the_chain(void **state)
{
    const int verdicts[] = {SL_DROP, SL_HANDLED, SL_CLOSE, SL_ERROR};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        begin_two();
        answers[0] = verdicts[i];
        expect_stopped("hello", (enum sl_verdict)verdicts[i]);
        expect_notes("all#1:hello");
        assert_int_equal(rig_totals(chain, 0).verdicts[verdict_slot(verdicts[i])], 1);
        finish();
    }
}

static void an_error_may_be_let_pass(void **state)
{
    const struct rig_stage stages[] = {{.table = &everything, .on_error = ON_ERROR_CONTINUE},
                                       {.table = &everything}};
    (void)state;
    begin(stages, 2);
    answers[0] = SL_ERROR;
    expect_passed("hello");
    expect_notes("all#1:hello all#2:hello");
    finish();
}

static void what_a_hook_may_not_return_is_an_error(void **state)
{
    const int wrong[] = {SL_DENY, SL_DEFER, 77, -9};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        begin_two();
        answers[0] = wrong[i];
        expect_stopped("hello", SL_ERROR);
        assert_int_equal(rig_totals(chain, 0).verdicts[VERDICT_SLOT_ERROR], 1);
        finish();
    }
}

static void close_client(struct sl_instance *self, struct sl_client *seen, struct message *message)
{
    (void)self;
    (void)message;
    seen->is_open = false;
}

static void asks_nobody_about_a_client_that_has_closed(void **state)
{
    (void)state;
    begin_two();
    deeds[0] = close_client;
    expect_passed("hello");
    expect_notes("all#1:hello");
    finish();
}

static void change(struct sl_instance *self, struct sl_client *seen, struct message *message)
{
    (void)self;
    (void)seen;
    assert_int_equal(message_replace(message, SL_TEXT, "changed", 7), OK);
    assert_int_equal(message_set_topic(message, "news", 4), OK);
}

static void the_next_stage_sees_what_one_has_made_of_a_message(void **state)
{
    (void)state;
    begin_two();
    deeds[0] = change;
    expect_passed("hello");
    expect_notes("all#1:hello all#2:changed");
    finish();
}

static void calls_over_budget_are_counted(void **state)
{
    const struct rig_stage stages[] = {{.table = &everything, .budget = 1}};
    (void)state;
    begin(stages, 1);
    expect_passed("hello");
    assert_int_equal(rig_totals(chain, 0).over_budget, 1);
    finish();
}

static void counts_for_the_client_s_loop(void **state)
{
    const struct rig_stage stages[] = {{.table = &everything}};
    (void)state;
    begin(stages, 1);
    rig_client_init(&client, chain, 1);
    expect_passed("hello");
    const struct instance_stats *stats = chain->stages[0].instance->stats;
    assert_int_equal(counter_read(&stats[0].verdicts[VERDICT_SLOT_CONTINUE]), 0);
    assert_int_equal(counter_read(&stats[1].verdicts[VERDICT_SLOT_CONTINUE]), 1);
    finish();
}

/* -- shadow -- */

static void begin_with_shadow(void)
{
    const struct rig_stage stages[] = {{.table = &everything, .is_shadow = true},
                                       {.table = &everything}};
    begin(stages, 2);
}

static void a_shadow_stage_decides_nothing(void **state)
{
    const int verdicts[] = {SL_DROP, SL_HANDLED, SL_CLOSE, SL_ERROR, 77};
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        begin_with_shadow();
        answers[0] = verdicts[i];
        expect_passed("hello");
        expect_notes("all#1:hello all#2:hello");
        assert_int_equal(rig_totals(chain, 0).verdicts[verdict_slot(verdicts[i])], 1);
        finish();
    }
}

static void a_shadow_stage_changes_nothing(void **state)
{
    (void)state;
    begin_with_shadow();
    deeds[0] = change;
    expect_passed("hello");
    expect_notes("all#1:hello all#2:hello");
    finish();
}

/* -- connect -- */

static void connects_when_nobody_objects(void **state)
{
    struct upgrade *upgrade = rig_upgrade();
    (void)state;
    begin_two();
    assert_int_equal(chain_connect(&client.seen, upgrade), CHAIN_PASSED);
    expect_notes("all#1:connect all#2:connect");
    assert_string_equal(upgrade_subprotocol(upgrade), "chat.v1");
    upgrade_unref(upgrade);
    finish();
}

static void a_denial_refuses_as_the_plugin_says(void **state)
{
    struct upgrade *upgrade = rig_upgrade();
    (void)state;
    begin_two();
    answers[0] = SL_DENY;
    assert_int_equal(chain_connect(&client.seen, upgrade), CHAIN_STOPPED);
    expect_notes("all#1:connect");
    assert_int_equal(upgrade->status, 429);
    assert_string_equal(upgrade->reason, "slowly");
    assert_int_equal(rig_totals(chain, 0).verdicts[VERDICT_SLOT_DENY], 1);
    upgrade_unref(upgrade);
    finish();
}

static void an_error_refuses_with_503(void **state)
{
    const int errors[] = {SL_ERROR, SL_DROP, SL_DEFER};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct upgrade *upgrade = rig_upgrade();
        begin_two();
        answers[1] = errors[i];
        assert_int_equal(chain_connect(&client.seen, upgrade), CHAIN_STOPPED);
        assert_int_equal(upgrade->status, 503);
        assert_non_null(strstr(upgrade->headers, "Retry-After: 1"));
        upgrade_unref(upgrade);
        finish();
    }
}

static void a_connect_error_may_be_let_pass(void **state)
{
    const struct rig_stage stages[] = {{.table = &everything, .on_error = ON_ERROR_CONTINUE}};
    struct upgrade *upgrade = rig_upgrade();
    (void)state;
    begin(stages, 1);
    answers[0] = SL_ERROR;
    assert_int_equal(chain_connect(&client.seen, upgrade), CHAIN_PASSED);
    upgrade_unref(upgrade);
    finish();
}

static void a_shadow_denial_leaves_the_upgrade_as_it_was(void **state)
{
    struct upgrade *upgrade = rig_upgrade();
    (void)state;
    begin_with_shadow();
    answers[0] = SL_DENY;
    assert_int_equal(chain_connect(&client.seen, upgrade), CHAIN_PASSED);
    assert_int_equal(upgrade->status, 403);
    assert_string_equal(upgrade->reason, "");
    assert_int_equal(rig_totals(chain, 0).verdicts[VERDICT_SLOT_DENY], 1);
    upgrade_unref(upgrade);
    finish();
}

static void a_resumed_denial_is_judged_by_its_stage(void **state)
{
    struct upgrade *upgrade = rig_upgrade();
    (void)state;
    begin_two();
    upgrade->stage = 1;
    assert_int_equal(chain_connect_resume(&client.seen, upgrade, SL_DENY), CHAIN_STOPPED);
    expect_notes("");
    assert_int_equal(chain_connect_resume(&client.seen, upgrade, SL_CONTINUE), CHAIN_PASSED);
    expect_notes("all#2:connect");
    upgrade_unref(upgrade);
    finish();
}

/* -- open and close -- */

static void opens_and_closes_with_every_stage(void **state)
{
    const struct sl_close how = {.struct_size = sizeof how, .reason = {.data = "bye", .len = 3}};
    const struct rig_stage stages[] = {
        {.table = &everything}, {.table = &nothing}, {.table = &everything, .is_shadow = true}};
    (void)state;
    begin(stages, 3);
    chain_open(&client.seen);
    expect_notes("all#1:open all#3:open");
    chain_close(&client.seen, &how);
    expect_notes("all#1:bye all#3:bye");
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(asks_stages_in_order),
        rig_test(leaves_out_stages_without_the_hook),
        rig_test(a_verdict_ends_the_chain),
        rig_test(an_error_may_be_let_pass),
        rig_test(what_a_hook_may_not_return_is_an_error),
        rig_test(asks_nobody_about_a_client_that_has_closed),
        rig_test(the_next_stage_sees_what_one_has_made_of_a_message),
        rig_test(calls_over_budget_are_counted),
        rig_test(counts_for_the_client_s_loop),
        rig_test(a_shadow_stage_decides_nothing),
        rig_test(a_shadow_stage_changes_nothing),
        rig_test(connects_when_nobody_objects),
        rig_test(a_denial_refuses_as_the_plugin_says),
        rig_test(an_error_refuses_with_503),
        rig_test(a_connect_error_may_be_let_pass),
        rig_test(a_shadow_denial_leaves_the_upgrade_as_it_was),
        rig_test(a_resumed_denial_is_judged_by_its_stage),
        rig_test(opens_and_closes_with_every_stage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
