/*
 * Signatures of the RFCs' examples, and tokens that pretend.
 */
#include "../jwt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

/* RFC 7515, appendix A.1. */
#define PAYLOAD                                                                                    \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl" \
    "fQ"
#define HS256                                                                                      \
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." PAYLOAD                                            \
    ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define HS256_KEY                                                                                  \
    "{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4" \
    "hcgUuTwjAzZr1Z9CAow\"}"
/* RFC 7515, appendix A.3. */
#define ES256                                                                                      \
    "eyJhbGciOiJFUzI1NiJ9." PAYLOAD ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8" \
    "ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
#define ES256_KEY                                                                                  \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","     \
    "\"y\""                                                                                        \
    ":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}"
/* RFC 8037, appendix A.4. */
#define EDDSA                                                                                      \
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvM" \
    "g3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
#define EDDSA_KEY                                                                                  \
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"

#define EXPIRY 1300819380
#define ALL (ALGORITHMS_HS | ALGORITHMS_PUBLIC)

static struct key_set *keys_of(const char *jwk)
{
    char error[KEY_ERROR_SIZE];
    struct key_set *set = key_set_parse_jwks(jwk, strlen(jwk), true, error);
    if (set == NULL)
        fail_msg("%s: %s", jwk, error);
    return set;
}

static enum jwt_result verify(const char *token, const char *jwk, int64_t now)
{
    const struct jwt_rules rules = {.algorithms = ALL, .require_expiry = true};
    struct key_set *set = keys_of(jwk);
    const struct key_set *sets[] = {set};
    json_t *claims = NULL;
    enum jwt_result result = jwt_verify(token, strlen(token), &rules, sets, 1, now, &claims);
    if (result == JWT_OK)
        json_decref(claims);
    key_set_unref(set);
    return result;
}

static void accepts_the_examples_of_rfc_7515(void **state)
{
    (void)state;
    assert_int_equal(verify(HS256, HS256_KEY, EXPIRY - 1), JWT_OK);
    assert_int_equal(verify(ES256, ES256_KEY, EXPIRY - 1), JWT_OK);
    assert_int_equal(verify(HS256, HS256_KEY, EXPIRY), JWT_EXPIRED);
    assert_int_equal(verify(ES256, ES256_KEY, EXPIRY), JWT_EXPIRED);
}

static void accepts_the_signature_of_rfc_8037(void **state)
{
    struct key_set *set = keys_of(EDDSA_KEY);
    const struct key_set *sets[] = {set};
    char *payload;
    size_t len;
    (void)state;
    assert_int_equal(
        jwt_verify_signature(EDDSA, strlen(EDDSA), ALGORITHM_EDDSA, sets, 1, &payload, &len),
        JWT_OK);
    assert_int_equal(len, strlen("Example of Ed25519 signing"));
    assert_memory_equal(payload, "Example of Ed25519 signing", len);
    free(payload);
    key_set_unref(set);
}

static void a_key_is_not_talked_into_another_algorithm(void **state)
{
    (void)state;
    assert_int_equal(verify(HS256, ES256_KEY, 0), JWT_UNKNOWN_KEY);
    assert_int_equal(verify(ES256, HS256_KEY, 0), JWT_UNKNOWN_KEY);
    assert_int_equal(verify(EDDSA, ES256_KEY, 0), JWT_UNKNOWN_KEY);
    assert_int_equal(verify("eyJhbGciOiJub25lIn0." PAYLOAD ".AA", HS256_KEY, 0),
                     JWT_WRONG_ALGORITHM);
    assert_int_equal(verify("eyJhbGciOiJub25lIn0." PAYLOAD ".", HS256_KEY, 0), JWT_MALFORMED);
}

static void every_flipped_character_is_noticed(void **state)
{
    char token[] = ES256;
    (void)state;
    for (size_t i = 0; i < strlen(token); i++) {
        char was = token[i];
        token[i] = was == 'A' ? 'B' : 'A';
        if (verify(token, ES256_KEY, 0) == JWT_OK)
            fail_msg("accepted with another character at %zu", i);
        token[i] = was;
        token[i] = '.';
        if (was != '.' && verify(token, ES256_KEY, 0) == JWT_OK)
            fail_msg("accepted with a dot at %zu", i);
        token[i] = was;
    }
}

static void keys_that_are_of_no_use_are_left_out(void **state)
{
    /* clang-format off */
    static const char *const useless[] = {
        "{}",
        "[]",
        "nonsense",
        "{\"keys\":[]}",
        "{\"keys\":[1,null,{\"kty\":\"??\"}]}",
        "{\"kty\":\"oct\",\"k\":\"c2hvcnQ\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"AAAA\"}",
        "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
        "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwaaPJHURo\"}"};
    /* clang-format on */
    char error[KEY_ERROR_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof useless / sizeof *useless; i++)
        assert_null(key_set_parse_jwks(useless[i], strlen(useless[i]), true, error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_the_examples_of_rfc_7515),
        cmocka_unit_test(accepts_the_signature_of_rfc_8037),
        cmocka_unit_test(a_key_is_not_talked_into_another_algorithm),
        cmocka_unit_test(every_flipped_character_is_noticed),
        cmocka_unit_test(keys_that_are_of_no_use_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
