#include "host/host_publish.h"
#include "host/calling.h"
#include "current_loop.h"
#include "pipeline/chain_events.h"
#include "pipeline/hook.h"

static unsigned asked;
static enum sl_verdict verdict;
static const struct sl_client *origin_expected;
static struct client client; /* whoever is looked for */

/* As if the plugin had the hook, and the second of its instances were asked in earnest. */
static enum sl_verdict on_publish(struct sl_instance *self, struct sl_client *origin,
                                  const char *topic, size_t len, const struct sl_message *message)
{
    assert_ptr_equal(self, &calling.shadow->seen);
    assert_ptr_equal(origin, origin_expected);
    assert_memory_equal(topic, "news", len);
    assert_string_equal(sl_option_string(&calling.instance->seen, "tag").data, "blue");
    self->host->message_replace(message, SL_TEXT, "", 0);
    asked++;
    return verdict;
}

static int set_up(void **state)
{
    start_calling(state);
    asked = 0;
    origin_expected = NULL;
    verdict = SL_CONTINUE;
    struct endpoint *endpoint = hub_find_endpoint(calling.hub, "/ws");
    struct chain *chain = endpoint->setup->chain;
    chain->stages[1].is_shadow = false;
    chain->has_on_publish = true;
    calling.instance->plugin->table.on_publish = on_publish;
    atomic_store(&endpoint->has_on_publish, true);
    return 0;
}

static int publish(const char *path, const char *text)
{
    const struct sl_string topic = {"news", 4}, payload = {text, strlen(text)};
    return host_publish_asking(calling.instance, hub_find_endpoint(calling.hub, path), topic,
                               SL_TEXT, payload);
}

static void others_of_the_endpoint_are_asked(void **state)
{
    (void)state;
    assert_int_equal(publish("/ws", "hello"), 0);
    assert_int_equal(asked, 1);
    assert_int_equal(calling.hub->setups_held, 0);
    assert_null(hook_instance());
    assert_int_equal(publish("/other", "hello"), 0);
    assert_int_equal(asked, 1);
}

static void what_is_refused_goes_nowhere(void **state)
{
    (void)state;
    verdict = SL_DENY;
    assert_int_equal(publish("/ws", "hello"), SL_REFUSED);
    assert_int_equal(bytes_under_way(), 0);
    assert_int_equal(calling.hub->setups_held, 0);
}

static void nobody_is_asked_where_no_plugin_has_the_hook(void **state)
{
    (void)state;
    atomic_store(&hub_find_endpoint(calling.hub, "/ws")->has_on_publish, false);
    assert_int_equal(publish("/ws", "hello"), 0);
    assert_int_equal(asked, 0);
}

static struct sl_client *find_client(struct pipeline_loop *loop, uint64_t id)
{
    (void)loop;
    assert_int_equal(id, client.seen.id);
    return &client.seen;
}

static void a_client_that_a_reload_takes_from_instances_is_no_origin(void **state)
{
    static const struct pipeline_calls calls = {.find = find_client};
    struct endpoint *endpoint = hub_find_endpoint(calling.hub, "/ws");
    struct pipeline *pipeline = &calling.hub->set.pipeline;
    const struct pipeline_calls *before = pipeline->calls;
    const struct chain *chain = endpoint->setup->chain;
    struct audience audience = {.fanout = &endpoint->fanout};
    (void)state;
    client = (struct client){.seen = {.id = 1, .chain = chain, .is_open = true},
                             .receiver.audience = &audience};
    pipeline->calls = &calls;
    current_loop = &calling.hub->set.shards[0].loop;
    endpoint->loop_setups[0] = endpoint->setup; /* As if the loop ran. */
    hook_begin(calling.instance, &chain->stages[0], client.seen.id, "on_close");
    origin_expected = &client.seen;
    assert_int_equal(publish("/ws", "hello"), 0);
    client.seen.is_leaving = true;
    origin_expected = NULL;
    assert_int_equal(publish("/ws", "hello"), 0);
    assert_int_equal(asked, 2);
    hook_end();
    endpoint->loop_setups[0] = NULL;
    current_loop = NULL;
    pipeline->calls = before;
}

/* -- events -- */

static unsigned heard;
static bool is_nested;

static void on_event(struct sl_instance *self, struct sl_client *about,
                     const struct sl_event *event)
{
    assert_ptr_equal(self, &calling.shadow->seen);
    assert_ptr_equal(about, origin_expected);
    assert_string_equal(event->name.data, "joined");
    assert_string_equal(event->emitter, "probe#1");
    assert_non_null(event->payload.data);
    if (is_nested) /* Another instance's, too: one event costs one call each. */
        assert_int_equal(host_event_emit(self, NULL, event->name, event->payload), -1);
    heard++;
}

/* The second instance listens, and the first one emits. */
static int set_up_events(void **state)
{
    char text[EVENT_NAME_TEXT_MAX];
    set_up(state);
    heard = 0;
    is_nested = false;
    calling.instance->plugin->table.on_event = on_event;
    assert_int_equal(instance_event_listen(calling.shadow, sl_string_of("joined"), text), OK);
    atomic_store(&hub_find_endpoint(calling.hub, "/ws")->has_listeners, true);
    return 0;
}

static int emit(struct sl_client *about, const char *name, const char *payload, size_t len)
{
    return host_event_emit(&calling.instance->seen, about, sl_string_of(name),
                           (struct sl_string){payload, len});
}

static void events_are_heard_by_others_of_the_pipeline(void **state)
{
    (void)state;
    is_nested = true;
    assert_int_equal(emit(NULL, "joined", NULL, 0), 0);
    assert_int_equal(emit(NULL, "joined", "ada", 3), 0);
    assert_int_equal(emit(NULL, "left", "ada", 3), 0);
    assert_int_equal(heard, 2);
    assert_int_equal(instance_events_heard(calling.shadow), 2);
    assert_int_equal(calling.hub->setups_held, 0);
    assert_null(hook_instance());
}

static void names_and_payloads_of_events_have_bounds(void **state)
{
    static char large[SL_EVENT_PAYLOAD_MAX + 1];
    (void)state;
    assert_int_equal(emit(NULL, "joined", large, sizeof large - 1), 0);
    assert_int_equal(emit(NULL, "joined", large, sizeof large), -1);
    assert_int_equal(emit(NULL, "", "ada", 3), -1);
    assert_int_equal(emit(NULL, "\xff", "ada", 3), -1);
    assert_int_equal(heard, 1);
}

static void where_nobody_listens_an_event_is_not_looked_at(void **state)
{
    (void)state;
    atomic_store(&hub_find_endpoint(calling.hub, "/ws")->has_listeners, false);
    assert_int_equal(emit(NULL, "joined", "ada", 3), 0);
    assert_int_equal(heard, 0);
}

static void who_only_watches_is_heard_by_those_who_watch(void **state)
{
    struct stage *stages = hub_find_endpoint(calling.hub, "/ws")->setup->chain->stages;
    (void)state;
    instance_set_mode(calling.instance, true);
    assert_int_equal(emit(NULL, "joined", "ada", 3), 0);
    assert_int_equal(heard, 0); /* It is asked in earnest. */
    stages[1].is_shadow = true;
    assert_int_equal(emit(NULL, "joined", "ada", 3), 0);
    assert_int_equal(heard, 1);
    instance_set_mode(calling.instance, false);
    assert_int_equal(emit(NULL, "joined", "ada", 3), 0);
    assert_int_equal(heard, 2);
    stages[1].is_shadow = false;
    const struct stage watching = {.instance = calling.shadow, .is_shadow = true};
    hook_begin(calling.shadow, &watching, 0, "on_message"); /* Which calls a service. */
    assert_int_equal(emit(NULL, "joined", "ada", 3), 0);
    assert_int_equal(heard, 2);
    hook_end();
}

static void clients_that_are_not_open_are_not_told_of(void **state)
{
    struct endpoint *endpoint = hub_find_endpoint(calling.hub, "/ws");
    const struct chain *chain = endpoint->setup->chain;
    (void)state;
    client = (struct client){.seen = {.id = 1, .chain = chain, .is_open = true}};
    assert_int_equal(emit(&client.seen, "joined", "ada", 3), 0); /* No loop's thread. */
    current_loop = &calling.hub->set.shards[0].loop;
    endpoint->loop_setups[0] = endpoint->setup; /* As if the loop ran. */
    origin_expected = &client.seen;
    assert_int_equal(emit(&client.seen, "joined", "ada", 3), 0);
    origin_expected = NULL;
    client.seen.is_leaving = true;
    assert_int_equal(emit(&client.seen, "joined", "ada", 3), 0);
    client.seen.is_leaving = client.seen.is_open = false;
    assert_int_equal(emit(&client.seen, "joined", "ada", 3), 0);
    assert_int_equal(heard, 4);
    assert_int_equal(instance_events_heard(calling.shadow), 4);
    endpoint->loop_setups[0] = NULL;
    assert_int_equal(emit(NULL, "joined", "ada", 3), 0); /* The endpoint is gone. */
    assert_int_equal(heard, 4);
    current_loop = NULL;
}

#define event_test(test) cmocka_unit_test_setup_teardown(test, set_up_events, stop_calling)
#define publish_test(test) cmocka_unit_test_setup_teardown(test, set_up, stop_calling)

int main(void)
{
    const struct CMUnitTest tests[] = {
        publish_test(others_of_the_endpoint_are_asked),
        publish_test(what_is_refused_goes_nowhere),
        publish_test(a_client_that_a_reload_takes_from_instances_is_no_origin),
        publish_test(nobody_is_asked_where_no_plugin_has_the_hook),
        event_test(events_are_heard_by_others_of_the_pipeline),
        event_test(names_and_payloads_of_events_have_bounds),
        event_test(where_nobody_listens_an_event_is_not_looked_at),
        event_test(who_only_watches_is_heard_by_those_who_watch),
        event_test(clients_that_are_not_open_are_not_told_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
