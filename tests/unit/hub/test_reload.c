#include "hub/reload.h"

#include "hub/reloading.h"

#include "client/endpoint.h"
#include "failing_memory.h"
#include "hub/drain.h"

#include <semaphore.h>

#define PLAIN "loops: 2\nendpoints: [{path: /ws}]\n"
#define GREETING(text)                                                                             \
    "loops: 2\nendpoints: [{path: /ws, pipeline: [{plugin: probe, options: {greeting: " text       \
    "}}]}]\n"

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

/* -- waiting for the loops -- */

static sem_t may_go_on;

static void hold_up(struct loop *loop, struct mail *mail)
{
    (void)loop;
    (void)mail;
    while (sem_wait(&may_go_on) != 0)
        continue;
}

static void whoever_waits_sees_that_all_loops_have_changed_over(void **state)
{
    struct mail held_up = {.deliver = hold_up};
    struct diagnostics diagnostics;
    struct hub_reload *reload;
    (void)state;
    struct serving serving = serve(PLAIN);
    struct config *config = load_config(PLAIN);
    assert_true(hub_reload_await(serving.hub, PATIENCE_SECONDS * NS_PER_S));
    sem_init(&may_go_on, 0, 0);
    loop_post(&serving.hub->set.shards[1].loop, &held_up);
    diagnostics_init(&diagnostics);
    assert_int_equal(hub_reload_prepare(serving.hub, config, &diagnostics, &reload), OK);
    assert_int_equal(hub_reload_commit(serving.hub, reload, &diagnostics), OK);
    assert_false(hub_reload_await(serving.hub, 0));
    assert_false(hub_reload_await(serving.hub, NS_PER_MS));
    sem_post(&may_go_on);
    assert_true(hub_reload_await(serving.hub, PATIENCE_SECONDS * NS_PER_S));
    const struct endpoint *endpoint = hub_find_endpoint(serving.hub, "/ws");
    for (unsigned i = 0; i < 2; i++)
        assert_ptr_equal(endpoint->loop_setups[i], endpoint->setup);
    sem_destroy(&may_go_on);
    diagnostics_deinit(&diagnostics);
    config_destroy(config);
    end_serving(&serving);
}

/* -- storage -- */

static const struct sl_string key = {"key", 3};

static int64_t stored(struct serving *serving, enum sl_storage_scope scope)
{
    const struct endpoint *endpoint = hub_find_endpoint(serving->hub, "/ws");
    return host_table()->storage_get(&only_instance(endpoint)->seen, scope, key, NULL, 0);
}

static void store(struct serving *serving)
{
    const struct endpoint *endpoint = hub_find_endpoint(serving->hub, "/ws");
    const struct sl_instance *self = &only_instance(endpoint)->seen;
    const struct sl_host *host = host_table();
    assert_int_equal(host->storage_set(self, SL_STORAGE_INSTANCE, key, key, 0), 0);
    assert_int_equal(host->storage_set(self, SL_STORAGE_ENDPOINT, key, key, 0), 0);
}

static void a_new_instance_of_a_name_finds_its_table(void **state)
{
    (void)state;
    struct serving serving = serve(GREETING("first"));
    const struct instance *before = only_instance(hub_find_endpoint(serving.hub, "/ws"));
    int client = join(serving.hub, "/ws");
    store(&serving);
    assert_int_equal(reload_with(&serving, GREETING("second")), OK);
    assert_ptr_not_equal(only_instance(hub_find_endpoint(serving.hub, "/ws")), before);
    assert_int_equal(stored(&serving, SL_STORAGE_INSTANCE), 3);
    assert_int_equal(stored(&serving, SL_STORAGE_ENDPOINT), 3);
    close(client);
    end_serving(&serving);
}

static void a_name_that_was_gone_begins_with_an_empty_table(void **state)
{
    (void)state;
    struct serving serving = serve(GREETING("first"));
    store(&serving);
    assert_int_equal(reload_with(&serving, PLAIN), OK);
    assert_int_equal(reload_with(&serving, GREETING("first")), OK);
    assert_int_equal(stored(&serving, SL_STORAGE_INSTANCE), SL_STORAGE_NONE);
    assert_int_equal(stored(&serving, SL_STORAGE_ENDPOINT), 3); /* It was there all the time. */
    assert_int_equal(reload_with(&serving, "loops: 2\nendpoints: [{path: /other}]\n"), OK);
    assert_int_equal(reload_with(&serving, GREETING("first")), OK);
    assert_int_equal(stored(&serving, SL_STORAGE_ENDPOINT), SL_STORAGE_NONE);
    end_serving(&serving);
}

static void a_reload_that_is_refused_takes_no_table_away(void **state)
{
    (void)state;
    struct serving serving = serve(GREETING("first"));
    store(&serving);
    struct config *config = load_config("endpoints: [{path: /b, pipeline: [{plugin: nowhere}]}]\n");
    struct diagnostics diagnostics;
    struct hub_reload *reload = NULL;
    diagnostics_init(&diagnostics);
    assert_int_equal(hub_reload_prepare(serving.hub, config, &diagnostics, &reload), ERR_CONFIG);
    assert_int_equal(stored(&serving, SL_STORAGE_INSTANCE), 3);
    assert_int_equal(stored(&serving, SL_STORAGE_ENDPOINT), 3);
    diagnostics_deinit(&diagnostics);
    config_destroy(config);
    end_serving(&serving);
}

static void limits_of_tables_are_those_of_the_newest_configuration(void **state)
{
    (void)state;
    struct serving serving = serve(GREETING("first"));
    store(&serving);
    const struct sl_instance *self = &only_instance(hub_find_endpoint(serving.hub, "/ws"))->seen;
    struct sl_string more = sl_string_of("more");
    assert_int_equal(reload_with(&serving, "storage: {max_entries: 1}\n" GREETING("first")), OK);
    assert_int_equal(host_table()->storage_set(self, SL_STORAGE_INSTANCE, more, more, 0),
                     SL_STORAGE_FULL);
    assert_int_equal(reload_with(&serving, GREETING("first")), OK);
    assert_int_equal(host_table()->storage_set(self, SL_STORAGE_INSTANCE, more, more, 0), 0);
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

static void a_drained_endpoint_that_comes_back_is_still_drained(void **state)
{
    static const char both[] = "loops: 2\nendpoints: [{path: /ws}, {path: /old}]\n";
    (void)state;
    struct serving serving = serve(both);
    struct endpoint *old = hub_find_endpoint(serving.hub, "/old");
    int client = join(serving.hub, "/old");
    assert_int_equal(hub_drain_begin(serving.hub, old, 3600 * NS_PER_S, "somebody"), OK);
    assert_int_equal(reload_with(&serving, PLAIN), OK);
    expect_close(client, CLOSE_GOING_AWAY, "the endpoint was removed");
    send_close(client, CLOSE_GOING_AWAY);
    expect_end(client);
    assert_int_equal(reload_with(&serving, both), OK);
    assert_admission(&serving, "/old", 1, ADMISSION_DRAINING);
    assert_int_equal(hub_drain_stop(serving.hub, NULL, "somebody", NULL), OK);
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
        cmocka_unit_test(whoever_waits_sees_that_all_loops_have_changed_over),
        cmocka_unit_test(a_new_instance_of_a_name_finds_its_table),
        cmocka_unit_test(a_name_that_was_gone_begins_with_an_empty_table),
        cmocka_unit_test(a_reload_that_is_refused_takes_no_table_away),
        cmocka_unit_test(limits_of_tables_are_those_of_the_newest_configuration),
        cmocka_unit_test(a_new_endpoint_is_there_when_it_is_committed),
        cmocka_unit_test(clients_of_an_endpoint_that_is_removed_are_told_to_go),
        cmocka_unit_test(a_drained_endpoint_that_comes_back_is_still_drained),
        cmocka_unit_test(errors_of_all_endpoints_are_told_and_nothing_changes),
        cmocka_unit_test(what_was_prepared_can_be_thrown_away),
        cmocka_unit_test(without_memory_nothing_is_prepared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
