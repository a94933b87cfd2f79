/*
 * Which keys are taken from JWK Sets and PEM, and what each is good for. Fetching them is tested in
 * fetched.yaml, but for a waiter that has the last reference.
 */
#include "../fetched_keys.h"
#include "issuer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

static const struct jwt_rules any = {.algorithms = ALL_ALGORITHMS};

static struct key_set *from_pem(const char *pem)
{
    char error[KEY_ERROR_SIZE];
    return key_set_parse_pem(pem, strlen(pem), error);
}

static bool is_usable(const char *jwks, bool takes_secrets)
{
    char error[KEY_ERROR_SIZE] = "";
    struct key_set *set = key_set_parse_jwks(jwks, strlen(jwks), takes_secrets, error);
    key_set_unref(set);
    assert_true((set == NULL) == (error[0] != '\0'));
    return set != NULL;
}

static void assert_verifies(const char *token, struct key_set *set)
{
    assert_non_null(set);
    assert_int_equal(issuer_verify(token, &any, set, 0), JWT_OK);
    key_set_unref(set);
}

static bool begins_with_zero(const EVP_PKEY *pkey, const char *name, int size)
{
    BIGNUM *number = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(pkey, name, &number), 1);
    bool begins = BN_num_bytes(number) < size;
    BN_free(number);
    return begins;
}

/* One key in 256 has such a coordinate. */
static void ec_keys_with_coordinates_that_begin_with_zero_work(void **state)
{
    static const char *const names[] = {OSSL_PKEY_PARAM_EC_PUB_X, OSSL_PKEY_PARAM_EC_PUB_Y};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        EVP_PKEY *pkey = EVP_EC_gen("P-256");
        while (!begins_with_zero(pkey, names[i], 32)) {
            EVP_PKEY_free(pkey);
            pkey = EVP_EC_gen("P-256");
        }
        const char *token = issuer_sign(pkey, EVP_sha256(), "{\"alg\":\"ES256\"}", "{}");
        assert_verifies(token, from_pem(issuer_pem(pkey)));
        assert_verifies(token, issuer_keys(issuer_ec_jwk(pkey, "P-256", 32)));
        EVP_PKEY_free(pkey);
    }
}

static void each_kind_of_key_verifies_its_own_algorithms_only(void **state)
{
    const struct {
        EVP_PKEY *pkey;
        const EVP_MD *digest;
        const char *header;
        unsigned algorithms;
    } kinds[] = {
        {EVP_RSA_gen(2048), EVP_sha512(), "{\"alg\":\"RS512\"}", 0x1f8},
        {EVP_EC_gen("P-384"), EVP_sha384(), "{\"alg\":\"ES384\"}", ALGORITHM_ES384},
        {EVP_EC_gen("P-521"), EVP_sha512(), "{\"alg\":\"ES512\"}", ALGORITHM_ES512},
        {EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), NULL, "{\"alg\":\"EdDSA\"}", ALGORITHM_ED25519},
        {EVP_PKEY_Q_keygen(NULL, NULL, "ED448"), NULL, "{\"alg\":\"EdDSA\"}", ALGORITHM_ED448},
        {EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), NULL, "{\"alg\":\"Ed25519\"}",
         ALGORITHM_ED25519},
        {EVP_PKEY_Q_keygen(NULL, NULL, "ED448"), NULL, "{\"alg\":\"Ed448\"}", ALGORITHM_ED448},
    };
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct key_set *set = from_pem(issuer_pem(kinds[i].pkey));
        assert_non_null(set);
        assert_int_equal(set->count, 1);
        assert_int_equal(set->keys[0].algorithms, kinds[i].algorithms);
        assert_verifies(issuer_sign(kinds[i].pkey, kinds[i].digest, kinds[i].header, "{}"), set);
        EVP_PKEY_free(kinds[i].pkey);
    }
}

static void a_key_with_alg_serves_that_algorithm_only(void **state)
{
    char jwk[600];
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    const char *base = issuer_ec_jwk(pkey, "P-256", 32);
    (void)state;
    snprintf(jwk, sizeof jwk, "%.*s,\"alg\":\"ES256\"}", (int)strlen(base) - 1, base);
    assert_true(is_usable(jwk, false));
    snprintf(jwk, sizeof jwk, "%.*s,\"alg\":\"RS256\"}", (int)strlen(base) - 1, base);
    assert_false(is_usable(jwk, false));
    snprintf(jwk, sizeof jwk, "%.*s,\"alg\":7}", (int)strlen(base) - 1, base);
    assert_false(is_usable(jwk, false));
    snprintf(jwk, sizeof jwk, "%.*s,\"use\":\"enc\"}", (int)strlen(base) - 1, base);
    assert_false(is_usable(jwk, false));
    snprintf(jwk, sizeof jwk, "%.*s,\"key_ops\":[\"sign\"]}", (int)strlen(base) - 1, base);
    assert_false(is_usable(jwk, false));
    snprintf(jwk, sizeof jwk, "%.*s,\"kid\":7}", (int)strlen(base) - 1, base);
    assert_false(is_usable(jwk, false));
    EVP_PKEY_free(pkey);
}

static void private_keys_and_unasked_secrets_are_left_out(void **state)
{
    char jwk[700];
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    const char *base = issuer_ec_jwk(pkey, "P-256", 32);
    (void)state;
    snprintf(jwk, sizeof jwk, "%.*s,\"d\":\"AAAA\"}", (int)strlen(base) - 1, base);
    assert_false(is_usable(jwk, true));
    static const char secret[] =
        "{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T\"}";
    assert_true(is_usable(secret, true));
    assert_false(is_usable(secret, false));
    snprintf(jwk, sizeof jwk, "{\"keys\":[%s,%s]}", secret, base);
    struct key_set *set = key_set_parse_jwks(jwk, strlen(jwk), false, NULL);
    assert_int_equal(set->count, 1);
    assert_int_equal(set->skipped, 1);
    assert_int_equal(set->keys[0].algorithms, ALGORITHM_ES256);
    key_set_unref(set);
    EVP_PKEY_free(pkey);
}

/* A number of so many bits as an RSA JWK; whether it is a product of primes nobody can tell. */
static const char *rsa_jwk(size_t bits, const char *exponent)
{
    static char jwk[4096];
    static uint8_t n[2048];
    memset(n, 0xff, sizeof n);
    snprintf(jwk, sizeof jwk, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"}",
             issuer_base64url(n, bits / 8), exponent);
    return jwk;
}

static void rsa_keys_have_usual_sizes_and_exponents(void **state)
{
    static const char *const bad[] = {"",   "AQ",   "AAAB", "AAAAAAE",
                                      "Ag", "AQAA", "AA",   "AQABAQABAQAB"};
    (void)state;
    assert_true(is_usable(rsa_jwk(2048, "AQAB"), false));
    assert_true(is_usable(rsa_jwk(8192, "Aw"), false));
    assert_false(is_usable(rsa_jwk(2040, "AQAB"), false));
    assert_false(is_usable(rsa_jwk(1024, "AQAB"), false));
    assert_false(is_usable(rsa_jwk(8200, "AQAB"), false));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(is_usable(rsa_jwk(2048, bad[i]), false));
}

static void short_rsa_keys_and_private_ones_in_pem_are_refused(void **state)
{
    char error[KEY_ERROR_SIZE];
    static const char private[] = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    EVP_PKEY *weak = EVP_RSA_gen(1024);
    (void)state;
    assert_null(from_pem(issuer_pem(weak)));
    assert_null(key_set_parse_pem(private, strlen(private), error));
    assert_non_null(strstr(error, "private key"));
    assert_null(from_pem(""));
    assert_null(from_pem("nonsense"));
    assert_null(from_pem("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"));
    EVP_PKEY_free(weak);
}

static void keys_that_are_of_no_use_are_left_out(void **state)
{
    /* clang-format off */
    static const char *const useless[] = {
        "{}",
        "[]",
        "nonsense",
        "{\"keys\":[]}",
        "{\"keys\":{}}",
        "{\"keys\":[1,null,{\"kty\":\"??\"}]}",
        "{\"keys\":[],\"keys\":[]}",
        "{\"kty\":\"oct\",\"k\":\"c2hvcnQ\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"AAAA\"}",
        /* Not on the curve. */
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}",
        /* The point at infinity. */
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
        "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
        /* Over these libcjose would end the process. */
        "{\"kty\":\"RSA\",\"n\":\"AQABA\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"n\":\"=\",\"e\":\"AQAB\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"A\",\"y\":\"A=\"}",
        "{\"kty\":\"oct\",\"k\":\"AAAAA\"}",
        "{\"kty\":\"oct\",\"k\":7}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUQ\"}",
        "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"};
    /* clang-format on */
    (void)state;
    for (size_t i = 0; i < sizeof useless / sizeof *useless; i++)
        assert_false(is_usable(useless[i], true));
}

static void sets_tell_whether_they_hold_the_keys_of_another(void **state)
{
    EVP_PKEY *first = EVP_EC_gen("P-256");
    EVP_PKEY *second = EVP_EC_gen("P-256");
    char both[1200];
    (void)state;
    struct key_set *one = issuer_keys(issuer_ec_jwk(first, "P-256", 32));
    snprintf(both, sizeof both, "{\"keys\":[%s,", issuer_ec_jwk(second, "P-256", 32));
    strcat(strcat(both, issuer_ec_jwk(first, "P-256", 32)), "]}");
    struct key_set *two = issuer_keys(both);
    assert_true(key_set_contains(two, one));
    assert_true(key_set_contains(one, one));
    assert_false(key_set_contains(one, two));
    key_set_unref(one);
    key_set_unref(two);
    EVP_PKEY_free(first);
    EVP_PKEY_free(second);
}

/* The fetched set is the last; a token that names a key of it gets there past all the others. */
static void a_token_finds_the_key_that_it_names_behind_many_without_names(void **state)
{
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    EVP_PKEY *other = EVP_EC_gen("P-256");
    char jwk[600];
    static char many[20000] = "{\"keys\":[";
    const char *base = issuer_ec_jwk(other, "P-256", 32);
    (void)state;
    for (int i = 0; i < 20; i++)
        strcat(strcat(many, base), i < 19 ? "," : "]}");
    base = issuer_ec_jwk(pkey, "P-256", 32);
    snprintf(jwk, sizeof jwk, "%.*s,\"kid\":\"new\"}", (int)strlen(base) - 1, base);
    struct key_set *sets[] = {issuer_keys(many), issuer_keys(jwk)};
    const char *token =
        issuer_sign(pkey, EVP_sha256(), "{\"alg\":\"ES256\",\"kid\":\"new\"}", "{}");
    json_t *claims;
    for (size_t count = 1; count <= 2; count++)
        assert_int_equal(jwt_verify(token, strlen(token), &any, (const struct key_set *const *)sets,
                                    count, 0, &claims),
                         count == 1 ? JWT_UNKNOWN_KEY : JWT_OK);
    json_decref(claims);
    key_set_unref(sets[0]);
    key_set_unref(sets[1]);
    EVP_PKEY_free(pkey);
    EVP_PKEY_free(other);
}

/* -- a fetch that cannot begin -- */

static int64_t no_time(void)
{
    return 0;
}

static bool log_nothing(enum sl_log_level level)
{
    (void)level;
    return false;
}

static void count_nothing(struct sl_metric *metric, double amount)
{
    (void)metric;
    (void)amount;
}

static const atomic_bool is_cancelled;
static const struct meters no_meters;
static const struct fetch_rules fetch_rules = {.refresh = 10, .refetch = 10, .meters = &no_meters};
static struct fetched_keys *fetched; /* the only reference */
static struct keys_waiter another;
static unsigned waiters_called;

/* Another waiter has come meanwhile. */
static int refuse_request(struct sl_instance *self, uint64_t client_id,
                          const struct sl_http_request *request,
                          void (*done)(struct sl_instance *, struct sl_client *,
                                       const struct sl_http_response *, void *),
                          void *context)
{
    (void)client_id;
    (void)request;
    (void)done;
    (void)context;
    assert_true(fetched_keys_wait(fetched, &fetch_rules, self, &another));
    return SL_ERROR;
}

/* The first that is called has the reference. */
static void drop_keys(struct keys_waiter *waiter)
{
    (void)waiter;
    if (waiters_called++ == 0)
        fetched_keys_unref(fetched);
}

static void a_waiter_may_drop_the_keys_when_their_fetch_is_refused(void **state)
{
    static const struct sl_host host = {.time_monotonic = no_time,
                                        .time_wall = no_time,
                                        .log_enabled = log_nothing,
                                        .metric_add = count_nothing,
                                        .http_request = refuse_request};
    struct sl_instance self = {.host = &host};
    struct keys_waiter waiter = {.is_cancelled = &is_cancelled, .on_keys = drop_keys};
    (void)state;
    another = waiter;
    fetched = fetched_keys_create("https://localhost/keys");
    assert_non_null(fetched);
    assert_true(fetched_keys_wait(fetched, &fetch_rules, &self, &waiter));
    assert_int_equal(waiters_called, 2);
}

int run_key_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ec_keys_with_coordinates_that_begin_with_zero_work),
        cmocka_unit_test(each_kind_of_key_verifies_its_own_algorithms_only),
        cmocka_unit_test(a_key_with_alg_serves_that_algorithm_only),
        cmocka_unit_test(private_keys_and_unasked_secrets_are_left_out),
        cmocka_unit_test(rsa_keys_have_usual_sizes_and_exponents),
        cmocka_unit_test(short_rsa_keys_and_private_ones_in_pem_are_refused),
        cmocka_unit_test(keys_that_are_of_no_use_are_left_out),
        cmocka_unit_test(sets_tell_whether_they_hold_the_keys_of_another),
        cmocka_unit_test(a_token_finds_the_key_that_it_names_behind_many_without_names),
        cmocka_unit_test(a_waiter_may_drop_the_keys_when_their_fetch_is_refused),
    };
    return cmocka_run_group_tests_name("auth, keys", tests, NULL, NULL);
}
