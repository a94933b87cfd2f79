#include "pipeline/stage.h"
#include "pipeline/rig.h"

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
    stage_log_shadowed(stage, loop, &client.seen, SL_CONTINUE);
    assert_int_equal(atomic_load(until), 0);
    stage_log_shadowed(stage, loop, &client.seen, SL_DROP);
    assert_int_equal(atomic_load(until), 2 * NS_PER_S);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(only_continue_lets_pass),
        rig_test(counts_on_its_loop),
        rig_test(what_its_hook_may_not_return_is_an_error),
        rig_test(what_is_logged_of_each_message_is_logged_once_a_second),
        rig_test(calls_the_hooks_that_its_plugin_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
