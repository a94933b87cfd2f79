#include "pipeline/chain.h"
#include "config/config_parse.h"
#include "failing_memory.h"
#include "host/host.h"
#include "pipeline/rig.h"
#include "plugins.h"

static char folder[PATH_MAX];
static struct diagnostics diagnostics;
static struct change_list changes;

/* What a chain is built from; a chain, the plugins and the configuration end together. */
struct built {
    struct config *config;
    struct plugin_set plugins;
    struct chain *chain;
};

static int set_up(void **state)
{
    rig_set_up(state);
    rig.pipeline.host = host_table();
    test_plugins_folder(folder);
    diagnostics_init(&diagnostics);
    changes = (struct change_list){.count = 0};
    return 0;
}

static int tear_down(void **state)
{
    for (size_t i = 0; i < changes.count; i++)
        options_version_unref(changes.items[i].options);
    free(changes.items);
    diagnostics_deinit(&diagnostics);
    return rig_tear_down(state);
}

/* Builds the pipeline, a YAML list in brackets, beside `previous` (may be NULL). */
static int build(const char *pipeline, const struct built *previous, struct built *built)
{
    char text[PATH_MAX + 1024];
    int len = snprintf(text, sizeof text,
                       "listen: [{address: '127.0.0.1:0'}]\nplugins: {path: ['%s']}\n"
                       "endpoints:\n- path: /ws\n  message: {max_size: 100}\n  pipeline: %s\n",
                       folder, pipeline);
    *built = (struct built){.chain = NULL};
    assert_int_equal(
        config_parse("test.yaml", text, (size_t)len, NULL, 0, &diagnostics, &built->config), OK);
    plugin_set_init(&built->plugins, built->config->plugin_path, built->config->plugin_path_count,
                    previous != NULL ? &previous->plugins : NULL);
    const struct chain_plan plan = {.pipeline = &rig.pipeline,
                                    .path = "/ws",
                                    .endpoint_index = 1,
                                    .config = &built->config->endpoints[0],
                                    .owner = built->config,
                                    .previous = previous != NULL ? previous->chain : NULL};
    return chain_create(&plan, &built->plugins, &changes, &diagnostics, &built->chain);
}

static struct built built(const char *pipeline, const struct built *previous)
{
    struct built result;
    int error = build(pipeline, previous, &result);
    diagnostics_print(&diagnostics);
    assert_int_equal(error, OK);
    return result;
}

static void end(struct built *built)
{
    chain_destroy(built->chain);
    rig_deliver();
    plugin_set_deinit(&built->plugins);
    config_destroy(built->config);
}

static struct instance *instance_at(const struct built *built, size_t stage)
{
    return built->chain->stages[stage].instance;
}

static void stages_have_their_policies(void **state)
{
    struct built it = built("[{plugin: nothing, on_error: continue, timeout: 7s, "
                            "budget: 3ms, mode: shadow}, {plugin: nothing}]",
                            NULL);
    const struct stage *first = &it.chain->stages[0], *second = &it.chain->stages[1];
    (void)state;
    assert_int_equal(it.chain->count, 2);
    assert_int_equal(first->on_error, ON_ERROR_CONTINUE);
    assert_int_equal(first->timeout, 7 * NS_PER_S);
    assert_int_equal(first->budget, 3 * NS_PER_MS);
    assert_true(first->is_shadow);
    assert_int_equal(first->shadow_bit, 1);
    assert_int_equal(second->on_error, ON_ERROR_DENY);
    assert_false(second->is_shadow);
    assert_int_equal(second->shadow_bit, 0);
    assert_int_equal(it.chain->message_max, 100);
    assert_ptr_equal(it.chain->loops, rig.list);
    end(&it);
}

static void message_hooks_are_listed_in_order(void **state)
{
    struct built it = built("[{plugin: probe}, {plugin: leave-notice}, {plugin: probe}]", NULL);
    (void)state;
    assert_int_equal(it.chain->on_message_count, 2);
    assert_ptr_equal(it.chain->on_message[0], &it.chain->stages[0]);
    assert_ptr_equal(it.chain->on_message[1], &it.chain->stages[2]);
    end(&it);
}

static void uses_of_a_plugin_have_names_and_places_of_their_own(void **state)
{
    struct built it = built("[{plugin: probe}, {plugin: carried}, {plugin: probe}]", NULL);
    size_t size = instance_at(&it, 0)->plugin->table.client_size;
    (void)state;
    assert_string_equal(instance_at(&it, 0)->name, "probe#1");
    assert_string_equal(instance_at(&it, 2)->name, "probe#2");
    assert_int_equal(instance_at(&it, 1)->slot, 1);
    assert_int_equal(instance_at(&it, 2)->slot, 2);
    assert_int_equal(it.chain->slot_count, 3);
    assert_true(instance_at(&it, 1)->client_offset >= size);
    assert_true(instance_at(&it, 2)->client_offset >= instance_at(&it, 1)->client_offset + 512);
    assert_true(it.chain->client_size >= 2 * size + 512);
    assert_ptr_equal(instance_at(&it, 0)->home, &rig.loops[1]); /* The endpoint's index is 1. */
    assert_ptr_equal(instance_at(&it, 1)->home, &rig.loops[0]);
    end(&it);
}

static void instances_that_fit_are_taken_over(void **state)
{
    struct built first = built("[{plugin: probe, options: {tag: a}}, {plugin: nothing}]", NULL);
    struct built second = built("[{plugin: nothing}, {plugin: probe, options: {tag: a}}]", &first);
    (void)state;
    assert_ptr_equal(instance_at(&second, 0), instance_at(&first, 1));
    assert_ptr_equal(instance_at(&second, 1), instance_at(&first, 0));
    assert_int_equal(changes.count, 0);
    end(&first);
    end(&second);
}

static void a_new_instance_keeps_out_of_the_places_of_those_that_stay(void **state)
{
    struct built first =
        built("[{plugin: probe, options: {tag: a}}, {plugin: probe, options: {tag: b}}]", NULL);
    struct built second =
        built("[{plugin: probe, options: {tag: c}}, {plugin: probe, options: {tag: b}}]", &first);
    (void)state;
    assert_ptr_not_equal(instance_at(&second, 0), instance_at(&first, 0));
    assert_ptr_equal(instance_at(&second, 1), instance_at(&first, 1));
    assert_int_equal(instance_at(&second, 0)->slot, 0); /* Nobody is there any more. */
    struct built third = built("[{plugin: probe, options: {tag: c}}, {plugin: probe, options: "
                               "{tag: b}}, {plugin: probe, options: {tag: d}}]",
                               &second);
    assert_int_equal(instance_at(&third, 2)->slot, 2);
    end(&first);
    end(&second);
    end(&third);
}

static void a_new_instance_knows_which_one_of_its_name_it_replaces(void **state)
{
    struct built first = built("[{plugin: probe}, {plugin: probe, options: {tag: a}}]", NULL);
    struct built second = built("[{plugin: probe}, {plugin: nothing}, {plugin: probe, options: "
                                "{tag: b}}, {plugin: probe}]",
                                &first);
    (void)state;
    assert_null(instance_at(&first, 1)->replaces);
    assert_null(instance_at(&second, 0)->replaces);
    assert_null(instance_at(&second, 1)->replaces);
    assert_ptr_equal(instance_at(&second, 2)->replaces, instance_at(&first, 1));
    assert_null(instance_at(&second, 3)->replaces);
    end(&first);
    end(&second);
}

static void options_are_taken_live_where_the_plugin_can(void **state)
{
    struct built first = built("[{plugin: carried, options: {tag: a}}]", NULL);
    struct built second = built("[{plugin: carried, options: {tag: b}}]", &first);
    (void)state;
    assert_ptr_equal(instance_at(&second, 0), instance_at(&first, 0));
    assert_int_equal(changes.count, 1);
    assert_ptr_equal(changes.items[0].instance, instance_at(&first, 0));
    end(&first);
    end(&second);
}

static void one_run_shows_all_mistakes(void **state)
{
    struct built it;
    (void)state;
    assert_int_equal(
        build("[{plugin: no-such}, {plugin: probe, options: {no-such: 1}}, {plugin: create-fails}]",
              NULL, &it),
        ERR_CONFIG);
    assert_int_equal(diagnostics.count, 3);
    assert_non_null(strstr(diagnostics.items[0].text, "there is no plugin 'no-such'"));
    assert_null(it.chain);
    end(&it);
}

static void an_empty_pipeline_is_a_chain_too(void **state)
{
    struct built it = built("[]", NULL);
    (void)state;
    assert_int_equal(it.chain->count, 0);
    assert_int_equal(it.chain->client_size, 0);
    end(&it);
}

static void survives_every_failing_allocation(void **state)
{
    struct built first =
        built("[{plugin: nothing}]", NULL); /* So that its file is loaded already. */
    bool failed = true;
    (void)state;
    for (unsigned nth = 1; failed; nth++) {
        const struct chain_plan plan = {.pipeline = &rig.pipeline,
                                        .path = "/ws",
                                        .config = &first.config->endpoints[0],
                                        .owner = first.config};
        struct chain *chain = NULL;
        fail_allocation(nth);
        int error = chain_create(&plan, &first.plugins, &changes, &diagnostics, &chain);
        failed = has_allocation_failed();
        fail_allocation(0);
        assert_int_equal(error, failed ? ERR_NO_MEMORY : OK);
        chain_destroy(chain);
        rig_deliver();
    }
    end(&first);
}

#define build_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        build_test(stages_have_their_policies),
        build_test(message_hooks_are_listed_in_order),
        build_test(uses_of_a_plugin_have_names_and_places_of_their_own),
        build_test(instances_that_fit_are_taken_over),
        build_test(a_new_instance_keeps_out_of_the_places_of_those_that_stay),
        build_test(a_new_instance_knows_which_one_of_its_name_it_replaces),
        build_test(options_are_taken_live_where_the_plugin_can),
        build_test(one_run_shows_all_mistakes),
        build_test(an_empty_pipeline_is_a_chain_too),
        build_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
