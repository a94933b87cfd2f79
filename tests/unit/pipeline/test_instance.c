#include "pipeline/instance.h"
#include "failing_memory.h"
#include "pipeline/rig.h"

/* What create and on_reload do. */
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

static int on_reload(struct sl_instance *self)
{
    struct instance *instance = (struct instance *)self;
    char text[64];
    snprintf(text, sizeof text, "reload(%lld)", (long long)atomic_load(&instance->timeout));
    note(text);
    if (failure != NULL)
        instance->failure = strdup(failure);
    return result;
}

static void destroy(struct sl_instance *self)
{
    (void)self;
    note("destroy");
}

static const struct sl_plugin table = {
    SL_PLUGIN_HEADER, .name = "test",         .version = "1",    .instance_size = 32,
    .create = create, .on_reload = on_reload, .destroy = destroy};

static struct plugin *plugin;
static struct diagnostics diagnostics;

static int set_up(void **state)
{
    result = 0;
    failure = NULL;
    rig_set_up(state);
    plugin = rig_plugin(&table);
    diagnostics_init(&diagnostics);
    return 0;
}

static int tear_down(void **state)
{
    rig_deliver();
    assert_int_equal(plugin->references, 1);
    plugin_unref(plugin);
    diagnostics_deinit(&diagnostics);
    return rig_tear_down(state);
}

static int make(struct instance **out)
{
    const struct stage_config stage = {.plugin = (char *)(uintptr_t)"test", .timeout = 5};
    const struct instance_place place = {.pipeline = &rig.pipeline,
                                         .path = "/ws",
                                         .home = &rig.loops[0],
                                         .owner = &rig_config,
                                         .use = 2};
    return instance_create(plugin, &stage, &place, &diagnostics, out);
}

static struct instance *made(void)
{
    struct instance *instance = NULL;
    assert_int_equal(make(&instance), OK);
    return instance;
}

/* -- life -- */

static void begins_with_zeroed_state_and_a_name(void **state)
{
    struct instance *instance = made();
    (void)state;
    expect_notes("create");
    assert_string_equal(instance->seen.name, "test#2");
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

static void takes_new_options_live(void **state)
{
    struct instance *instance = made();
    struct instance_change change;
    (void)state;
    rig.notes[0] = '\0';
    assert_int_equal(instance_change_prepare(instance, &changed, &diagnostics, &change), OK);
    struct option_set *before = instance_options_in_hook(&instance->options);
    assert_int_equal(instance_change_apply(&change, &diagnostics), OK);
    expect_notes("reload(9)");
    assert_ptr_not_equal(instance_options_in_hook(&instance->options), before);
    instance_change_revert(&change);
    expect_notes("reload(5)");
    assert_ptr_equal(instance_options_in_hook(&instance->options), before);
    options_version_unref(change.options);
    instance_unref(instance);
}

static void keeps_the_old_options_if_it_refuses_the_new_ones(void **state)
{
    struct instance *instance = made();
    struct instance_change change;
    (void)state;
    result = SL_ERROR;
    failure = "too new";
    assert_int_equal(instance_change_prepare(instance, &changed, &diagnostics, &change), OK);
    struct option_set *before = instance_options_in_hook(&instance->options);
    assert_int_equal(instance_change_apply(&change, &diagnostics), ERR_PLUGIN);
    assert_ptr_equal(instance_options_in_hook(&instance->options), before);
    assert_int_equal(atomic_load(&instance->timeout), 5);
    assert_string_equal(diagnostics.items[0].text,
                        "plugin 'test' does not take its new options: too new");
    options_version_unref(change.options);
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

#define instance_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        instance_test(begins_with_zeroed_state_and_a_name),
        instance_test(ends_at_home_and_then_on_the_main_thread),
        instance_test(a_plugin_that_cannot_be_set_up_says_why),
        instance_test(a_plugin_may_give_no_reason),
        instance_test(survives_every_failing_allocation),
        instance_test(fits_a_stage_with_the_same_options_and_files),
        instance_test(takes_new_options_live),
        instance_test(keeps_the_old_options_if_it_refuses_the_new_ones),
        instance_test(totals_are_of_all_loops),
        instance_test(logs_each_kind_once_a_second),
        instance_test(those_that_are_unready_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
