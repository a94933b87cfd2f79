/*
 * The hash that keys are made with.
 */
#include "tests.h"

#include "key.h"

static void siphash_gives_the_value_that_its_authors_publish(void **state)
{
    (void)state;
    uint8_t input[15];
    for (size_t i = 0; i < sizeof input; i++)
        input[i] = (uint8_t)i;
    uint64_t hash = siphash(0x0706050403020100u, 0x0f0e0d0c0b0a0908u, input, sizeof input);
    assert_true(hash == 0xa129ca6149be45e5u);
}

static void instances_draw_different_secrets(void **state)
{
    (void)state;
    struct key_secret first, second;
    const uint8_t address[16] = {[10] = 0xff, [11] = 0xff, [12] = 192, [15] = 1};
    assert_int_equal(key_secret_init(&first), 0);
    assert_int_equal(key_secret_init(&second), 0);
    struct key a = key_of_address(&first, address, 32, 64),
               b = key_of_address(&second, address, 32, 64);
    assert_true(a.high != b.high && a.low != b.low);
}

int run_key_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash_gives_the_value_that_its_authors_publish),
        cmocka_unit_test(instances_draw_different_secrets),
    };
    return cmocka_run_group_tests_name("rate-limit, keys", tests, NULL, NULL);
}
