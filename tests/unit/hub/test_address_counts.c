#include "unit.h"

#include "hub/address_counts.h"

#include <stdlib.h>

static struct address ipv4(uint32_t number)
{
    struct address address = {.bytes = {[10] = 0xff, [11] = 0xff}};
    for (int i = 0; i < 4; i++)
        address.bytes[12 + i] = (uint8_t)(number >> (24 - 8 * i));
    return address;
}

static void counts_up_to_the_limit_and_gives_places_back(void **state)
{
    struct address_counts counts;
    struct address a = ipv4(1), b = ipv4(2);
    (void)state;
    assert_int_equal(address_counts_init(&counts), OK);
    assert_int_equal(address_counts_add(&counts, &a, 0, 2), OK);
    assert_int_equal(address_counts_add(&counts, &a, 0, 2), OK);
    assert_int_equal(address_counts_add(&counts, &a, 0, 2), ERR_LIMIT);
    assert_int_equal(address_counts_add(&counts, &b, 0, 2), OK);
    address_counts_remove(&counts, &a, 0);
    assert_int_equal(address_counts_add(&counts, &a, 0, 2), OK);
    assert_int_equal(address_counts_add(&counts, &a, 0, 0), OK); /* no limit */
    address_counts_deinit(&counts);
}

static void counts_each_scope_for_itself(void **state)
{
    struct address_counts counts;
    struct address a = ipv4(1);
    (void)state;
    assert_int_equal(address_counts_init(&counts), OK);
    assert_int_equal(address_counts_add(&counts, &a, 1, 1), OK);
    assert_int_equal(address_counts_add(&counts, &a, 2, 1), OK);
    assert_int_equal(address_counts_add(&counts, &a, 1, 1), ERR_LIMIT);
    address_counts_deinit(&counts);
}

static void counts_an_ipv6_subscriber_as_one(void **state)
{
    struct address_counts counts;
    struct address a = {.bytes = {0x20, 0x01, 0x0d, 0xb8, [7] = 7, [15] = 1}};
    struct address same_net = a, other_net = a;
    (void)state;
    same_net.bytes[8] = 0xab;
    other_net.bytes[7] = 8;
    assert_int_equal(address_counts_init(&counts), OK);
    assert_int_equal(address_counts_add(&counts, &a, 0, 1), OK);
    assert_int_equal(address_counts_add(&counts, &same_net, 0, 1), ERR_LIMIT);
    assert_int_equal(address_counts_add(&counts, &other_net, 0, 1), OK);
    address_counts_deinit(&counts);
}

/* Against plain arrays: nothing is lost or doubled however entries come, go and collide. */
static void agrees_with_a_model(void **state)
{
    enum { ADDRESSES = 500, STEPS = 200000 };
    static uint32_t model[ADDRESSES];
    struct address_counts counts;
    (void)state;
    srand(1);
    assert_int_equal(address_counts_init(&counts), OK);
    for (int i = 0; i < STEPS; i++) {
        uint32_t which = (uint32_t)rand() % ADDRESSES;
        struct address address = ipv4(which);
        if (rand() % 2 == 0) {
            int expected = model[which] < 3 ? OK : ERR_LIMIT;
            assert_int_equal(address_counts_add(&counts, &address, 0, 3), expected);
            model[which] += expected == OK;
        } else if (model[which] > 0) {
            address_counts_remove(&counts, &address, 0);
            model[which]--;
        }
    }
    size_t used = 0;
    for (uint32_t i = 0; i < ADDRESSES; i++)
        used += model[i] > 0;
    assert_int_equal(counts.used, used);
    for (uint32_t i = 0; i < ADDRESSES; i++) {
        struct address address = ipv4(i);
        for (; model[i] > 0; model[i]--)
            address_counts_remove(&counts, &address, 0);
    }
    assert_int_equal(counts.used, 0);
    address_counts_deinit(&counts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_up_to_the_limit_and_gives_places_back),
        cmocka_unit_test(counts_each_scope_for_itself),
        cmocka_unit_test(counts_an_ipv6_subscriber_as_one),
        cmocka_unit_test(agrees_with_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
