#include "host/host_topic.h"
#include "host/calling.h"
#include "pipeline/hook.h"
#include "pipeline/message.h"

static void publishes_to_topics_and_identities(void **state)
{
    const struct sl_instance *self = &calling.instance->seen;
    (void)state;
    assert_int_equal(host_publish(self, NULL, "news", 4, SL_TEXT, "hello", 5), 0);
    assert_int_equal(host_publish(self, "/other", "news", 4, SL_BINARY, "\xff", 1), 0);
    assert_int_equal(host_send_to_identity(self, NULL, "ada", 3, SL_TEXT, "hello", 5), 0);
}

static void refuses_names_texts_and_endpoints_that_are_none(void **state)
{
    const struct sl_instance *self = &calling.instance->seen;
    (void)state;
    assert_int_equal(host_publish(self, NULL, "", 0, SL_TEXT, "hello", 5), -1);
    assert_int_equal(host_publish(self, NULL, "\xff", 1, SL_TEXT, "hello", 5), -1);
    assert_int_equal(host_publish(self, NULL, "news", 4, SL_TEXT, "\xff", 1), -1);
    assert_int_equal(host_publish(self, "/nowhere", "news", 4, SL_TEXT, "hello", 5), -1);
    assert_int_equal(host_send_to_identity(self, NULL, "", 0, SL_TEXT, "hello", 5), -1);
}

static void an_instance_in_shadow_mode_publishes_nothing(void **state)
{
    const struct sl_instance *shadow = &calling.shadow->seen;
    (void)state;
    assert_int_equal(host_publish(shadow, NULL, "news", 4, SL_TEXT, "hello", 5), 0);
    assert_int_equal(host_publish(shadow, NULL, "", 0, SL_TEXT, "hello", 5), -1);
    assert_int_equal(bytes_under_way(), 0);
}

static void a_shadow_hook_subscribes_nobody(void **state)
{
    struct client client = {.input_held = 0};
    (void)state;
    hook_begin(calling.shadow, NULL, 0, "on_open");
    assert_int_equal(host_subscribe(&client.seen, "news", 4), 0);
    assert_int_equal(host_subscribe(&client.seen, "", 0), -1);
    host_unsubscribe(&client.seen, "news", 4);
    hook_end();
    assert_null(client.receiver.subscriptions);
}

static void who_is_taken_from_instances_by_a_reload_is_subscribed_to_nothing(void **state)
{
    struct client client = {.seen = {.is_open = true, .is_leaving = true}};
    (void)state;
    hook_begin(calling.instance, NULL, 0, "on_close");
    assert_int_equal(host_subscribe(&client.seen, "news", 4), -1);
    hook_end();
    assert_null(client.receiver.subscriptions);
}

static void counts_subscribers(void **state)
{
    const struct sl_instance *self = &calling.instance->seen;
    (void)state;
    assert_int_equal(host_topic_count(self, NULL, "news", 4), 0);
    assert_int_equal(host_topic_count(self, "/nowhere", "news", 4), -1);
    assert_int_equal(host_identity_count(self, NULL, "ada", 3), 0);
    assert_int_equal(host_identity_count(self, "/nowhere", "ada", 3), -1);
}

static void sends_a_message_to_a_topic(void **state)
{
    struct message message;
    (void)state;
    message_init(&message, 16, OPCODE_TEXT, (const uint8_t *)"hello", 5);
    assert_int_equal(host_message_topic(&message.seen, "news", 4), 0);
    assert_string_equal(message.topic, "news");
    assert_int_equal(host_message_topic(&message.seen, "\xff", 1), -1);
    assert_string_equal(message.topic, "news");
    assert_int_equal(host_message_topic(&message.seen, "", 0), 0); /* To all again. */
    assert_null(message.topic);
    message_deinit(&message);
}

#define topic_test(test) cmocka_unit_test_setup_teardown(test, start_calling, stop_calling)

int main(void)
{
    const struct CMUnitTest tests[] = {
        topic_test(publishes_to_topics_and_identities),
        topic_test(refuses_names_texts_and_endpoints_that_are_none),
        topic_test(an_instance_in_shadow_mode_publishes_nothing),
        topic_test(a_shadow_hook_subscribes_nobody),
        topic_test(who_is_taken_from_instances_by_a_reload_is_subscribed_to_nothing),
        topic_test(counts_subscribers),
        topic_test(sends_a_message_to_a_topic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
