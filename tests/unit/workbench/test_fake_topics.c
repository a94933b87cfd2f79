#include "one_instance.h"

static struct sl_client *client;

static int begin(void **state)
{
    (void)state;
    begin_with_instance((struct sl_plugin){.flags = 0});
    client = fake_client_create(NULL);
    fake_client_identify(client, "ada");
    fake_open(instance, client);
    return 0;
}

static int end(void **state)
{
    (void)state;
    fake_client_destroy(client);
    fake_instance_destroy(instance);
    fake_forget();
    return 0;
}

static int forget(void **state)
{
    (void)state;
    fake_forget();
    return 0;
}

static void assert_last(enum fake_event_kind kind, const char *target, const char *data)
{
    const struct fake_event *event = fake_event_last(kind);
    assert_non_null(event);
    assert_string_equal(event->target, target);
    assert_string_equal(event->data, data);
    assert_int_equal(event->type, SL_TEXT);
}

static void notes_what_is_sent(void **state)
{
    (void)state;
    assert_int_equal(host->client_send(client, SL_TEXT, "hi", 2), 0);
    assert_last(FAKE_SENT, "", "hi");
    assert_int_equal(fake_event_last(FAKE_SENT)->client_id, fake_client_number(client));
    assert_int_equal(host->send(self, 77, SL_TEXT, "you", 3), 0);
    assert_int_equal(fake_event_last(FAKE_SENT)->client_id, 77);
    assert_int_equal(host->client_send_control(client, SL_TEXT, "now", 3), 0);
    assert_last(FAKE_SENT, "", "now");
    assert_int_equal(host->send_control(self, 78, SL_TEXT, "you", 3), 0);
    assert_int_equal(fake_event_last(FAKE_SENT)->client_id, 78);
    assert_int_equal(host->broadcast(self, NULL, SL_TEXT, "all", 3), 0);
    assert_last(FAKE_BROADCAST, "/ws", "all");
    assert_int_equal(host->broadcast(self, "/other", SL_TEXT, "all", 3), 0);
    assert_last(FAKE_BROADCAST, "/other", "all");
    assert_int_equal(host->publish(self, NULL, "news", 4, SL_TEXT, "new", 3), 0);
    assert_last(FAKE_PUBLISHED, "news", "new");
    assert_int_equal(host->send_to_identity(self, NULL, "ada", 3, SL_TEXT, "her", 3), 0);
    assert_last(FAKE_ADDRESSED, "ada", "her");
}

static void text_has_to_be_utf8_and_topics_need_names(void **state)
{
    (void)state;
    assert_int_not_equal(host->client_send(client, SL_TEXT, "\xff", 1), 0);
    assert_int_equal(host->client_send(client, SL_BINARY, "\xff", 1), 0);
    assert_int_not_equal(host->client_send(client, (enum sl_message_type)3, "a", 1), 0);
    assert_int_not_equal(host->client_send_control(client, SL_TEXT, "\xff", 1), 0);
    assert_int_not_equal(host->send(self, 1, SL_TEXT, "\xff", 1), 0);
    assert_int_not_equal(host->broadcast(self, NULL, SL_TEXT, "\xff", 1), 0);
    assert_int_not_equal(host->publish(self, NULL, "", 0, SL_TEXT, "a", 1), 0);
    assert_int_not_equal(host->publish(self, NULL, "a", 1, SL_TEXT, "\xff", 1), 0);
    assert_int_not_equal(host->send_to_identity(self, NULL, "", 0, SL_TEXT, "a", 1), 0);
    assert_int_equal(fake_event_count(FAKE_SENT), 1);
    assert_int_equal(fake_event_count(FAKE_PUBLISHED), 0);
}

static void counts_subscribers_and_clients(void **state)
{
    (void)state;
    struct sl_client *other = fake_client_create(NULL);
    assert_int_not_equal(host->subscribe(other, "news", 4), 0); /* It is not open. */
    assert_int_equal(host->client_count(self, NULL), 1);
    fake_open(instance, other);
    assert_int_equal(host->client_count(self, NULL), 2);
    assert_int_equal(host->subscribe(client, "news", 4), 0);
    assert_int_equal(host->subscribe(client, "news", 4), 0);
    assert_int_equal(host->subscribe(other, "new", 3), 0);
    assert_int_not_equal(host->subscribe(other, "", 0), 0);
    assert_int_equal(host->topic_count(self, NULL, "news", 4), 1);
    host->unsubscribe(client, "new", 3);
    assert_int_equal(host->topic_count(self, NULL, "news", 4), 1);
    host->unsubscribe(client, "news", 4);
    assert_int_equal(host->topic_count(self, NULL, "news", 4), 0);
    assert_int_equal(host->topic_count(self, NULL, "new", 3), 1);
    assert_int_equal(host->identity_count(self, NULL, "ada", 3), 1);
    assert_int_equal(host->identity_count(self, NULL, "ad", 2), 0);
    fake_client_destroy(other);
    assert_int_equal(host->topic_count(self, NULL, "new", 3), 0);
}

static void clients_of_other_endpoints_do_not_count(void **state)
{
    (void)state;
    struct fake_instance *beside =
        fake_instance_create(plugin_with((struct sl_plugin){.flags = 0}), NULL, "/beside");
    assert_non_null(beside);
    struct sl_client *other = fake_client_create(NULL);
    fake_client_identify(other, "ada");
    fake_open(beside, other);
    assert_int_equal(host->subscribe(client, "news", 4), 0);
    assert_int_equal(host->subscribe(other, "news", 4), 0);
    static const char *const paths[] = {NULL, "/ws", "/beside"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(host->client_count(self, paths[i]), 1);
        assert_int_equal(host->topic_count(self, paths[i], "news", 4), 1);
        assert_int_equal(host->identity_count(self, paths[i], "ada", 3), 1);
    }
    assert_int_equal(host->client_count(self, "*"), 2);
    assert_int_equal(host->topic_count(self, "*", "news", 4), -1);
    assert_int_equal(host->client_count(self, "/nowhere"), -1);
    assert_int_equal(host->topic_count(self, "/nowhere", "news", 4), -1);
    assert_int_equal(host->identity_count(self, "/nowhere", "ada", 3), -1);
    fake_client_destroy(other);
    assert_int_equal(host->client_count(self, "/beside"), 0);
    fake_instance_destroy(beside);
    assert_int_equal(host->client_count(self, "/beside"), -1);
    assert_int_equal(host->client_count(self, "*"), 1);
    host->unsubscribe(client, "news", 4);
}

static void nothing_goes_to_a_client_that_is_closed(void **state)
{
    (void)state;
    struct sl_client *other = fake_client_create(NULL);
    assert_int_not_equal(host->client_send(other, SL_TEXT, "a", 1), 0);
    fake_open(instance, other);
    assert_int_equal(host->client_send(other, SL_TEXT, "a", 1), 0);
    fake_close(instance, other, 1000, true);
    assert_int_not_equal(host->client_send(other, SL_TEXT, "a", 1), 0);
    fake_client_destroy(other);
}

static void names_a_clients_topics(void **state)
{
    struct sl_string topic;
    uint64_t cursor = 0;
    (void)state;
    assert_int_equal(host->subscribe(client, "first", 5), 0);
    assert_int_equal(host->subscribe(client, "second", 6), 0);
    assert_true(host->client_topics(client, &cursor, &topic));
    assert_string_equal(topic.data, "second");
    host->unsubscribe(client, "second", 6);
    assert_true(host->client_topics(client, &cursor, &topic));
    assert_string_equal(topic.data, "first");
    assert_false(host->client_topics(client, &cursor, &topic));
    host->unsubscribe(client, "first", 5);
}

/* -- other plugins' topics -- */

static enum sl_verdict on_subscribe(struct sl_instance *by, struct sl_client *asked,
                                    const char *topic, size_t len)
{
    (void)by;
    (void)asked;
    return len == 2 && memcmp(topic, "no", 2) == 0 ? SL_DENY : SL_CONTINUE;
}

static enum sl_verdict on_publish(struct sl_instance *by, struct sl_client *origin,
                                  const char *topic, size_t len, const struct sl_message *message)
{
    (void)topic;
    (void)len;
    if (message->len == 0 || origin == NULL)
        return SL_DENY;
    return by->host->message_topic(message, "x", 1) == -1 &&
                   by->host->message_replace(message, SL_TEXT, "new", 3) == 0
               ? SL_CONTINUE
               : SL_ERROR;
}

static void asks_about_subscriptions_and_publications(void **state)
{
    struct fake_result result;
    (void)state;
    struct fake_instance *asked =
        instance_with((struct sl_plugin){.on_subscribe = on_subscribe, .on_publish = on_publish});
    struct sl_client *other = fake_client_create(NULL);
    fake_open(asked, other);
    assert_int_equal(fake_subscribe(other, "yes"), SL_CONTINUE);
    assert_int_equal(fake_subscribe(other, "no"), SL_DENY);
    assert_int_equal(fake_subscribe(other, ""), SL_ERROR);
    assert_true(fake_has_topic_hooks(asked) && !fake_has_topic_hooks(instance));
    assert_true(fake_is_subscribed(other, "yes") && !fake_is_subscribed(other, "no"));
    assert_int_equal(fake_publish(asked, NULL, "yes", SL_TEXT, "a", 1, NULL), SL_DENY);
    assert_int_equal(fake_publish(asked, other, "", SL_TEXT, "a", 1, NULL), SL_ERROR);
    assert_int_equal(fake_publish(asked, other, "yes", SL_TEXT, "\xff", 1, NULL), SL_ERROR);
    assert_int_equal(fake_publish(asked, other, "yes", SL_TEXT, "", 0, NULL), SL_DENY);
    assert_int_equal(fake_publish(asked, other, "yes", SL_TEXT, "old", 3, &result), SL_CONTINUE);
    assert_string_equal(result.data, "new");
    fake_result_release(&result);
    fake_client_destroy(other);
    fake_instance_destroy(asked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(notes_what_is_sent, forget),
        cmocka_unit_test_setup(text_has_to_be_utf8_and_topics_need_names, forget),
        cmocka_unit_test_setup(counts_subscribers_and_clients, forget),
        cmocka_unit_test_setup(clients_of_other_endpoints_do_not_count, forget),
        cmocka_unit_test_setup(names_a_clients_topics, forget),
        cmocka_unit_test_setup(asks_about_subscriptions_and_publications, forget),
        cmocka_unit_test_setup(nothing_goes_to_a_client_that_is_closed, forget),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
