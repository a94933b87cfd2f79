#include "base/siphash.h"
#include "unit.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

/* What OpenSSL's SipHash makes of it, with one round a word and three at the end. */
static uint64_t expected_hash(const uint8_t key[16], const uint8_t *data, size_t len)
{
    size_t size = 8;
    unsigned rounds = 1, last_rounds = 3;
    uint8_t out[8];
    uint64_t hash = 0;
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
        OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_C_ROUNDS, &rounds),
        OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_D_ROUNDS, &last_rounds),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);
    assert_int_equal(EVP_MAC_init(context, key, 16, parameters), 1);
    assert_int_equal(EVP_MAC_update(context, data, len), 1);
    assert_int_equal(EVP_MAC_final(context, out, &size, sizeof out), 1);
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(mac);
    for (size_t i = 0; i < 8; i++)
        hash |= (uint64_t)out[i] << (8 * i);
    return hash;
}

static void is_siphash_1_3_for_data_of_each_length(void **state)
{
    (void)state;
    const struct siphash_key key = {{0x0706050403020100, 0x0f0e0d0c0b0a0908}};
    uint8_t bytes[16], data[65];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    for (size_t len = 0; len <= sizeof data; len++) {
        assert_true(siphash_1_3(&key, data, len) == expected_hash(bytes, data, len));
        if (len < sizeof data)
            data[len] = (uint8_t)(len * 37 + 200);
    }
}

static void does_not_read_past_the_data(void **state)
{
    (void)state;
    const struct siphash_key key = {{1, 2}};
    assert_true(siphash_1_3(&key, "abcdefghi", 3) == siphash_1_3(&key, "abcxyz", 3));
    assert_true(siphash_1_3(&key, NULL, 0) == siphash_1_3(&key, "", 0));
}

static void another_secret_makes_another_hash(void **state)
{
    (void)state;
    struct siphash_key one, other;
    assert_int_equal(siphash_key_init(&one), OK);
    assert_int_equal(siphash_key_init(&other), OK);
    assert_true(siphash_1_3(&one, "topic", 5) != siphash_1_3(&other, "topic", 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_siphash_1_3_for_data_of_each_length),
        cmocka_unit_test(does_not_read_past_the_data),
        cmocka_unit_test(another_secret_makes_another_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
