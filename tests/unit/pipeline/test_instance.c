#include "pipeline/instance.h"
#include "failing_memory.h"
#include "pipeline/hook.h"
#include "pipeline/made_instance.h"

/* What create does. */
static int result;
static const char *failure;

static int create(struct sl_instance *self)
{
    struct instance *instance = (struct instance *)self;
    note("create");
    if (failure != NULL)
        instance->failure = strdup(failure);
    return result;
}

static void destroy(struct sl_instance *self)
{
    (void)self;
    note("destroy");
}

static const struct sl_plugin table = {SL_PLUGIN_HEADER,    .name = "test",   .version = "1",
                                       .instance_size = 32, .create = create, .destroy = destroy};

static int set_up(void **state)
{
    result = 0;
    failure = NULL;
    return set_up_plugin(state, &table);
}

/* -- life -- */

static void begins_with_zeroed_state_and_a_name(void **state)
{
    struct instance *instance = made();
    (void)state;
    expect_notes("create");
    assert_string_equal(instance->seen.name, "test#1");
    assert_string_equal(instance->seen.endpoint, "/ws");
    assert_ptr_equal(instance->seen.host, &rig_host);
    for (size_t i = 0; i < table.instance_size; i++)
        assert_int_equal(((char *)instance->seen.state)[i], 0);
    instance_unref(instance);
}

static void ends_at_home_and_then_on_the_main_thread(void **state)
{
    struct instance *instance = made();
    (void)state;
    expect_notes("create");
    instance_ref(instance);
    instance_unref(instance);
    rig_deliver();
    expect_notes("");
    instance_unref(instance);
    assert_false(instance_try_ref(instance)); /* It is on its way. */
    loop_deliver_rest(&rig.loops[0]);
    expect_notes("");
    rig_deliver();
    expect_notes("destroy");
}

/* -- taking over -- */

static void take_from(struct sl_instance *self, const struct sl_handover *from)
{
    (void)self;
    assert_int_equal(from->struct_size, sizeof *from);
    assert_int_equal(from->state_size, table.instance_size);
    assert_non_null(from->state);
    assert_string_equal(from->version, table.version);
    assert_true(hook_instance() == (const struct instance *)self);
    note("on_handover");
}

/* One that takes over from `replaced`, whose chain has come into force. */
static struct instance *made_after(struct instance *replaced)
{
    struct instance *instance = made();
    instance->plugin->table.on_handover = take_from;
    instance->replaces = replaced;
    instance_inherit(instance);
    return instance;
}

static void hands_over_when_nothing_of_it_runs_and_before_it_is_destroyed(void **state)
{
    struct instance *old = made();
    (void)state;
    struct instance *new = made_after(old);
    expect_notes("create create");
    instance_ref(old); /* A client waits for its verdict. */
    instance_unref(old);
    rig_deliver();
    expect_notes("");
    instance_unref(old);
    rig_deliver();
    expect_notes("on_handover destroy");
    instance_unref(new);
    rig_deliver();
    expect_notes("destroy");
}

static void one_that_is_replaced_itself_lives_until_it_has_been_handed_over_to(void **state)
{
    struct instance *first = made();
    (void)state;
    struct instance *second = made_after(first), *third = made_after(second);
    expect_notes("create create create");
    instance_unref(second);
    rig_deliver();
    expect_notes("");
    instance_unref(first);
    rig_deliver();
    expect_notes("on_handover destroy on_handover destroy");
    instance_unref(third);
    rig_deliver();
    expect_notes("destroy");
}

static void nobody_is_asked_who_does_not_want_it(void **state)
{
    struct instance *old = made();
    (void)state;
    struct instance *new = made_after(old);
    plugin->table.on_handover = NULL;
    new->replaces = old;
    instance_unref(old->successor);
    old->successor = NULL;
    instance_inherit(new);
    assert_null(old->successor);
    instance_unref(old);
    instance_unref(new);
    rig_deliver();
    expect_notes("create create destroy destroy");
}

static void a_plugin_that_cannot_be_set_up_says_why(void **state)
{
    struct instance *instance;
    (void)state;
    result = SL_ERROR;
    failure = "no key";
    assert_int_equal(make(&instance), ERR_PLUGIN);
    assert_int_equal(diagnostics.count, 1);
    assert_string_equal(diagnostics.items[0].text, "plugin 'test' could not be set up: no key");
    rig_deliver();
    expect_notes("create"); /* destroy is owed after a create that succeeded only. */
}

static void a_plugin_may_give_no_reason(void **state)
{
    struct instance *instance;
    (void)state;
    result = SL_ERROR;
    assert_int_equal(make(&instance), ERR_PLUGIN);
    assert_non_null(strstr(diagnostics.items[0].text, "it gave no reason"));
}

static void survives_every_failing_allocation(void **state)
{
    (void)state;
    for (unsigned nth = 1;; nth++) {
        fail_allocation(nth);
        struct instance *instance = NULL;
        int error = make(&instance);
        bool failed = has_allocation_failed();
        fail_allocation(0);
        assert_int_equal(error, failed ? ERR_NO_MEMORY : OK);
        if (error == OK)
            instance_unref(instance);
        rig_deliver();
        if (!failed)
            break;
    }
    rig.notes[0] = '\0';
}

/* -- reload -- */

static const struct stage_config changed = {.plugin = (char *)(uintptr_t)"test", .timeout = 9};

static void fits_a_stage_with_the_same_options_and_files(void **state)
{
    struct instance *instance = made();
    struct plugin *other = rig_plugin(&table);
    (void)state;
    assert_true(instance_fits(instance, plugin, &changed));
    assert_false(instance_fits(instance, other, &changed));
    plugin_unref(other);
    instance_unref(instance);
}

/* -- mode -- */

static void mode_is_the_hosts_and_then_the_stages(void **state)
{
    struct instance *instance = made();
    const struct stage stage = {.instance = instance, .is_shadow = true};
    (void)state;
    rig.pipeline.mode = SL_MODE_SERVE;
    assert_int_equal(instance_mode(instance), SL_MODE_SERVE);
    hook_begin(instance, &stage, 1, "on_open");
    assert_int_equal(instance_mode(instance), SL_MODE_SHADOW); /* The loops change over first. */
    hook_end();
    assert_int_equal(instance_mode(instance), SL_MODE_SERVE);
    instance_set_mode(instance, true);
    assert_int_equal(instance_mode(instance), SL_MODE_SHADOW);
    rig.pipeline.mode = SL_MODE_CHECK;
    assert_int_equal(instance_mode(instance), SL_MODE_CHECK);
    instance_unref(instance);
}

/* -- counting -- */

static void totals_are_of_all_loops(void **state)
{
    struct instance *instance = made();
    struct instance_totals totals;
    (void)state;
    instance_count(instance, 0, VERDICT_SLOT_DROP);
    instance_count(instance, 1, VERDICT_SLOT_DROP);
    histogram_add(&instance->stats[1].latency, 100);
    instance_totals(instance, &totals);
    assert_int_equal(totals.verdicts[VERDICT_SLOT_DROP], 2);
    assert_int_equal(totals.verdicts[VERDICT_SLOT_DENY], 0);
    assert_int_equal(totals.latency.count, 1);
    instance_unref(instance);
}

static void logs_each_kind_once_a_second(void **state)
{
    struct instance *instance = made();
    (void)state;
    assert_true(instance_may_log(instance, INSTANCE_LOG_SHADOW, 10));
    assert_false(instance_may_log(instance, INSTANCE_LOG_SHADOW, NS_PER_S));
    assert_true(instance_may_log(instance, INSTANCE_LOG_BUDGET, NS_PER_S));
    assert_true(instance_may_log(instance, INSTANCE_LOG_SHADOW, NS_PER_S + 10));
    instance_unref(instance);
}

static void those_that_are_unready_are_counted(void **state)
{
    struct instance *instance = made();
    char reason[INSTANCE_UNREADY_SIZE];
    (void)state;
    assert_false(instance_is_unready(instance, reason));
    instance_set_unready(instance, "no keys");
    instance_set_unready(instance, "still no keys");
    assert_int_equal(atomic_load(&rig.pipeline.unready_count), 1);
    assert_true(instance_is_unready(instance, reason));
    assert_string_equal(reason, "still no keys");
    instance_set_unready(instance, NULL);
    assert_int_equal(atomic_load(&rig.pipeline.unready_count), 0);
    instance_set_unready(instance, "no keys");
    instance_unref(instance);
    rig_deliver();
    assert_int_equal(atomic_load(&rig.pipeline.unready_count), 0);
}

#define instance_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down_plugin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        instance_test(begins_with_zeroed_state_and_a_name),
        instance_test(ends_at_home_and_then_on_the_main_thread),
        instance_test(hands_over_when_nothing_of_it_runs_and_before_it_is_destroyed),
        instance_test(one_that_is_replaced_itself_lives_until_it_has_been_handed_over_to),
        instance_test(nobody_is_asked_who_does_not_want_it),
        instance_test(a_plugin_that_cannot_be_set_up_says_why),
        instance_test(a_plugin_may_give_no_reason),
        instance_test(survives_every_failing_allocation),
        instance_test(fits_a_stage_with_the_same_options_and_files),
        instance_test(mode_is_the_hosts_and_then_the_stages),
        instance_test(totals_are_of_all_loops),
        instance_test(logs_each_kind_once_a_second),
        instance_test(those_that_are_unready_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
