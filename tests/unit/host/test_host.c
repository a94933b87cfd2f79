#include "host/host.h"
#include "host/calling.h"
#include "pipeline/creation.h"
#include "pipeline/hook.h"

static const struct sl_host *host;

static int set_up(void **state)
{
    (void)state;
    host = host_table();
    calling = begin_calling();
    return 0;
}

static struct sl_instance *self(void)
{
    return &calling.instance->seen;
}

static struct sl_instance *shadow(void)
{
    return &calling.shadow->seen;
}

static void the_table_has_every_function(void **state)
{
    void (*functions[(sizeof *host - offsetof(struct sl_host, log_enabled)) / sizeof(void *)])(
        void);
    (void)state;
    assert_int_equal(host->struct_size, sizeof *host);
    assert_int_equal(host->abi_major, SL_ABI_MAJOR);
    assert_int_equal(host->abi_minor, SL_ABI_MINOR);
    memcpy(functions, &host->log_enabled, sizeof functions);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        assert_true(functions[i] != NULL);
}

/* -- the instance -- */

static void gives_the_instance_its_options(void **state)
{
    (void)state;
    assert_string_equal(sl_option_string(self(), "tag").data, "blue");
    assert_null(host->option(self(), "no-such"));
}

static void keeps_the_last_reason_for_a_failure(void **state)
{
    (void)state;
    (host->fail)(self(), "first", 5);
    (host->fail)(self(), "second, cut", 6);
    assert_string_equal(calling.instance->failure, "second");
}

static void makes_metrics_in_create_only(void **state)
{
    (void)state;
    assert_null(host->metric(self(), SL_COUNTER, "late", "help", NULL, 0));
    creation_begin(calling.instance);
    struct sl_metric *metric = host->metric(self(), SL_COUNTER, "early", "help", NULL, 0);
    assert_int_equal(creation_end(calling.instance, 0), CREATION_DONE);
    assert_non_null(metric);
    host->metric_add(metric, 2);
    assert_true(metric->value == 2);
}

static void tells_the_mode(void **state)
{
    (void)state;
    assert_int_equal(host->mode(self()), SL_MODE_SERVE);
    assert_int_equal(host->mode(shadow()), SL_MODE_SHADOW);
}

static void tells_its_timeout_and_whether_it_is_ready(void **state)
{
    (void)state;
    assert_int_equal(host->timeout(self()), calling.config->endpoints[0].pipeline[0].timeout);
    host->set_unready(self(), "no keys");
    assert_int_equal(atomic_load(&calling.hub->set.pipeline.unready_count), 1);
    host->set_unready(self(), NULL);
    assert_int_equal(atomic_load(&calling.hub->set.pipeline.unready_count), 0);
}

/* -- a client -- */

static struct client *made_client(void)
{
    struct endpoint *endpoint = hub_find_endpoint(calling.hub, "/ws");
    const struct chain *chain = endpoint->setup->chain;
    struct client *client = calloc(1, sizeof *client + chain->client_size);
    assert_non_null(client);
    client->receiver.audience = &endpoint->fanout.audiences[0];
    sl_client_init(&client->seen, chain,
                   offsetof(struct client, plugin_state) - offsetof(struct client, seen));
    client->seen.id = UINT64_C(7) << 32;
    client->address = address_of(9);
    return client;
}

static void free_client(struct client *client)
{
    sl_client_deinit(&client->seen);
    free(client);
}

static void says_who_a_client_is(void **state)
{
    struct client *client = made_client();
    uint8_t bytes[16];
    (void)state;
    assert_true(host->client_id(&client->seen) == UINT64_C(7) << 32);
    assert_string_equal(host->client_address(&client->seen).data, "127.0.0.9");
    host->client_address_bytes(&client->seen, bytes);
    assert_memory_equal(bytes, client->address.bytes, 16);
    assert_int_equal(host->client_identity(&client->seen).len, 0);
    assert_true(host->client_is_new(&client->seen));
    free_client(client);
}

static void names_clients_that_connect(void **state)
{
    struct client *client = made_client();
    (void)state;
    assert_int_equal(host->identify(self(), &client->seen, "ada", 3), 0);
    assert_string_equal(host->client_identity(&client->seen).data, "ada");
    client_set_state(client, CLIENT_OPEN);
    assert_int_equal(host->identify(self(), &client->seen, "eve", 3), -1);
    assert_string_equal(host->client_identity(&client->seen).data, "ada");
    free_client(client);
}

static void keeps_attributes(void **state)
{
    struct client *client = made_client();
    struct sl_string value;
    (void)state;
    assert_int_equal(host->attribute_set(self(), &client->seen, "role", "admin", 5), 0);
    assert_true(host->attribute(&client->seen, "role", &value));
    assert_string_equal(value.data, "admin");
    assert_false(host->attribute(&client->seen, "none", &value));
    assert_int_equal(host->attribute_set(self(), &client->seen, "", "x", 1), -1);
    free_client(client);
}

static void gives_each_instance_its_block_of_a_client(void **state)
{
    struct client *client = made_client();
    (void)state;
    char *first = host->client_state(self(), &client->seen);
    char *second = host->client_state(shadow(), &client->seen);
    assert_ptr_equal(first, client->plugin_state);
    assert_ptr_equal(second, client->plugin_state + calling.shadow->client_offset);
    free_client(client);
}

/* What a hook in shadow mode says of a client goes nowhere, and is said to have been done. */
static void a_shadow_hook_changes_nothing(void **state)
{
    struct client *client = made_client();
    struct sl_string value;
    (void)state;
    hook_begin(calling.shadow, NULL, client->seen.id, "on_connect");
    assert_int_equal(host->identify(shadow(), &client->seen, "ada", 3), 0);
    assert_int_equal(host->attribute_set(shadow(), &client->seen, "role", "admin", 5), 0);
    assert_int_equal(host->client_send(&client->seen, SL_TEXT, "hello", 5), 0);
    assert_int_equal(host->client_send(&client->seen, SL_TEXT, "\xff", 1), -1);
    hook_end();
    assert_int_equal(host->client_identity(&client->seen).len, 0);
    assert_false(host->attribute(&client->seen, "role", &value));
    free_client(client);
}

/* -- other clients -- */

static void broadcasts_to_an_endpoint_or_to_all(void **state)
{
    (void)state;
    assert_int_equal(host->broadcast(self(), NULL, SL_TEXT, "hello", 5), 0);
    size_t once = bytes_under_way();
    assert_true(once > 0);
    assert_int_equal(host->broadcast(self(), "/other", SL_TEXT, "hello", 5), 0);
    assert_int_equal(bytes_under_way(), 2 * once);
    assert_int_equal(host->broadcast(self(), "*", SL_TEXT, "hello", 5), 0);
    assert_int_equal(bytes_under_way(), 4 * once);
}

static void sends_no_text_that_is_none_and_to_no_endpoint_that_is_not_there(void **state)
{
    (void)state;
    assert_int_equal(host->broadcast(self(), NULL, SL_TEXT, "\xff", 1), -1);
    assert_int_equal(host->broadcast(self(), NULL, (enum sl_message_type)9, "hello", 5), -1);
    assert_int_equal(host->broadcast(self(), "/nowhere", SL_TEXT, "hello", 5), -1);
    assert_int_equal(host->send(self(), 0, SL_TEXT, "\xff", 1), -1);
    assert_int_equal(host->send(self(), 200, SL_TEXT, "hello", 5), -1); /* No such loop. */
    assert_int_equal(bytes_under_way(), 0);
}

static void an_instance_in_shadow_mode_sends_nothing(void **state)
{
    (void)state;
    assert_int_equal(host->broadcast(shadow(), NULL, SL_TEXT, "hello", 5), 0);
    assert_int_equal(host->broadcast(shadow(), NULL, SL_TEXT, "\xff", 1), -1);
    assert_int_equal(host->send(shadow(), 0, SL_TEXT, "hello", 5), 0);
    assert_int_equal(host->close(shadow(), 0, 4000, "go"), 0);
    assert_int_equal(bytes_under_way(), 0);
}

/* Loops change over to a new chain one after the other: in a hook its stage says what counts. */
static void in_a_hook_the_stage_says_whether_it_watches(void **state)
{
    const struct stage enforcing = {.instance = calling.shadow};
    (void)state;
    hook_begin(calling.shadow, &enforcing, 0, "on_message");
    assert_int_equal(host->broadcast(shadow(), NULL, SL_TEXT, "hello", 5), 0);
    hook_end();
    assert_true(bytes_under_way() > 0);
}

static void counts_clients(void **state)
{
    (void)state;
    atomic_store(&hub_find_endpoint(calling.hub, "/ws")->connected, 2);
    atomic_store(&hub_find_endpoint(calling.hub, "/other")->connected, 3);
    assert_int_equal(host->client_count(self(), NULL), 2);
    assert_int_equal(host->client_count(self(), "/other"), 3);
    assert_int_equal(host->client_count(self(), "*"), 5);
    assert_int_equal(host->client_count(self(), "/nowhere"), -1);
}

/* -- later -- */

static void nothing_can_be_deferred_outside_of_a_hook_that_decides(void **state)
{
    struct client *client = made_client();
    struct sl_ticket ticket = {.value = 1};
    (void)state;
    assert_int_equal(host->defer(self(), &client->seen, NULL, &ticket), SL_ERROR);
    assert_true(ticket.value == 0);
    assert_int_equal(host->complete(ticket, SL_CONTINUE, NULL), SL_GONE);
    free_client(client);
}

static void refuses_work_and_timers_that_cannot_be(void **state)
{
    (void)state;
    assert_int_equal(host->offload(self(), 0, NULL, NULL, NULL), -1);
    assert_true(host->timer_start(self(), -1, 0, 0) == 0);
    host->timer_stop(self(), 12345);
}

#define host_test(test) cmocka_unit_test_setup_teardown(test, set_up, stop_calling)

int main(void)
{
    const struct CMUnitTest tests[] = {
        host_test(the_table_has_every_function),
        host_test(gives_the_instance_its_options),
        host_test(keeps_the_last_reason_for_a_failure),
        host_test(makes_metrics_in_create_only),
        host_test(tells_the_mode),
        host_test(tells_its_timeout_and_whether_it_is_ready),
        host_test(says_who_a_client_is),
        host_test(names_clients_that_connect),
        host_test(keeps_attributes),
        host_test(gives_each_instance_its_block_of_a_client),
        host_test(a_shadow_hook_changes_nothing),
        host_test(broadcasts_to_an_endpoint_or_to_all),
        host_test(sends_no_text_that_is_none_and_to_no_endpoint_that_is_not_there),
        host_test(an_instance_in_shadow_mode_sends_nothing),
        host_test(in_a_hook_the_stage_says_whether_it_watches),
        host_test(counts_clients),
        host_test(nothing_can_be_deferred_outside_of_a_hook_that_decides),
        host_test(refuses_work_and_timers_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
