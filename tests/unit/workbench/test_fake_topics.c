#include "workbench.h"

static struct fake_instance *instance;
static struct sl_instance *self;
static struct sl_client *client;
static const struct sl_host *host;

static int begin(void **state)
{
    (void)state;
    fake_begin(NULL, false);
    instance = instance_with((struct sl_plugin){.flags = 0});
    self = fake_instance_seen(instance);
    host = self->host;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(notes_what_is_sent, forget),
        cmocka_unit_test_setup(text_has_to_be_utf8_and_topics_need_names, forget),
        cmocka_unit_test_setup(counts_subscribers_and_clients, forget),
        cmocka_unit_test_setup(nothing_goes_to_a_client_that_is_closed, forget),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
