#include "pipeline/stage.h"
#include "pipeline/rig.h"

#include "captured_log.h"

static void on_open(struct sl_instance *self, struct sl_client *client)
{
    (void)self;
    (void)client;
    note("open");
}

static const struct sl_plugin plain = {SL_PLUGIN_HEADER, .name = "plain", .version = "1"};
static const struct sl_plugin opening = {SL_PLUGIN_HEADER, .name = "opening", .version = "1",
                                         .on_open = on_open};

static struct chain *chain;

static const struct stage *stage_of(const struct sl_plugin *table)
{
    const struct rig_stage stage = {.table = table, .budget = 5};
    chain = rig_chain(&stage, 1);
    return &chain->stages[0];
}

static void only_continue_lets_pass(void **state)
{
    struct stage stage = {.on_error = ON_ERROR_DENY};
    (void)state;
    for (int verdict = SL_ERROR; verdict <= SL_DEFER; verdict++)
        assert_int_equal(stage_lets_pass(&stage, verdict), verdict == SL_CONTINUE);
    stage.on_error = ON_ERROR_CONTINUE;
    for (int verdict = SL_ERROR; verdict <= SL_DEFER; verdict++)
        assert_int_equal(stage_lets_pass(&stage, verdict),
                         verdict == SL_CONTINUE || verdict == SL_ERROR);
}

static void counts_on_its_loop(void **state)
{
    const struct stage *stage = stage_of(&plain);
    (void)state;
    stage_count(stage, &rig.pipeline_loops[1], SL_CLOSE);
    stage_count_timeout(stage, &rig.pipeline_loops[1]);
    stage_count_over_budget(stage, &rig.pipeline_loops[0], 9);
    struct instance_stats *stats = stage->instance->stats;
    assert_int_equal(counter_read(&stats[1].verdicts[VERDICT_SLOT_CLOSE]), 1);
    assert_int_equal(counter_read(&stats[1].timeouts), 1);
    assert_int_equal(counter_read(&stats[0].over_budget), 1);
    assert_int_equal(counter_read(&stats[1].over_budget), 0);
    chain_destroy(chain);
}

static void what_its_hook_may_not_return_is_an_error(void **state)
{
    const struct stage *stage = stage_of(&plain);
    const struct pipeline_loop *loop = &rig.pipeline_loops[0];
    (void)state;
    assert_int_equal(stage_check(stage, loop, VERDICT_OF_MESSAGE, SL_DROP), SL_DROP);
    assert_int_equal(stage_check(stage, loop, VERDICT_OF_CONNECT, SL_DROP), SL_ERROR);
    assert_int_equal(stage_check(stage, loop, VERDICT_OF_CONNECT, SL_DENY), SL_DENY);
    assert_int_equal(stage_check(stage, loop, VERDICT_OF_MESSAGE, SL_DEFER), SL_ERROR);
    chain_destroy(chain);
}

static void what_is_logged_of_each_message_is_logged_once_a_second(void **state)
{
    const struct stage *stage = stage_of(&plain);
    struct rig_client client;
    struct pipeline_loop *loop = &rig.pipeline_loops[0];
    _Atomic int64_t *until = &stage->instance->logged_until[INSTANCE_LOG_SHADOW];
    (void)state;
    rig_client_init(&client, chain, 0);
    loop->loop->now = NS_PER_S;
    stage_note_shadowed(stage, loop, &client.seen, SL_CONTINUE);
    assert_int_equal(atomic_load(until), 0);
    stage_note_shadowed(stage, loop, &client.seen, SL_DROP);
    assert_int_equal(atomic_load(until), 2 * NS_PER_S);
    chain_destroy(chain);
}

static unsigned count_in(const char *text, const char *part)
{
    unsigned count = 0;
    for (; (text = strstr(text, part)) != NULL; text++)
        count++;
    return count;
}

static void verdicts_that_are_wrong_or_only_watched_are_events(void **state)
{
    const struct stage *stage = stage_of(&plain);
    struct rig_client client;
    struct pipeline_loop *loop = &rig.pipeline_loops[0];
    (void)state;
    rig_client_init(&client, chain, 0);
    loop->loop->now = NS_PER_S;
    begin_capture();
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    for (int i = 0; i < 3; i++) {
        stage_note_shadowed(stage, loop, &client.seen, SL_DROP);
        assert_int_equal(stage_check(stage, loop, VERDICT_OF_CONNECT, 77), SL_ERROR);
    }
    log_configure(LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT);
    for (int i = 0; i < 3; i++)
        stage_note_shadowed(stage, loop, &client.seen, SL_CLOSE);
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    const char *log = end_capture();
    assert_int_equal(count_in(log, " event=shadow_verdict "), 4);
    assert_int_equal(count_in(log, " verdict=drop "), 1);
    assert_int_equal(count_in(log, " verdict=close "), 3);
    assert_int_equal(count_in(log, " event=plugin_wrong_verdict "), 1);
    assert_int_equal(count_in(log, " hook=on_connect verdict=77\n"), 1);
    chain_destroy(chain);
}

static void a_client_that_a_shadow_stage_would_have_refused_is_counted_once(void **state)
{
    const struct rig_stage stages[] = {{.table = &plain, .is_shadow = true},
                                       {.table = &opening, .is_shadow = true},
                                       {.table = &plain, .on_error = ON_ERROR_CONTINUE}};
    struct pipeline_loop *loop = &rig.pipeline_loops[1];
    struct rig_client clients[2];
    (void)state;
    chain = rig_chain(stages, 3);
    for (unsigned i = 0; i < 2; i++)
        rig_client_init(&clients[i], chain, 1);
    stage_note_shadowed(&chain->stages[0], loop, &clients[0].seen, SL_CONTINUE);
    stage_note_shadowed(&chain->stages[0], loop, &clients[0].seen, SL_HANDLED);
    stage_note_shadowed(&chain->stages[0], loop, &clients[0].seen, SL_DEFER);
    assert_int_equal(rig_totals(chain, 0).shadow_clients, 0);
    stage_note_shadowed(&chain->stages[0], loop, &clients[0].seen, SL_DROP);
    stage_note_shadowed(&chain->stages[0], loop, &clients[0].seen, SL_CLOSE);
    assert_int_equal(rig_totals(chain, 0).shadow_clients, 1);
    stage_note_shadowed(&chain->stages[0], loop, &clients[1].seen, SL_ERROR);
    stage_note_shadowed(&chain->stages[1], loop, &clients[0].seen, SL_DENY);
    assert_int_equal(rig_totals(chain, 0).shadow_clients, 2);
    assert_int_equal(rig_totals(chain, 1).shadow_clients, 1);
    stage_note_shadowed(&chain->stages[2], loop, &clients[0].seen, SL_DENY); /* It has no bit. */
    assert_int_equal(rig_totals(chain, 2).shadow_clients, 0);
    chain_destroy(chain);
}

static void calls_the_hooks_that_its_plugin_has(void **state)
{
    const struct sl_close how = {.struct_size = sizeof how};
    const struct stage *stage = stage_of(&opening);
    struct rig_client client;
    (void)state;
    rig_client_init(&client, chain, 0);
    stage_open(stage, &client.seen);
    stage_close(stage, &client.seen, &how);
    expect_notes("open");
    chain_destroy(chain);
}

static enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request)
{
    (void)self;
    (void)client;
    (void)request;
    note("connect");
    return SL_CONTINUE;
}

static void client_free(struct sl_instance *self, struct sl_client *client)
{
    const struct instance *instance = (const struct instance *)self;
    owe_client_free(instance, client); /* It asks for the state once more. */
    const char *block = sl_client_block(client, instance->slot, instance->client_offset);
    note("free");
    note(instance->plugin->table.client_size > 0 ? block : "");
}

/* Its state ends where the flag that is kept behind it begins. */
static const struct sl_plugin freeing = {SL_PLUGIN_HEADER,         .name = "freeing",
                                         .version = "1",           .client_size = 5,
                                         .on_connect = on_connect, .client_free = client_free};

static void the_state_of_a_client_that_its_plugin_has_seen_is_freed_once(void **state)
{
    const struct rig_stage stages[] = {{.table = &freeing}, {.table = &opening}};
    struct rig_client client;
    struct upgrade *upgrade = rig_upgrade();
    (void)state;
    chain = rig_chain(stages, 2);
    rig_client_init(&client, chain, 0);
    assert_int_equal(chain_connect(&client.seen, upgrade), CHAIN_PASSED);
    memcpy(client.state, "mine", 5);
    chain_free_client(&client.seen);
    chain_free_client(&client.seen);
    expect_notes("connect free mine");
    upgrade_unref(upgrade);
    rig_client_deinit(&client);
    chain_destroy(chain);
}

static void a_client_that_no_hook_was_called_for_is_none_to_be_freed(void **state)
{
    struct rig_client client;
    (void)state;
    stage_of(&freeing);
    rig_client_init(&client, chain, 0);
    chain_free_client(&client.seen);
    client.seen.chain = NULL; /* Its endpoint comes or goes. */
    chain_free_client(&client.seen);
    expect_notes("");
    rig_client_deinit(&client);
    chain_destroy(chain);
}

/* As a service of its plugin does that another's on_connect calls. */
static void a_client_whose_state_was_asked_for_is_freed_without_a_hook_before(void **state)
{
    struct rig_client client;
    (void)state;
    stage_of(&freeing);
    rig_client_init(&client, chain, 0);
    owe_client_free(chain->stages[0].instance, &client.seen);
    chain_free_client(&client.seen);
    chain_free_client(&client.seen);
    expect_notes("free ");
    rig_client_deinit(&client);
    chain_destroy(chain);
}

static void an_open_client_is_freed_though_its_plugin_has_no_other_hook(void **state)
{
    static const struct sl_plugin only = {SL_PLUGIN_HEADER, .name = "only", .version = "1",
                                          .client_free = client_free};
    struct rig_client client;
    (void)state;
    stage_of(&only);
    rig_client_init(&client, chain, 0);
    rig_client_open(&client);
    chain_open(&client.seen);
    chain_free_client(&client.seen);
    expect_notes("free ");
    rig_client_deinit(&client);
    chain_destroy(chain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(only_continue_lets_pass),
        rig_test(counts_on_its_loop),
        rig_test(what_its_hook_may_not_return_is_an_error),
        rig_test(what_is_logged_of_each_message_is_logged_once_a_second),
        rig_test(verdicts_that_are_wrong_or_only_watched_are_events),
        rig_test(a_client_that_a_shadow_stage_would_have_refused_is_counted_once),
        rig_test(calls_the_hooks_that_its_plugin_has),
        rig_test(the_state_of_a_client_that_its_plugin_has_seen_is_freed_once),
        rig_test(a_client_that_no_hook_was_called_for_is_none_to_be_freed),
        rig_test(a_client_whose_state_was_asked_for_is_freed_without_a_hook_before),
        rig_test(an_open_client_is_freed_though_its_plugin_has_no_other_hook),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
