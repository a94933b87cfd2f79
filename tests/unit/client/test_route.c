/* core/client/route.c: what the on_publish hooks are asked, and what becomes of the message. */
#include "client/remotes.h"

#include "delivery/topic.h"

static enum sl_verdict verdict;
static bool replaces, ends;
static struct remote sender, reader;

static enum sl_verdict on_publish(struct sl_instance *self, struct sl_client *origin,
                                  const char *topic, size_t len, const struct sl_message *message)
{
    (void)self;
    assert_ptr_equal(origin, &sender.client->seen);
    assert_memory_equal(topic, "news", len);
    note("asked");
    if (replaces)
        assert_int_equal(message_replace((struct message *)(uintptr_t)message, SL_TEXT, "other", 5),
                         OK);
    if (ends)
        client_abort(sender.client);
    return verdict;
}

static void set_topic(struct sl_client *client, struct message *message)
{
    (void)client;
    assert_int_equal(message_set_topic(message, "news", 4), OK);
}

static int set_up(void **state)
{
    clients_set_up_one(state);
    sender = remote_join(0);
    reader = remote_join(0);
    struct chain *chain = (struct chain *)(uintptr_t)sender.client->seen.chain;
    chain->stages[0].instance->plugin->table.on_publish = on_publish;
    chain->has_on_publish = true;
    assert_int_equal(topic_subscribe(&reader.client->receiver, "news", 4), OK);
    script.in_message = set_topic;
    verdict = SL_CONTINUE;
    replaces = ends = false;
    return 0;
}

static int tear_down(void **state)
{
    close(sender.socket);
    close(reader.socket);
    return clients_tear_down(state);
}

static uint64_t drops(void)
{
    return counter_read(&clients.shards[0].delivery.stats.drops[DROP_PLUGIN]);
}

static void what_is_sent_to_a_topic_is_asked_about(void **state)
{
    (void)state;
    replaces = true;
    remote_send_text(&sender, "one");
    clients_settle();
    expect_notes("one asked");
    remote_expect_text(&reader, "other");
    assert_int_equal(drops(), 0);
}

static void what_is_refused_is_counted_and_goes_nowhere(void **state)
{
    (void)state;
    verdict = SL_DENY;
    remote_send_text(&sender, "one");
    clients_settle();
    remote_expect_nothing(&reader);
    assert_int_equal(drops(), 1);
}

static void what_goes_to_all_is_not_asked_about(void **state)
{
    (void)state;
    verdict = SL_DENY;
    script.in_message = NULL;
    remote_send_text(&sender, "one");
    clients_settle();
    expect_notes("one");
    remote_expect_text(&reader, "one");
}

static void a_hook_may_end_the_sender(void **state)
{
    (void)state;
    ends = true;
    remote_send_text(&sender, "one");
    clients_settle();
    remote_expect_nothing(&reader);
    assert_int_equal(drops(), 0);
}

#define route_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        route_test(what_is_sent_to_a_topic_is_asked_about),
        route_test(what_is_refused_is_counted_and_goes_nowhere),
        route_test(what_goes_to_all_is_not_asked_about),
        route_test(a_hook_may_end_the_sender),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
