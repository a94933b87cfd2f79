/*
 * Limits of one client, options, and the arithmetic against a simple model.
 */
#include "tests.h"

#include <stdlib.h>
#include <string.h>

static void lets_a_burst_pass_and_drops_what_follows(void **state)
{
    (void)state;
    struct fake_instance *instance = instance_with("{messages: 10/s, burst: 5}");
    struct sl_client *client = open_client(instance, "192.0.2.1");
    assert_int_equal(pass_at_once(instance, client, 100), 5);
    assert_int_equal(fake_event_count(FAKE_SENT), 0);
    fake_client_destroy(client);
    fake_instance_destroy(instance);
}

static void refills_to_the_nanosecond(void **state)
{
    (void)state;
    struct fake_instance *instance = instance_with("{messages: 10/s, burst: 5}");
    struct sl_client *client = open_client(instance, "192.0.2.1");
    assert_int_equal(pass_at_once(instance, client, 5), 5);
    fake_advance(100 * MILLISECOND - 1);
    assert_false(passes(instance, client, 1));
    fake_advance(1);
    assert_int_equal(pass_at_once(instance, client, 9), 1);
    fake_advance(3600 * SECOND);
    assert_int_equal(pass_at_once(instance, client, 9), 5);
    fake_client_destroy(client);
    fake_instance_destroy(instance);
}

static void a_burst_is_one_seconds_worth_if_left_out(void **state)
{
    (void)state;
    struct fake_instance *instance = instance_with("{messages: 50/s}");
    struct sl_client *client = open_client(instance, "192.0.2.1");
    assert_int_equal(pass_at_once(instance, client, 100), 50);
    fake_client_destroy(client);
    fake_instance_destroy(instance);

    instance = instance_with("{messages: 6/m}");
    client = open_client(instance, "192.0.2.1");
    assert_int_equal(pass_at_once(instance, client, 100), 1);
    fake_client_destroy(client);
    fake_instance_destroy(instance);
}

static void closes_with_4429_if_told_to(void **state)
{
    (void)state;
    struct fake_instance *instance = instance_with("{messages: 10/s, burst: 1, action: close}");
    struct sl_client *client = open_client(instance, "192.0.2.1");
    struct fake_result result;
    assert_int_equal(fake_message(instance, client, SL_BINARY, "a", 1, NULL), SL_CONTINUE);
    assert_int_equal(fake_message(instance, client, SL_BINARY, "a", 1, &result), SL_CLOSE);
    assert_int_equal(result.code, 4429);
    assert_true(strlen(result.reason) > 0);
    fake_result_release(&result);
    fake_client_destroy(client);
    fake_instance_destroy(instance);
}

static void limits_bytes(void **state)
{
    (void)state;
    struct fake_instance *instance = instance_with("{bytes: 1000/s, bytes_burst: 3000}");
    struct sl_client *client = open_client(instance, "192.0.2.1");
    assert_true(passes(instance, client, 2999));
    assert_true(passes(instance, client, 0));
    assert_true(passes(instance, client, 1));
    assert_false(passes(instance, client, 1));
    fake_advance(SECOND / 2);
    assert_false(passes(instance, client, 501));
    assert_true(passes(instance, client, 500));
    fake_client_destroy(client);
    fake_instance_destroy(instance);
}

static void a_message_larger_than_the_burst_never_passes(void **state)
{
    (void)state;
    struct fake_instance *instance = instance_with("{bytes: 1000/s, bytes_burst: 3000}");
    struct sl_client *client = open_client(instance, "192.0.2.1");
    fake_advance(24 * 3600 * SECOND);
    assert_false(passes(instance, client, 3001));
    assert_true(passes(instance, client, 3000));
    fake_client_destroy(client);
    fake_instance_destroy(instance);
}

static void a_message_of_the_default_largest_size_fits_the_default_burst(void **state)
{
    (void)state;
    struct fake_instance *instance = instance_with("{bytes: 10/s}");
    struct sl_client *client = open_client(instance, "192.0.2.1");
    assert_true(passes(instance, client, 65536));
    assert_false(passes(instance, client, 1));
    fake_client_destroy(client);
    fake_instance_destroy(instance);
}

static void a_refused_message_takes_nothing_from_either_bucket(void **state)
{
    (void)state;
    struct fake_instance *instance =
        instance_with("{messages: 1/s, burst: 2, bytes: 100/s, bytes_burst: 100}");
    struct sl_client *client = open_client(instance, "192.0.2.1");
    for (int i = 0; i < 10; i++)
        assert_false(passes(instance, client, 101));
    assert_true(passes(instance, client, 50));
    assert_false(passes(instance, client, 51));
    assert_true(passes(instance, client, 10));
    assert_false(passes(instance, client, 0));
    fake_advance(SECOND);
    assert_true(passes(instance, client, 100));
    fake_client_destroy(client);
    fake_instance_destroy(instance);
}

static void clients_at_one_address_do_not_share_by_default(void **state)
{
    (void)state;
    struct fake_instance *instance = instance_with("{messages: 10/s, burst: 3}");
    struct sl_client *first = open_client(instance, "192.0.2.1");
    struct sl_client *second = open_client(instance, "192.0.2.1");
    unsigned long allocations = fake_allocations();
    assert_int_equal(pass_at_once(instance, first, 10), 3);
    assert_int_equal(pass_at_once(instance, second, 10), 3);
    assert_int_equal(fake_allocations(), allocations);
    fake_client_destroy(first);
    fake_client_destroy(second);
    fake_instance_destroy(instance);
}

static void two_instances_limit_one_client_separately(void **state)
{
    (void)state;
    struct fake_instance *strict = instance_with("{messages: 10/s, burst: 2}");
    struct fake_instance *generous = instance_with("{messages: 10/s, burst: 7}");
    struct sl_client *client = open_client(strict, "192.0.2.1");
    fake_open(generous, client);
    assert_int_equal(pass_at_once(strict, client, 10), 2);
    assert_int_equal(pass_at_once(generous, client, 10), 7);
    assert_int_equal(pass_at_once(strict, client, 10), 0);
    fake_client_destroy(client);
    fake_instance_destroy(strict);
    fake_instance_destroy(generous);
}

static void works_late_in_the_clocks_life_and_when_it_steps_back(void **state)
{
    (void)state;
    fake_advance(INT64_C(4000000000000000000) - START); /* 126 years */
    struct fake_instance *instance = instance_with("{messages: 1/h, burst: 8000, per: address}");
    struct sl_client *client = open_client(instance, "192.0.2.1");
    assert_int_equal(pass_at_once(instance, client, 9000), 8000);
    fake_advance(-SECOND); /* another loop's cached clock */
    assert_false(passes(instance, client, 1));
    fake_advance(3601 * SECOND);
    assert_int_equal(pass_at_once(instance, client, 10), 1);
    fake_client_destroy(client);
    fake_instance_destroy(instance);
}

/* A token bucket in floating point, refilled at every step: what the plugin has to come within one
 * per cent of. */
struct model {
    long double rate;
    long double burst;
    long double level;
    int64_t then;
};

static bool model_takes(struct model *model, int64_t now, long double amount)
{
    model->level += model->rate * (long double)(now - model->then) / 1e9L;
    model->then = now;
    if (model->level > model->burst)
        model->level = model->burst;
    if (model->level + 1e-9L < amount)
        return false;
    model->level -= amount;
    return true;
}

static void compare(const char *options, long double rate, long double burst, bool bytes)
{
    struct fake_instance *instance = instance_with(options);
    struct sl_client *client = open_client(instance, "192.0.2.1");
    struct model model = {rate, burst, burst, START};
    long double passed = 0, expected = 0;
    int64_t now = START;
    unsigned short seed[3] = {1, 2, 3};
    for (int i = 0; i < 100000; i++) {
        size_t len = bytes ? (size_t)(nrand48(seed) % 1000) : 1;
        long double amount = bytes ? (long double)len : 1;
        /* On average 1.5 times what is allowed, in clumps. */
        if (i % 7 == 0) {
            long double mean = 7e9L * (bytes ? 500 : 1) / rate / 1.5L;
            int64_t pause = (int64_t)(mean * 2 * (long double)erand48(seed));
            now += pause;
            fake_advance(pause);
        }
        passed += passes(instance, client, len) ? amount : 0;
        expected += model_takes(&model, now, amount) ? amount : 0;
    }
    if (passed > expected * 1.01L || passed < expected * 0.99L)
        fail_msg("%s: %Lf passed, but the model says %Lf", options, passed, expected);
    fake_client_destroy(client);
    fake_instance_destroy(instance);
}

static void agrees_with_a_simple_model(void **state)
{
    (void)state;
    compare("{messages: 50/s, burst: 100}", 50, 100, false);
    compare("{messages: 1000/m, burst: 10}", 1000 / 60.0L, 10, false);
    compare("{messages: 7/s, burst: 1}", 7, 1, false);
    compare("{messages: 3/h, burst: 2, per: address}", 3 / 3600.0L, 2, false);
    compare("{messages: 123456/s, burst: 1000}", 123456, 1000, false);
    compare("{bytes: 1048576/s, bytes_burst: 64KiB}", 1048576, 65536, true);
    compare("{bytes: 4000/s, bytes_burst: 4000, per: address}", 4000, 4000, true);
    compare("{bytes: 123456789/s, bytes_burst: 1MiB}", 123456789, 1048576, true);
}

static void refuses_options_that_make_no_sense(void **state)
{
    (void)state;
    assert_refused("{}", "nothing is limited");
    assert_refused("{per: address}", "nothing is limited");
    assert_refused("{burst: 5}", "burst has no meaning without messages");
    assert_refused("{messages: 5/s, bytes_burst: 1KiB}", "no meaning without bytes");
    assert_refused("{messages: 5/s, connections_burst: 5}", "no meaning without connections");
    assert_refused("{messages: 2000000000/s}", "messages is faster than");
    assert_refused("{messages: 1/h, burst: 1000000}", "more than a year");
    assert_refused("{messages: 5/s, burst: 0}", "burst");
    assert_refused("{messages: 5/s, per: server}", "per");
    assert_refused("{messages: 5/s, action: ignore}", "action");
    assert_refused("{messages: 5/s, max_keys: 0}", "max_keys");
    assert_refused("{mesages: 5/s}", "messages");
}

static void survives_every_failing_allocation(void **state)
{
    (void)state;
    const char *options = "{messages: 5/s, per: address, connections: 5/s, max_keys: 2000}";
    assert_int_equal(fake_live_allocations(), 0);
    unsigned long failures;
    struct fake_instance *instance = fake_instance_survive(plugin, options, &failures);
    assert_true(failures >= 6);
    fake_instance_destroy(instance);
    assert_int_equal(fake_live_allocations(), 0);
}

int run_limit_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lets_a_burst_pass_and_drops_what_follows, set_up),
        cmocka_unit_test_setup(refills_to_the_nanosecond, set_up),
        cmocka_unit_test_setup(a_burst_is_one_seconds_worth_if_left_out, set_up),
        cmocka_unit_test_setup(closes_with_4429_if_told_to, set_up),
        cmocka_unit_test_setup(limits_bytes, set_up),
        cmocka_unit_test_setup(a_message_larger_than_the_burst_never_passes, set_up),
        cmocka_unit_test_setup(a_message_of_the_default_largest_size_fits_the_default_burst,
                               set_up),
        cmocka_unit_test_setup(a_refused_message_takes_nothing_from_either_bucket, set_up),
        cmocka_unit_test_setup(clients_at_one_address_do_not_share_by_default, set_up),
        cmocka_unit_test_setup(two_instances_limit_one_client_separately, set_up),
        cmocka_unit_test_setup(works_late_in_the_clocks_life_and_when_it_steps_back, set_up),
        cmocka_unit_test_setup(agrees_with_a_simple_model, set_up),
        cmocka_unit_test_setup(refuses_options_that_make_no_sense, set_up),
        cmocka_unit_test_setup(survives_every_failing_allocation, set_up),
    };
    return cmocka_run_group_tests_name("rate-limit", tests, NULL, NULL);
}
