/* core/client/client_filter.c: clients with and without what is asked for. */
#include "client/client_filter.h"

#include "client/remotes.h"
#include "delivery/topic.h"

static struct remote remote;

static int let_one_in(void **state)
{
    static const uint8_t address[16] = {[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 7};
    clients_set_up_one(state);
    remote = remote_join(0);
    memcpy(remote.client->address.bytes, address, sizeof address);
    return 0;
}

static int let_it_go(void **state)
{
    close(remote.socket);
    return clients_tear_down(state);
}

static bool is_meant(struct client_filter filter)
{
    return client_filter_matches(&filter, remote.client);
}

static struct client_filter from(const char *prefix)
{
    char error[160];
    struct client_filter filter = {.has_address = true};
    assert_null(sl_prefix_parse(prefix, strlen(prefix), &filter.address, error));
    return filter;
}

static void nothing_given_means_everybody(void **state)
{
    struct client_filter filter = {.topic = ""};
    (void)state;
    assert_true(client_filter_is_empty(&filter));
    assert_true(is_meant(filter));
}

static void whatever_is_given_is_not_nothing(void **state)
{
    const struct client_filter filters[] = {{.endpoint = clients.endpoint},
                                            {.has_address = true},
                                            {.identity = "ann"},
                                            {.topic = "news"}};
    (void)state;
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
        assert_false(client_filter_is_empty(&filters[i]));
}

static void an_identity_is_compared_whole(void **state)
{
    (void)state;
    assert_false(is_meant((struct client_filter){.identity = "ann"}));
    assert_int_equal(sl_client_identify(&remote.client->seen, "ann", 3), OK);
    assert_true(is_meant((struct client_filter){.identity = "ann"}));
    assert_false(is_meant((struct client_filter){.identity = "an"}));
    assert_false(is_meant((struct client_filter){.identity = "anna"}));
    assert_false(is_meant((struct client_filter){.identity = "Ann"}));
}

static void an_address_is_that_or_within_the_prefix(void **state)
{
    (void)state;
    assert_true(is_meant(from("192.0.2.7")));
    assert_true(is_meant(from("192.0.2.0/24")));
    assert_true(is_meant(from("0.0.0.0/0")));
    assert_true(is_meant(from("::/0")));
    assert_false(is_meant(from("192.0.2.8")));
    assert_false(is_meant(from("192.0.2.8/29")));
    assert_false(is_meant(from("2001:db8::/32")));
}

static void a_topic_is_one_that_it_is_subscribed_to(void **state)
{
    (void)state;
    assert_false(is_meant((struct client_filter){.topic = "news"}));
    assert_int_equal(topic_subscribe(&remote.client->receiver, "news", 4), OK);
    assert_true(is_meant((struct client_filter){.topic = "news"}));
    assert_false(is_meant((struct client_filter){.topic = "new"}));
    topic_unsubscribe(&remote.client->receiver, "news", 4);
    assert_false(is_meant((struct client_filter){.topic = "news"}));
}

/* The clients of an identity are a set under its name too, but no topic of that name. */
static void an_identity_is_no_topic(void **state)
{
    (void)state;
    assert_int_equal(topic_join_identity(&remote.client->receiver, "ann"), OK);
    assert_false(is_meant((struct client_filter){.topic = "ann"}));
}

static void all_that_is_given_must_be_true(void **state)
{
    struct client_filter filter = from("192.0.2.7");
    struct endpoint *other = (struct endpoint *)(uintptr_t)&filter;
    (void)state;
    assert_int_equal(sl_client_identify(&remote.client->seen, "ann", 3), OK);
    filter.endpoint = clients.endpoint;
    strcpy(filter.identity, "ann");
    assert_true(is_meant(filter));
    strcpy(filter.identity, "bob");
    assert_false(is_meant(filter));
    strcpy(filter.identity, "ann");
    filter.endpoint = other;
    assert_false(is_meant(filter));
}

#define filter_test(name) cmocka_unit_test_setup_teardown(name, let_one_in, let_it_go)

int main(void)
{
    const struct CMUnitTest tests[] = {
        filter_test(nothing_given_means_everybody),
        filter_test(whatever_is_given_is_not_nothing),
        filter_test(an_identity_is_compared_whole),
        filter_test(an_address_is_that_or_within_the_prefix),
        filter_test(a_topic_is_one_that_it_is_subscribed_to),
        filter_test(an_identity_is_no_topic),
        filter_test(all_that_is_given_must_be_true),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
