#include "pipeline/chain_topics.h"
#include "pipeline/hook.h"
#include "pipeline/rig.h"

static int answers[3]; /* by the instance's place */
static bool replaces, closes, nests;
static struct chain *chain;
static struct rig_client client;
static const char *text_seen;

static int answer_of(const struct sl_instance *self)
{
    return answers[((const struct instance *)(const void *)self)->use - 1];
}

static enum sl_verdict on_subscribe(struct sl_instance *self, struct sl_client *asked,
                                    const char *topic, size_t len)
{
    assert_memory_equal(topic, "news", len);
    note(self->name);
    assert_ptr_equal(hook_instance(), (const struct instance *)(const void *)self);
    assert_null(chain_loop_of(asked)->running.message);
    if (nests)
        assert_false(chain_lets_subscribe(asked, NULL, topic, len));
    if (closes)
        asked->is_open = false;
    return (enum sl_verdict)answer_of(self);
}

static enum sl_verdict on_publish(struct sl_instance *self, struct sl_client *origin,
                                  const char *topic, size_t len, const struct sl_message *message)
{
    struct message *whole = (struct message *)(uintptr_t)message;
    assert_memory_equal(topic, "news", len);
    assert_true(origin == NULL || origin == &client.seen);
    assert_true(whole->is_published);
    note(self->name);
    text_seen = message->data;
    if (replaces)
        assert_int_equal(message_replace(whole, SL_TEXT, self->name, strlen(self->name)), OK);
    return (enum sl_verdict)answer_of(self);
}

static const struct sl_plugin asked = {SL_PLUGIN_HEADER, .name = "asked", .version = "1",
                                       .on_subscribe = on_subscribe, .on_publish = on_publish};
static const struct sl_plugin silent = {SL_PLUGIN_HEADER, .name = "silent", .version = "1"};

static void begin(const struct rig_stage *stages, size_t count, int first, int second)
{
    answers[0] = first;
    answers[1] = second;
    replaces = closes = nests = false;
    chain = rig_chain(stages, count);
    chain->has_on_subscribe = chain->has_on_publish = true;
    rig_client_init(&client, chain, 1);
    rig_client_open(&client);
}

static void end(void)
{
    chain_destroy(chain);
}

static bool lets_subscribe(const struct instance *by)
{
    return chain_lets_subscribe(&client.seen, by, "news", 4);
}

/* What becomes of the text "hello"; "": it is not published. */
static const char *published(const struct instance *by, struct pipeline_loop *loop)
{
    static char text[64];
    struct message message;
    message_init(&message, 64, OPCODE_TEXT, (const uint8_t *)"hello", 5);
    assert_int_equal(message_set_topic(&message, "news", 4), OK);
    const struct publication publication = {.chain = chain,
                                            .loop = loop,
                                            .by = by,
                                            .origin = loop != NULL ? &client.seen : NULL,
                                            .topic = "news",
                                            .len = 4,
                                            .message = &message};
    bool may = chain_lets_publish(&publication);
    assert_string_equal(message.topic, "news");
    snprintf(text, sizeof text, "%.*s", may ? (int)message.seen.len : 0, message.seen.data);
    message_deinit(&message);
    return text;
}

static void the_first_objection_counts(void **state)
{
    const struct rig_stage stages[] = {{.table = &asked}, {.table = &asked}, {.table = &silent}};
    (void)state;
    begin(stages, 3, SL_CONTINUE, SL_DENY);
    assert_false(lets_subscribe(NULL));
    expect_notes("asked#1 asked#2");
    assert_string_equal(published(NULL, rig.list[1]), "");
    expect_notes("asked#1 asked#2");
    answers[0] = SL_DENY;
    assert_false(lets_subscribe(NULL));
    expect_notes("asked#1");
    assert_int_equal(rig_totals(chain, 0).verdicts[VERDICT_SLOT_DENY], 1);
    end();
}

static void who_does_it_is_not_asked(void **state)
{
    const struct rig_stage stages[] = {{.table = &asked}, {.table = &asked}};
    (void)state;
    begin(stages, 2, SL_DENY, SL_CONTINUE);
    assert_true(lets_subscribe(chain->stages[0].instance));
    expect_notes("asked#2");
    assert_string_equal(published(chain->stages[0].instance, rig.list[1]), "hello");
    expect_notes("asked#2");
    end();
}

static void an_error_meets_on_error(void **state)
{
    const struct rig_stage stages[] = {{.table = &asked, .on_error = ON_ERROR_CONTINUE},
                                       {.table = &asked}};
    (void)state;
    begin(stages, 2, SL_ERROR, SL_CONTINUE);
    assert_true(lets_subscribe(NULL));
    assert_string_equal(published(NULL, rig.list[1]), "hello");
    answers[1] = SL_DROP; /* No verdict of these hooks. */
    assert_false(lets_subscribe(NULL));
    assert_string_equal(published(NULL, rig.list[1]), "");
    end();
}

static void each_sees_what_the_one_before_has_made_of_the_message(void **state)
{
    const struct rig_stage stages[] = {{.table = &asked}, {.table = &asked}};
    (void)state;
    begin(stages, 2, SL_CONTINUE, SL_CONTINUE);
    replaces = true;
    assert_string_equal(published(NULL, rig.list[1]), "asked#2");
    assert_string_equal(published(chain->stages[1].instance, rig.list[1]), "asked#1");
    end();
}

static void what_only_watches_changes_nothing(void **state)
{
    const struct rig_stage stages[] = {{.table = &asked, .is_shadow = true}};
    (void)state;
    begin(stages, 1, SL_DENY, SL_CONTINUE);
    replaces = true;
    assert_true(lets_subscribe(NULL));
    assert_string_equal(published(NULL, rig.list[1]), "hello");
    assert_string_equal(published(NULL, NULL), "hello");
    assert_int_equal(rig_totals(chain, 0).shadow_clients, 1);
    end();
}

static void on_a_thread_that_is_no_loops_nothing_is_counted(void **state)
{
    const struct rig_stage stages[] = {{.table = &asked}};
    (void)state;
    begin(stages, 1, SL_DENY, SL_CONTINUE);
    assert_string_equal(published(NULL, NULL), "");
    assert_int_equal(rig_totals(chain, 0).verdicts[VERDICT_SLOT_DENY], 0);
    end();
}

static void a_hook_does_not_run_inside_of_itself(void **state)
{
    const struct rig_stage stages[] = {{.table = &asked}, {.table = &silent}};
    (void)state;
    begin(stages, 2, SL_CONTINUE, SL_CONTINUE);
    nests = true;
    assert_true(lets_subscribe(NULL));
    expect_notes("asked#1");
    end();
}

static void the_hook_outside_goes_on_as_before(void **state)
{
    const struct rig_stage stages[] = {{.table = &asked}, {.table = &silent}};
    struct message message;
    (void)state;
    begin(stages, 2, SL_CONTINUE, SL_CONTINUE);
    const struct stage *outer = &chain->stages[1];
    struct pipeline_loop *loop = chain_loop_of(&client.seen);
    loop->running = (struct running){.stage = outer, .client = &client.seen, .message = &message};
    hook_begin(outer->instance, outer, client.seen.id, "on_message");
    assert_true(lets_subscribe(outer->instance));
    assert_ptr_equal(hook_instance(), outer->instance);
    assert_ptr_equal(hook_stage(), outer);
    assert_int_equal(hook_client_id(), client.seen.id);
    assert_ptr_equal(loop->running.message, &message);
    hook_end();
    loop->running = (struct running){.stage = NULL};
    assert_true(lets_subscribe(NULL));
    assert_null(hook_instance());
    end();
}

static void what_runs_inside_of_a_hook_is_no_progress_to_the_watchdog(void **state)
{
    const struct rig_stage stages[] = {{.table = &asked}, {.table = &silent}};
    (void)state;
    begin(stages, 2, SL_CONTINUE, SL_CONTINUE);
    const struct stage *outer = &chain->stages[1];
    hook_begin(outer->instance, outer, client.seen.id, "on_timer");
    uint64_t steps = atomic_load(&crash_here.steps);
    assert_string_equal(published(outer->instance, rig.list[1]), "hello");
    assert_true(lets_subscribe(outer->instance));
    expect_notes("asked#1 asked#1");
    assert_int_equal(atomic_load(&crash_here.steps), steps);
    hook_end();
    assert_string_equal(published(NULL, rig.list[1]), "hello");
    assert_true(atomic_load(&crash_here.steps) > steps);
    end();
}

static void a_client_that_a_hook_has_closed_is_asked_about_no_more(void **state)
{
    const struct rig_stage stages[] = {{.table = &asked}, {.table = &asked}};
    (void)state;
    begin(stages, 2, SL_CONTINUE, SL_CONTINUE);
    closes = true;
    assert_true(lets_subscribe(NULL));
    expect_notes("asked#1");
    end();
}

static void a_chain_without_the_hooks_is_not_gone_through(void **state)
{
    const struct rig_stage stages[] = {{.table = &asked}};
    (void)state;
    begin(stages, 1, SL_DENY, SL_CONTINUE);
    chain->has_on_subscribe = chain->has_on_publish = false;
    assert_true(lets_subscribe(NULL));
    assert_string_equal(published(NULL, rig.list[1]), "hello");
    expect_notes("");
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(the_first_objection_counts),
        rig_test(who_does_it_is_not_asked),
        rig_test(an_error_meets_on_error),
        rig_test(each_sees_what_the_one_before_has_made_of_the_message),
        rig_test(what_only_watches_changes_nothing),
        rig_test(on_a_thread_that_is_no_loops_nothing_is_counted),
        rig_test(a_hook_does_not_run_inside_of_itself),
        rig_test(the_hook_outside_goes_on_as_before),
        rig_test(what_runs_inside_of_a_hook_is_no_progress_to_the_watchdog),
        rig_test(a_client_that_a_hook_has_closed_is_asked_about_no_more),
        rig_test(a_chain_without_the_hooks_is_not_gone_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
