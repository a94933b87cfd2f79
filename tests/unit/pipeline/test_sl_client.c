#include "pipeline/sl_client.h"
#include "failing_memory.h"
#include "pipeline/rig.h"

static struct rig_client client;

static int set_up(void **state)
{
    (void)state;
    rig_client_init(&client, NULL, 3);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sl_client_deinit(&client.seen);
    assert_null(client.seen.more);
    return 0;
}

static void begins_connecting_without_a_name(void **state)
{
    size_t len;
    (void)state;
    assert_true(client.seen.is_connecting);
    assert_false(client.seen.is_open);
    assert_null(sl_client_identity(&client.seen));
    assert_null(sl_client_attribute(&client.seen, "role", &len));
    assert_int_equal(sl_client_deferred_bytes(&client.seen), 0);
    assert_int_equal(client_id_loop(client.seen.id), 3);
}

static void takes_names_of_1_to_255_bytes(void **state)
{
    char longest[256];
    (void)state;
    memset(longest, 'n', sizeof longest);
    assert_int_equal(sl_client_identify(&client.seen, "", 0), ERR_INVALID);
    assert_int_equal(sl_client_identify(&client.seen, longest, 256), ERR_INVALID);
    assert_int_equal(sl_client_identify(&client.seen, longest, 255), OK);
    assert_int_equal(strlen(sl_client_identity(&client.seen)), 255);
}

static void takes_no_names_that_are_no_text(void **state)
{
    (void)state;
    assert_int_equal(sl_client_identify(&client.seen, "a\0b", 3), ERR_INVALID);
    assert_int_equal(sl_client_identify(&client.seen, "\xff", 1), ERR_INVALID);
    assert_null(sl_client_identity(&client.seen));
}

static void the_last_name_counts(void **state)
{
    (void)state;
    assert_int_equal(sl_client_identify(&client.seen, "ada", 3), OK);
    assert_int_equal(sl_client_identify(&client.seen, "grace", 5), OK);
    assert_string_equal(sl_client_identity(&client.seen), "grace");
}

static void keeps_attributes(void **state)
{
    size_t len = 0;
    (void)state;
    assert_int_equal(sl_client_set_attribute(&client.seen, "role", "admin", 5), OK);
    assert_string_equal(sl_client_attribute(&client.seen, "role", &len), "admin");
    assert_int_equal(len, 5);
    assert_int_equal(sl_client_set_attribute(&client.seen, "role", NULL, 0), OK);
    assert_null(sl_client_attribute(&client.seen, "role", &len));
}

static void state_blocks_lie_behind_the_client(void **state)
{
    (void)state;
    client.seen.inline_size = 32;
    assert_true(sl_client_block(&client.seen, 7, 16) == client.state + 16);
    assert_true(sl_client_block_is_inline(&client.seen, client.state + 31));
    assert_false(sl_client_block_is_inline(&client.seen, client.state + 32));
    assert_false(sl_client_block_is_inline(&client.seen, &client.seen));
}

static int identify(void *context)
{
    int error = sl_client_identify(context, "ada", 3);
    sl_client_deinit(context);
    return error;
}

static int set_attribute(void *context)
{
    int error = sl_client_set_attribute(context, "role", "admin", 5);
    sl_client_deinit(context);
    return error;
}

static void survives_every_failing_allocation(void **state)
{
    (void)state;
    assert_int_equal(survive_failing_allocations(identify, &client.seen), 2);
    assert_int_equal(survive_failing_allocations(set_attribute, &client.seen), 2);
}

#define client_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        client_test(begins_connecting_without_a_name),
        client_test(takes_names_of_1_to_255_bytes),
        client_test(takes_no_names_that_are_no_text),
        client_test(the_last_name_counts),
        client_test(keeps_attributes),
        client_test(state_blocks_lie_behind_the_client),
        client_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
