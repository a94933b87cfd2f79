#include "hub/reload.h"

#include "hub/serving.h"

#include "client/endpoint.h"
#include "failing_memory.h"
#include "pipeline/chain.h"

#define PLAIN "loops: 2\nendpoints: [{path: /ws}]\n"
#define GREETING(text)                                                                             \
    "loops: 2\nendpoints: [{path: /ws, pipeline: [{plugin: probe, options: {greeting: " text       \
    "}}]}]\n"

/* -- reloading -- */

/* Prepares and commits a configuration, and waits until all loops have changed over and what is not
 * needed any more is gone. Returns what the reload does. */
static int reload_with(struct serving *serving, const char *yaml)
{
    struct diagnostics diagnostics;
    struct hub_reload *reload = NULL;
    struct config *config = load_config(yaml);
    diagnostics_init(&diagnostics);
    int error = hub_reload_prepare(serving->hub, config, &diagnostics, &reload);
    if (error == OK)
        error = hub_reload_commit(serving->hub, reload, &diagnostics);
    assert_int_equal(error != OK, diagnostics.count > 0);
    diagnostics_deinit(&diagnostics);
    config_destroy(config);
    for (unsigned round = 0; round < 3; round++) { /* What ends an instance comes and goes. */
        for (unsigned i = 0; i < serving->hub->set.count; i++)
            run_on(&serving->hub->set.shards[i], NULL);
        hub_run_control(serving->hub);
    }
    return error;
}

static const struct instance *only_instance(const struct endpoint *endpoint)
{
    assert_int_equal(endpoint->setup->chain->count, 1);
    return endpoint->setup->chain->stages[0].instance;
}

static void a_commit_changes_limits_for_everybody(void **state)
{
    (void)state;
    struct serving serving = serve(PLAIN);
    struct endpoint *endpoint = hub_find_endpoint(serving.hub, "/ws");
    uint64_t generation = serving.hub->generation;
    assert_int_equal(reload_with(&serving, "loops: 2\n"
                                           "limits: {clients: 5, clients_per_address: 3, "
                                           "queue_bytes: 2MiB, input_bytes: 3MiB}\n"
                                           "endpoints: [{path: /ws, clients: {max: 4}, "
                                           "message: {max_size: 1KiB}}]\n"),
                     OK);
    assert_int_equal(serving.hub->generation, generation + 1);
    assert_int_equal(serving.hub->limit_clients, 5);
    assert_int_equal(serving.hub->limit_clients_per_address, 3);
    assert_int_equal(memory_account_limit(&serving.hub->set.delivery.queued), 2 << 20);
    assert_int_equal(memory_account_limit(&serving.hub->set.input), 3 << 20);
    assert_ptr_equal(hub_find_endpoint(serving.hub, "/ws"), endpoint);
    for (unsigned i = 0; i < 2; i++) {
        assert_ptr_equal(endpoint->loop_setups[i], endpoint->setup);
        assert_int_equal(endpoint->loop_setups[i]->limits.message_max, 1024);
    }
    end_serving(&serving);
}

static void clients_stay_and_get_what_is_new(void **state)
{
    (void)state;
    struct serving serving = serve(GREETING("first"));
    int client = join(serving.hub, "/ws");
    expect_text(client, "first");
    assert_int_equal(reload_with(&serving, GREETING("second")), OK);
    expect_text(client, "second");
    leave(client);
    end_serving(&serving);
}

static void instances_that_nothing_has_changed_for_stay(void **state)
{
    (void)state;
    struct serving serving = serve(GREETING("same"));
    const struct endpoint *endpoint = hub_find_endpoint(serving.hub, "/ws");
    const struct instance *instance = only_instance(endpoint);
    int client = join(serving.hub, "/ws");
    expect_text(client, "same");
    assert_int_equal(reload_with(&serving, GREETING("same")), OK);
    assert_ptr_equal(only_instance(endpoint), instance);
    assert_int_equal(reload_with(&serving, GREETING("other")), OK);
    assert_ptr_not_equal(only_instance(endpoint), instance);
    expect_text(client, "other"); /* And no second greeting from the one that stayed. */
    leave(client);
    end_serving(&serving);
}

/* -- endpoints that come and go -- */

static void a_new_endpoint_is_there_when_it_is_committed(void **state)
{
    struct diagnostics diagnostics;
    struct hub_reload *reload;
    (void)state;
    struct serving serving = serve(PLAIN);
    struct config *config = load_config("loops: 2\nendpoints: [{path: /ws}, {path: /new}]\n");
    diagnostics_init(&diagnostics);
    assert_int_equal(hub_reload_prepare(serving.hub, config, &diagnostics, &reload), OK);
    assert_null(hub_find_endpoint(serving.hub, "/new"));
    assert_int_equal(hub_reload_commit(serving.hub, reload, &diagnostics), OK);
    assert_non_null(hub_find_endpoint(serving.hub, "/new"));
    for (unsigned i = 0; i < 2; i++)
        run_on(&serving.hub->set.shards[i], NULL);
    leave(join(serving.hub, "/new"));
    diagnostics_deinit(&diagnostics);
    config_destroy(config);
    end_serving(&serving);
}

static void clients_of_an_endpoint_that_is_removed_are_told_to_go(void **state)
{
    (void)state;
    struct serving serving = serve("loops: 2\nendpoints: [{path: /ws}, {path: /old}]\n");
    struct endpoint *old = hub_find_endpoint(serving.hub, "/old");
    int client = join(serving.hub, "/old"), other = join(serving.hub, "/ws");
    assert_int_equal(reload_with(&serving, PLAIN), OK);
    assert_null(hub_find_endpoint(serving.hub, "/old"));
    assert_null(old->setup);
    expect_close(client, CLOSE_GOING_AWAY, "the endpoint was removed");
    send_close(client, CLOSE_GOING_AWAY);
    expect_end(client);
    leave(other);
    /* It may come back, and is the same one then. */
    assert_int_equal(reload_with(&serving, "loops: 2\nendpoints: [{path: /ws}, {path: /old}]\n"),
                     OK);
    assert_ptr_equal(hub_find_endpoint(serving.hub, "/old"), old);
    leave(join(serving.hub, "/old"));
    end_serving(&serving);
}

/* -- what is not taken -- */

static void errors_of_all_endpoints_are_told_and_nothing_changes(void **state)
{
    struct diagnostics diagnostics;
    struct hub_reload *reload = NULL;
    (void)state;
    struct serving serving = serve(GREETING("first"));
    uint64_t generation = serving.hub->generation;
    const struct instance *instance = only_instance(hub_find_endpoint(serving.hub, "/ws"));
    struct config *config = load_config("endpoints:\n"
                                        "- {path: /ws, pipeline: [{plugin: nowhere}]}\n"
                                        "- {path: /b, pipeline: [{plugin: create-fails}]}\n");
    diagnostics_init(&diagnostics);
    assert_int_equal(hub_reload_prepare(serving.hub, config, &diagnostics, &reload), ERR_CONFIG);
    assert_null(reload);
    assert_int_equal(diagnostics.count, 2);
    assert_int_equal(serving.hub->generation, generation);
    assert_ptr_equal(only_instance(hub_find_endpoint(serving.hub, "/ws")), instance);
    assert_null(hub_find_endpoint(serving.hub, "/b"));
    int client = join(serving.hub, "/ws");
    expect_text(client, "first");
    leave(client);
    diagnostics_deinit(&diagnostics);
    config_destroy(config);
    end_serving(&serving);
}

static void what_was_prepared_can_be_thrown_away(void **state)
{
    struct diagnostics diagnostics;
    struct hub_reload *reload;
    (void)state;
    struct serving serving = serve(GREETING("first"));
    uint64_t generation = serving.hub->generation;
    struct config *config = load_config(GREETING("second"));
    diagnostics_init(&diagnostics);
    assert_int_equal(hub_reload_prepare(serving.hub, config, &diagnostics, &reload), OK);
    hub_reload_abort(reload);
    hub_reload_abort(NULL);
    for (unsigned i = 0; i < 2; i++)
        run_on(&serving.hub->set.shards[i], NULL);
    hub_run_control(serving.hub);
    assert_int_equal(config->owners, 1);
    assert_int_equal(serving.hub->generation, generation);
    int client = join(serving.hub, "/ws");
    expect_text(client, "first");
    leave(client);
    diagnostics_deinit(&diagnostics);
    config_destroy(config);
    end_serving(&serving);
}

/* -- without memory -- */

struct attempt {
    struct hub *hub;
    struct config *config;
};

static int prepare_and_abort(void *context)
{
    const struct attempt *attempt = context;
    struct diagnostics diagnostics;
    struct hub_reload *reload = NULL;
    diagnostics_init(&diagnostics);
    int error = hub_reload_prepare(attempt->hub, attempt->config, &diagnostics, &reload);
    hub_reload_abort(reload);
    diagnostics_deinit(&diagnostics);
    return error;
}

static void without_memory_nothing_is_prepared(void **state)
{
    (void)state;
    struct serving serving = serve(PLAIN);
    struct attempt attempt = {
        .hub = serving.hub,
        .config = load_config("loops: 2\nendpoints: [{path: /ws}, {path: /new}]\n")};
    assert_true(survive_failing_allocations(prepare_and_abort, &attempt) > 5);
    assert_int_equal(attempt.config->owners, 1);
    assert_null(hub_find_endpoint(serving.hub, "/new"));
    leave(join(serving.hub, "/ws"));
    config_destroy(attempt.config);
    end_serving(&serving);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commit_changes_limits_for_everybody),
        cmocka_unit_test(clients_stay_and_get_what_is_new),
        cmocka_unit_test(instances_that_nothing_has_changed_for_stay),
        cmocka_unit_test(a_new_endpoint_is_there_when_it_is_committed),
        cmocka_unit_test(clients_of_an_endpoint_that_is_removed_are_told_to_go),
        cmocka_unit_test(errors_of_all_endpoints_are_told_and_nothing_changes),
        cmocka_unit_test(what_was_prepared_can_be_thrown_away),
        cmocka_unit_test(without_memory_nothing_is_prepared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
