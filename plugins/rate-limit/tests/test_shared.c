/*
 * Buckets that clients share: by address, by identity, for upgrades, and when there are too many.
 */
#include "tests.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static unsigned pass_from(struct fake_instance *instance, const char *address, unsigned count)
{
    struct sl_client *client = open_client(instance, address);
    unsigned passed = pass_at_once(instance, client, count);
    fake_close(instance, client, 1000, true);
    fake_client_destroy(client);
    return passed;
}

static void clients_at_one_address_share_if_told_to(void **state)
{
    (void)state;
    struct fake_instance *instance = instance_with("{messages: 10/s, burst: 5, per: address}");
    assert_int_equal(pass_from(instance, "192.0.2.1", 3), 3);
    assert_int_equal(pass_from(instance, "192.0.2.1", 3), 2);
    assert_int_equal(pass_from(instance, "192.0.2.2", 9), 5);
    fake_advance(100 * MILLISECOND);
    assert_int_equal(pass_from(instance, "192.0.2.1", 3), 1);
    fake_instance_destroy(instance);
}

static void ipv6_addresses_of_one_64_share(void **state)
{
    (void)state;
    struct fake_instance *instance = instance_with("{messages: 10/s, burst: 5, per: address}");
    assert_int_equal(pass_from(instance, "2001:db8:0:1::1", 3), 3);
    assert_int_equal(pass_from(instance, "2001:db8:0:1:ffff:ffff:ffff:ffff", 9), 2);
    assert_int_equal(pass_from(instance, "2001:db8:0:2::1", 9), 5);
    assert_int_equal(pass_from(instance, "::ffff:192.0.2.1", 9), 5);
    assert_int_equal(pass_from(instance, "192.0.2.1", 9), 0);
    assert_int_equal(pass_from(instance, "192.0.2.2", 9), 5);
    fake_instance_destroy(instance);
}

static struct sl_client *open_identified(struct fake_instance *instance, const char *address,
                                         const char *identity)
{
    struct sl_client *client = fake_client_at(address);
    assert_int_equal(fake_connect(instance, client, NULL), SL_CONTINUE);
    /* By a plugin that comes later in the chain. */
    fake_client_identify(client, identity);
    fake_open(instance, client);
    return client;
}

static void an_identity_shares_over_addresses(void **state)
{
    (void)state;
    struct fake_instance *instance = instance_with("{messages: 10/s, burst: 5, per: identity}");
    struct sl_client *home = open_identified(instance, "192.0.2.1", "alice");
    struct sl_client *phone = open_identified(instance, "198.51.100.7", "alice");
    struct sl_client *other = open_identified(instance, "192.0.2.1", "bob");
    assert_int_equal(pass_at_once(instance, home, 4), 4);
    assert_int_equal(pass_at_once(instance, phone, 4), 1);
    assert_int_equal(pass_at_once(instance, other, 9), 5);
    fake_client_destroy(home);
    fake_client_destroy(phone);
    fake_client_destroy(other);
    fake_instance_destroy(instance);
}

static void who_has_no_identity_is_limited_by_address(void **state)
{
    (void)state;
    struct fake_instance *instance = instance_with("{messages: 10/s, burst: 5, per: identity}");
    assert_int_equal(pass_from(instance, "192.0.2.1", 3), 3);
    assert_int_equal(pass_from(instance, "192.0.2.1", 9), 2);
    /* Calling oneself like an address does not use up that address's allowance. */
    struct sl_client *named = open_identified(instance, "198.51.100.7", "192.0.2.3");
    assert_int_equal(pass_at_once(instance, named, 9), 5);
    assert_int_equal(pass_from(instance, "192.0.2.3", 9), 5);
    fake_client_destroy(named);
    fake_instance_destroy(instance);
}

/* Returns the status of the refusal, which says to come back in `retry` seconds; or 0. */
static int try_upgrade(struct fake_instance *instance, const char *address, const char *retry)
{
    struct fake_result result;
    struct sl_client *client = fake_client_at(address);
    enum sl_verdict verdict = fake_connect(instance, client, &result);
    assert_int_equal(verdict == SL_DENY, result.code != 0);
    if (retry != NULL)
        assert_true(fake_result_has_header(&result, "Retry-After", retry));
    fake_client_destroy(client);
    return result.code;
}

static void refuses_upgrades_with_429_and_when_to_come_back(void **state)
{
    (void)state;
    struct fake_instance *instance = instance_with("{connections: 6/m, connections_burst: 2}");
    assert_int_equal(try_upgrade(instance, "192.0.2.1", NULL), 0);
    assert_int_equal(try_upgrade(instance, "192.0.2.1", NULL), 0);
    assert_int_equal(try_upgrade(instance, "192.0.2.1", "10"), 429);
    assert_int_equal(try_upgrade(instance, "192.0.2.2", NULL), 0);
    fake_advance(9 * SECOND + 1);
    assert_int_equal(try_upgrade(instance, "192.0.2.1", "1"), 429);
    fake_advance(SECOND - 1);
    assert_int_equal(try_upgrade(instance, "192.0.2.1", NULL), 0);
    fake_instance_destroy(instance);
}

static void limiting_upgrades_leaves_messages_alone(void **state)
{
    (void)state;
    struct fake_instance *instance = instance_with("{connections: 1/m}");
    struct sl_client *client = open_client(instance, "192.0.2.1");
    assert_int_equal(pass_at_once(instance, client, 1000), 1000);
    fake_client_destroy(client);
    fake_instance_destroy(instance);
}

static void numbered_address(char *address, size_t size, unsigned number)
{
    snprintf(address, size, "10.%u.%u.%u", number >> 16 & 255, number >> 8 & 255, number & 255);
}

static void a_million_addresses_use_no_more_memory_and_get_no_more_through(void **state)
{
    (void)state;
    struct fake_instance *instance =
        instance_with("{messages: 1/s, burst: 2, per: address, max_keys: 4096}");
    struct sl_client *client = fake_client_at("192.0.2.1");
    size_t bytes = fake_live_bytes();
    unsigned long allocations = fake_allocations(), passed = 0;
    assert_true(bytes < 1024 * 1024);
    for (unsigned i = 0; i < 1000000; i++) {
        char address[32];
        numbered_address(address, sizeof address, i);
        fake_client_move(client, address);
        fake_open(instance, client);
        passed += passes(instance, client, 1);
    }
    assert_int_equal(fake_live_bytes(), bytes);
    assert_int_equal(fake_allocations(), allocations);
    assert_true(passed >= 4000 && passed <= 4096 + 16 * 2);
    assert_int_equal(fake_event_count(FAKE_LOGGED), 1);
    fake_client_destroy(client);
    fake_instance_destroy(instance);
}

static void says_that_it_is_full_every_ten_seconds(void **state)
{
    (void)state;
    struct fake_instance *instance =
        instance_with("{messages: 1/h, burst: 1, per: address, max_keys: 1}");
    assert_int_equal(pass_from(instance, "192.0.2.1", 1), 1);
    assert_int_equal(fake_event_count(FAKE_LOGGED), 0);
    pass_from(instance, "192.0.2.2", 5);
    assert_int_equal(fake_event_count(FAKE_LOGGED), 1);
    assert_non_null(strstr(fake_log_text(), "max_keys is 1"));
    fake_advance(10 * SECOND - 1);
    pass_from(instance, "192.0.2.3", 5);
    assert_int_equal(fake_event_count(FAKE_LOGGED), 1);
    fake_advance(1);
    pass_from(instance, "192.0.2.4", 5);
    assert_int_equal(fake_event_count(FAKE_LOGGED), 2);
    fake_instance_destroy(instance);
}

static void a_full_table_forgets_full_buckets_first(void **state)
{
    (void)state;
    struct fake_instance *instance =
        instance_with("{messages: 1/s, burst: 10, per: address, max_keys: 50}");
    char address[32];
    assert_int_equal(pass_from(instance, "192.0.2.1", 20), 10); /* in use for ten seconds */
    for (unsigned i = 0; i < 49; i++) {
        numbered_address(address, sizeof address, i);
        assert_int_equal(pass_from(instance, address, 1), 1); /* for one second */
    }
    fake_advance(SECOND);
    for (unsigned i = 100; i < 149; i++) {
        numbered_address(address, sizeof address, i);
        assert_int_equal(pass_from(instance, address, 20), 10);
    }
    assert_int_equal(fake_event_count(FAKE_LOGGED), 0);
    assert_int_equal(pass_from(instance, "192.0.2.1", 20), 1); /* it was not forgotten */
    fake_instance_destroy(instance);
}

static void new_keys_share_one_allowance_while_all_are_in_use(void **state)
{
    (void)state;
    struct fake_instance *instance =
        instance_with("{messages: 1/s, burst: 10, per: address, max_keys: 2}");
    assert_int_equal(pass_from(instance, "192.0.2.1", 20), 10);
    assert_int_equal(pass_from(instance, "192.0.2.2", 20), 10);
    assert_int_equal(pass_from(instance, "192.0.2.3", 6), 6);
    assert_int_equal(pass_from(instance, "192.0.2.4", 6), 4);
    assert_int_equal(pass_from(instance, "192.0.2.5", 6), 0);
    fake_instance_destroy(instance);
}

/* In this host all instances have one name and one endpoint, as the old and the new one have in a
 * reload. */
static void what_is_used_up_outlives_a_change_of_options(void **state)
{
    (void)state;
    struct fake_instance *before = instance_with(
        "{messages: 1/h, burst: 5, per: address, connections: 1/h, connections_burst: 9}");
    assert_int_equal(pass_from(before, "192.0.2.1", 4), 4);
    assert_int_equal(try_upgrade(before, "192.0.2.1", NULL), 0);
    struct fake_instance *after = instance_with(
        "{messages: 1/h, burst: 7, per: address, connections: 1/h, connections_burst: 3}");
    fake_instance_destroy(before);
    assert_int_equal(pass_from(after, "192.0.2.1", 9), 3);
    assert_int_equal(try_upgrade(after, "192.0.2.1", NULL), 429);
    assert_int_equal(pass_from(after, "192.0.2.2", 9), 7);
    fake_instance_destroy(after);
    assert_int_equal(fake_live_allocations(), 0);
}

static void other_keys_or_a_new_start_begin_with_nothing_used(void **state)
{
    static const char *const changes[] = {
        "{messages: 1/h, burst: 5, per: identity}",
        "{messages: 1/h, burst: 5, per: attribute, attribute: tenant}",
        "{messages: 1/h, burst: 5, per: address, ipv4_prefix: 24}",
        "{messages: 1/h, burst: 5, per: address, ipv6_prefix: 48}",
        "{messages: 1/h, burst: 5, per: address, max_keys: 5}",
        "{connections: 1/s, connections_burst: 9, limits: [{messages: 1/h, burst: 5}]}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct fake_instance *before = instance_with("{messages: 1/h, burst: 5, per: address}");
        assert_int_equal(pass_from(before, "192.0.2.1", 9), 5);
        struct fake_instance *after = instance_with(changes[i]);
        assert_int_equal(pass_from(after, "192.0.2.1", 9), 5);
        fake_instance_destroy(after);
        fake_instance_destroy(before);
    }
    assert_int_equal(fake_live_allocations(), 0);
}

struct worker {
    pthread_t thread;
    struct fake_instance *instance;
    const char *address;
    unsigned passed;
};

static void *send_many(void *argument)
{
    struct worker *worker = argument;
    struct sl_client *client = fake_client_at(worker->address);
    char address[32];
    fake_open(worker->instance, client);
    for (unsigned i = 0; i < 20000; i++) {
        worker->passed +=
            fake_message(worker->instance, client, SL_TEXT, "a", 1, NULL) == SL_CONTINUE;
        /* Others come and go meanwhile, so that the table is full and changes. */
        if (i % 16 == 0) {
            numbered_address(address, sizeof address, i);
            struct sl_client *other = fake_client_at(address);
            fake_open(worker->instance, other);
            (void)fake_message(worker->instance, other, SL_TEXT, "a", 1, NULL);
            fake_client_destroy(other);
        }
    }
    fake_client_destroy(client);
    return NULL;
}

static void threads_share_a_bucket_exactly(void **state)
{
    (void)state;
    enum { WORKERS = 4 };
    struct fake_instance *instance =
        instance_with("{messages: 1/s, burst: 10000, per: address, max_keys: 1100}");
    struct worker workers[WORKERS];
    unsigned passed = 0;
    assert_int_equal(pass_from(instance, "192.0.2.1", 1), 1);
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){.instance = instance, .address = "192.0.2.1"};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, send_many, &workers[i]), 0);
    }
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(workers[i].thread, NULL);
        passed += workers[i].passed;
    }
    assert_int_equal(passed, 9999);
    fake_instance_destroy(instance);
}

int run_shared_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(clients_at_one_address_share_if_told_to, set_up),
        cmocka_unit_test_setup(ipv6_addresses_of_one_64_share, set_up),
        cmocka_unit_test_setup(an_identity_shares_over_addresses, set_up),
        cmocka_unit_test_setup(who_has_no_identity_is_limited_by_address, set_up),
        cmocka_unit_test_setup(refuses_upgrades_with_429_and_when_to_come_back, set_up),
        cmocka_unit_test_setup(limiting_upgrades_leaves_messages_alone, set_up),
        cmocka_unit_test_setup(a_million_addresses_use_no_more_memory_and_get_no_more_through,
                               set_up),
        cmocka_unit_test_setup(says_that_it_is_full_every_ten_seconds, set_up),
        cmocka_unit_test_setup(a_full_table_forgets_full_buckets_first, set_up),
        cmocka_unit_test_setup(new_keys_share_one_allowance_while_all_are_in_use, set_up),
        cmocka_unit_test_setup(what_is_used_up_outlives_a_change_of_options, set_up),
        cmocka_unit_test_setup(other_keys_or_a_new_start_begin_with_nothing_used, set_up),
        cmocka_unit_test_setup(threads_share_a_bucket_exactly, set_up),
    };
    return cmocka_run_group_tests_name("rate-limit, shared", tests, NULL, NULL);
}
