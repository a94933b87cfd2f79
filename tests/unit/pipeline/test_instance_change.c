#include "pipeline/instance_change.h"
#include "pipeline/made_instance.h"

/* What on_reload says, and what it was told. */
static int result;
static const char *failure;
static enum sl_mode mode_in_reload;

static int on_reload(struct sl_instance *self)
{
    struct instance *instance = (struct instance *)self;
    char text[64];
    snprintf(text, sizeof text, "reload(%lld)", (long long)atomic_load(&instance->timeout));
    note(text);
    mode_in_reload = instance_mode(instance);
    if (failure != NULL)
        instance->failure = strdup(failure);
    return result;
}

static const struct sl_plugin table = {SL_PLUGIN_HEADER, .name = "test", .version = "1",
                                       .on_reload = on_reload};

static int set_up(void **state)
{
    result = 0;
    failure = NULL;
    return set_up_plugin(state, &table);
}

static const struct stage_config changed = {.plugin = (char *)(uintptr_t)"test", .timeout = 9};

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

static void on_reload_is_told_the_new_mode(void **state)
{
    static const struct stage_config shadow = {.plugin = (char *)(uintptr_t)"test",
                                               .mode = MODE_SHADOW};
    struct instance *instance = made();
    struct instance_change change;
    (void)state;
    rig.pipeline.mode = SL_MODE_SERVE;
    assert_int_equal(instance_change_prepare(instance, &shadow, &diagnostics, &change), OK);
    assert_int_equal(instance_change_apply(&change, &diagnostics), OK);
    assert_int_equal(mode_in_reload, SL_MODE_SHADOW);
    assert_int_equal(instance_mode(instance), SL_MODE_SERVE); /* Nobody has changed over yet. */
    instance_change_revert(&change);
    assert_int_equal(mode_in_reload, SL_MODE_SERVE);
    options_version_unref(change.options);
    instance_unref(instance);
}

static void one_that_asks_for_a_new_instance_has_its_old_options_again(void **state)
{
    struct instance *instance = made();
    struct instance_change change;
    (void)state;
    result = SL_RELOAD_REPLACE;
    assert_int_equal(instance_change_prepare(instance, &changed, &diagnostics, &change), OK);
    struct option_set *before = instance_options_in_hook(&instance->options);
    assert_int_equal(instance_change_apply(&change, &diagnostics), OK);
    expect_notes("reload(9)"); /* It was asked about the new ones. */
    assert_true(change.wants_new);
    assert_ptr_equal(instance_options_in_hook(&instance->options), before);
    assert_int_equal(atomic_load(&instance->timeout), 5);
    instance_change_revert(&change); /* There is nothing to take back. */
    expect_notes("");
    assert_int_equal(diagnostics.count, 0);
    options_version_unref(change.options);
    instance_unref(instance);
}

static void any_other_result_is_a_refusal(void **state)
{
    struct instance *instance = made();
    struct instance_change change;
    (void)state;
    for (result = -5; result < 3; result++) {
        if (result == 0 || result == SL_RELOAD_REPLACE)
            continue;
        assert_int_equal(instance_change_prepare(instance, &changed, &diagnostics, &change), OK);
        assert_int_equal(instance_change_apply(&change, &diagnostics), ERR_PLUGIN);
        assert_false(change.wants_new || change.is_applied);
        options_version_unref(change.options);
    }
    assert_non_null(strstr(diagnostics.items[0].text, "it gave no reason"));
    rig.notes[0] = '\0';
    instance_unref(instance);
}

#define change_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down_plugin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        change_test(takes_new_options_live),
        change_test(keeps_the_old_options_if_it_refuses_the_new_ones),
        change_test(on_reload_is_told_the_new_mode),
        change_test(one_that_asks_for_a_new_instance_has_its_old_options_again),
        change_test(any_other_result_is_a_refusal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
