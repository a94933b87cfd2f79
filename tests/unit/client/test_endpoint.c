#include "client/endpoint.h"

#include "delivery/audience.h"
#include "delivery/delivery_loop.h"
#include "failing_memory.h"
#include "loop/loop.h"
#include "unit.h"

#include <string.h>

#define LOOPS 3u

static struct delivery delivery;
static struct loop loops[LOOPS];
static struct delivery_loop delivery_loops[LOOPS];
static struct config config;
static struct endpoint_config how;
static struct endpoint *endpoint;

static int set_up(void **state)
{
    static const struct receiver_calls calls;
    (void)state;
    config = (struct config){.owners = 1};
    how = (struct endpoint_config){.message_max_size = 1000,
                                   .message_max_fragments = 5,
                                   .message_types = MESSAGE_TYPE_BINARY,
                                   .queue_bytes = 2000,
                                   .topics_per_client = 7};
    assert_int_equal(delivery_init(&delivery, LOOPS), OK);
    for (unsigned i = 0; i < LOOPS; i++) {
        assert_int_equal(loop_init(&loops[i], i), OK);
        delivery_loop_init(&delivery_loops[i], &delivery, &loops[i], &calls);
    }
    assert_int_equal(endpoint_create(NULL, &delivery, "/ws", 4, &endpoint), OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    endpoint_destroy(endpoint);
    for (unsigned i = 0; i < LOOPS; i++) {
        delivery_loop_deinit(&delivery_loops[i]);
        loop_deinit(&loops[i]);
    }
    delivery_deinit(&delivery);
    assert_int_equal(config.owners, 1);
    return 0;
}

static struct endpoint_setup *make_setup(void)
{
    struct endpoint_setup *setup;
    assert_int_equal(endpoint_setup_create(endpoint, &config, &how, &setup), OK);
    return setup;
}

static void a_new_endpoint_lets_nobody_in(void **state)
{
    (void)state;
    assert_string_equal(endpoint->path, "/ws");
    assert_int_equal(endpoint->index, 4);
    assert_false(endpoint->is_active);
    assert_null(endpoint->setup);
    for (unsigned i = 0; i < LOOPS; i++) {
        assert_null(endpoint->loop_setups[i]);
        assert_ptr_equal(endpoint->fanout.audiences[i].loop, &delivery_loops[i]);
    }
}

static void a_set_up_takes_its_limits_from_the_configuration(void **state)
{
    struct endpoint_setup *setup = make_setup();
    (void)state;
    assert_ptr_equal(setup->endpoint, endpoint);
    assert_ptr_equal(setup->config, &how);
    assert_int_equal(setup->limits.message_max, 1000);
    assert_int_equal(setup->limits.fragments_max, 5);
    assert_false(setup->limits.text);
    assert_true(setup->limits.binary);
    assert_int_equal(setup->receiver_limits.queue_bytes, 2000);
    assert_int_equal(setup->receiver_limits.topics, 7);
    assert_int_equal(config.owners, 2);
    endpoint_setup_unref(setup);
    assert_int_equal(config.owners, 1);
    endpoint_setup_unref(NULL);
}

static uint64_t key_of(const char *text)
{
    return fanout_read_key(&endpoint->fanout, NULL, text, strlen(text)).hash;
}

static void a_set_up_takes_its_overflow_policy_from_the_configuration(void **state)
{
    static const enum overflow_policy policies[] = {
        [QUEUE_CLOSE] = OVERFLOW_CLOSE,
        [QUEUE_DROP_OLDEST] = OVERFLOW_DROP_OLDEST,
        [QUEUE_DROP_NEWEST] = OVERFLOW_DROP_NEWEST,
        [QUEUE_CONFLATE] = OVERFLOW_CONFLATE,
    };
    (void)state;
    how.queue_messages = 9;
    for (unsigned policy = QUEUE_CLOSE; policy <= QUEUE_CONFLATE; policy++) {
        how.queue_overflow = (enum queue_overflow)policy;
        struct endpoint_setup *setup = make_setup();
        assert_int_equal(setup->receiver_limits.overflow, policies[policy]);
        assert_int_equal(setup->receiver_limits.queue_messages, 9);
        assert_null(setup->receiver_limits.gap_text);
        endpoint_setup_unref(setup);
    }
    how.gap_marker = true;
    struct endpoint_setup *setup = make_setup();
    assert_string_equal(setup->receiver_limits.gap_text, CONFIG_GAP_TEXT);
    endpoint_setup_unref(setup);
    how.gap_text = (char *)(uintptr_t)"gap";
    setup = make_setup();
    assert_string_equal(setup->receiver_limits.gap_text, "gap");
    endpoint_setup_unref(setup);
}

/* A set-up that is not in force changes nothing. */
static void messages_are_told_apart_once_the_key_is_used(void **state)
{
    (void)state;
    how.queue_overflow = QUEUE_CONFLATE;
    how.queue_key = (char *)(uintptr_t)"/a";
    struct endpoint_setup *setup = make_setup();
    assert_int_equal(key_of("{\"a\":1}"), CONFLATION_NO_KEY);
    endpoint_use_key(endpoint, &how);
    assert_int_not_equal(key_of("{\"a\":1}"), CONFLATION_NO_KEY);
    how.queue_overflow = QUEUE_CLOSE;
    endpoint_use_key(endpoint, &how);
    assert_int_equal(key_of("{\"a\":1}"), CONFLATION_NO_KEY);
    endpoint_setup_unref(setup);
}

static void a_set_up_lives_as_long_as_a_loop_or_anybody_else_has_it(void **state)
{
    struct endpoint_setup *first = make_setup(), *second = make_setup();
    (void)state;
    for (unsigned i = 0; i < LOOPS; i++)
        endpoint_switch_loop(endpoint, i, first);
    struct endpoint_setup *held = endpoint_setup_ref(first);
    endpoint_setup_unref(first);
    for (unsigned i = 0; i < LOOPS; i++)
        endpoint_switch_loop(endpoint, i, second);
    assert_int_equal(second->references, 1 + LOOPS);
    assert_int_equal(held->references, 1);
    assert_int_equal(config.owners, 3);
    endpoint_setup_unref(held);
    assert_int_equal(config.owners, 2);
    endpoint->setup = second;
    endpoint_retire(endpoint);
    assert_null(endpoint->setup);
    assert_null(endpoint->loop_setups[0]);
}

static void switching_to_the_same_set_up_keeps_it(void **state)
{
    struct endpoint_setup *setup = make_setup();
    (void)state;
    endpoint_switch_loop(endpoint, 0, setup);
    endpoint_setup_unref(setup);
    endpoint_switch_loop(endpoint, 0, setup);
    assert_int_equal(setup->references, 1);
    endpoint_retire(endpoint);
}

static int create_endpoint(void *context)
{
    struct endpoint *created;
    (void)context;
    int error = endpoint_create(NULL, &delivery, "/other", 0, &created);
    if (error == OK)
        endpoint_destroy(created);
    return error;
}

static int create_setup(void *context)
{
    struct endpoint_setup *created;
    (void)context;
    int error = endpoint_setup_create(endpoint, &config, &how, &created);
    if (error == OK)
        endpoint_setup_unref(created);
    return error;
}

static void without_memory_nothing_is_made(void **state)
{
    (void)state;
    assert_int_equal(survive_failing_allocations(create_endpoint, NULL), 4);
    assert_int_equal(survive_failing_allocations(create_setup, NULL), 1);
    endpoint_destroy(NULL);
}

#define endpoint_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        endpoint_test(a_new_endpoint_lets_nobody_in),
        endpoint_test(a_set_up_takes_its_limits_from_the_configuration),
        endpoint_test(a_set_up_takes_its_overflow_policy_from_the_configuration),
        endpoint_test(messages_are_told_apart_once_the_key_is_used),
        endpoint_test(a_set_up_lives_as_long_as_a_loop_or_anybody_else_has_it),
        endpoint_test(switching_to_the_same_set_up_keeps_it),
        endpoint_test(without_memory_nothing_is_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
