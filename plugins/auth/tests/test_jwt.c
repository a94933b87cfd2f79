/*
 * The examples of the RFCs, and tokens whose form, algorithm or signature pretends.
 */
#include "issuer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

/* RFC 7515, appendix A.1, which is the example of RFC 7519, section 3.1, too. */
#define PAYLOAD                                                                                    \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl" \
    "fQ"
#define HS256                                                                                      \
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." PAYLOAD                                            \
    ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define HS256_KEY                                                                                  \
    "{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4" \
    "hcgUuTwjAzZr1Z9CAow\"}"
/* RFC 7515, appendix A.2. */
#define RS256                                                                                      \
    "eyJhbGciOiJSUzI1NiJ9." PAYLOAD                                                                \
    ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"       \
    "O8W2Fp5"                                                                                      \
    "jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_"                                           \
    "nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1"                                                  \
    "L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-"                                               \
    "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYE"                                              \
    "UipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
#define RS256_KEY                                                                                  \
    "{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-V"  \
    "aw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_"    \
    "7OMg"                                                                                         \
    "0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-"                                               \
    "UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5Zw"                                              \
    "Kh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_"                                                 \
    "h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ\","                                            \
    "\"e\":\"AQAB\"}"
/* RFC 7515, appendix A.3. */
#define ES256                                                                                      \
    "eyJhbGciOiJFUzI1NiJ9." PAYLOAD ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8" \
    "ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
#define ES256_KEY                                                                                  \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","     \
    "\"y\""                                                                                        \
    ":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}"
/* RFC 7515, appendix A.4. */
#define ES512                                                                                      \
    "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-" \
    "mZZqwqT2SI-KGDKB34XO0aw_"                                                                     \
    "7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrm"                        \
    "xYbSW9ERBXukOXolLzeO_Jn"
#define ES512_KEY                                                                                  \
    "{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5" \
    "EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk\",\"y\":\"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_"   \
    "l2Th"                                                                                         \
    "-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2\"}"
/* RFC 7515, appendix A.5, which is the example of RFC 7519, section 6.1, too. */
#define UNSECURED "eyJhbGciOiJub25lIn0." PAYLOAD "."
/* RFC 8037, appendix A.4. */
#define EDDSA                                                                                      \
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvM" \
    "g3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
#define EDDSA_KEY                                                                                  \
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"

#define EXPIRY 1300819380

static enum jwt_result verify_until(const char *token, const char *jwk, int64_t now)
{
    const struct jwt_rules rules = {.algorithms = ALL_ALGORITHMS, .require_expiry = true};
    struct key_set *set = issuer_keys(jwk);
    enum jwt_result result = issuer_verify(token, &rules, set, now);
    key_set_unref(set);
    return result;
}

static enum jwt_result verify(const char *token, const char *jwk)
{
    return verify_until(token, jwk, 0);
}

static void accepts_the_tokens_of_rfc_7515_until_they_expire(void **state)
{
    static const struct {
        const char *token;
        const char *key;
    } examples[] = {{HS256, HS256_KEY}, {RS256, RS256_KEY}, {ES256, ES256_KEY}};
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        assert_int_equal(verify_until(examples[i].token, examples[i].key, EXPIRY - 1), JWT_OK);
        assert_int_equal(verify_until(examples[i].token, examples[i].key, EXPIRY), JWT_EXPIRED);
    }
}

static void assert_signs(const char *token, const char *jwk, const char *expected)
{
    struct key_set *set = issuer_keys(jwk);
    const struct key_set *sets[] = {NULL, set};
    char *payload;
    size_t len;
    assert_int_equal(
        jwt_verify_signature(token, strlen(token), ALL_ALGORITHMS, sets, 2, &payload, &len),
        JWT_OK);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(payload, expected, len);
    free(payload);
    key_set_unref(set);
}

static void accepts_the_signatures_of_rfc_7515_and_rfc_8037(void **state)
{
    (void)state;
    assert_signs(ES512, ES512_KEY, "Payload");
    assert_signs(EDDSA, EDDSA_KEY, "Example of Ed25519 signing");
}

static void refuses_the_unsecured_token_of_rfc_7519(void **state)
{
    (void)state;
    assert_int_equal(verify(UNSECURED, HS256_KEY), JWT_MALFORMED);
    assert_int_equal(verify(UNSECURED "AA", HS256_KEY), JWT_WRONG_ALGORITHM);
}

static void an_algorithm_is_written_in_one_way(void **state)
{
    static const char *const headers[] = {
        "{\"alg\":\"none\"}",   "{\"alg\":\"None\"}",   "{\"alg\":\"NONE\"}",
        "{\"alg\":\"nOnE\"}",   "{\"alg\":\" none\"}",  "{\"alg\":\"none\\u0020\"}",
        "{\"alg\":\"hs256\"}",  "{\"alg\":\"HS256 \"}", "{\"alg\":\"\"}",
        "{\"alg\":\"HS2567\"}", "{\"alg\":\"HS\"}",     "{\"alg\":\"A128KW\"}",
        "{\"alg\":\"ES256K\"}"};
    struct key_set *set = key_set_from_secret(ISSUER_SECRET, strlen(ISSUER_SECRET), NULL);
    const struct jwt_rules rules = {.algorithms = ALL_ALGORITHMS};
    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        assert_int_equal(
            issuer_verify(issuer_hs256(headers[i], "{}", ISSUER_SECRET, strlen(ISSUER_SECRET)),
                          &rules, set, 0),
            JWT_WRONG_ALGORITHM);
    key_set_unref(set);
}

static void assert_header(const char *header, enum jwt_result expected)
{
    struct key_set *set = key_set_from_secret(ISSUER_SECRET, strlen(ISSUER_SECRET), NULL);
    const struct jwt_rules rules = {.algorithms = ALL_ALGORITHMS};
    const char *token = issuer_hs256(header, "{}", ISSUER_SECRET, strlen(ISSUER_SECRET));
    enum jwt_result result = issuer_verify(token, &rules, set, 0);
    if (result != expected)
        fail_msg("%s: %s", header, jwt_result_text(result));
    key_set_unref(set);
}

static void headers_that_could_be_read_in_two_ways_are_refused(void **state)
{
    (void)state;
    assert_header("{\"alg\":\"HS256\"}", JWT_OK);
    assert_header("{\n  \"alg\" : \"HS256\"\n}", JWT_OK);
    assert_header("{\"alg\":\"HS256\",\"alg\":\"none\"}", JWT_MALFORMED);
    assert_header("{\"alg\":\"none\",\"alg\":\"HS256\"}", JWT_MALFORMED);
    assert_header("{\"alg\":\"HS256\",\"\\u0061lg\":\"none\"}", JWT_MALFORMED);
    assert_header("{\"alg\":[\"HS256\"]}", JWT_MALFORMED);
    assert_header("{\"alg\":null}", JWT_MALFORMED);
    assert_header("{}", JWT_MALFORMED);
    assert_header("[]", JWT_MALFORMED);
    assert_header("{\"alg\":\"HS256\"} ", JWT_OK);
    assert_header("{\"alg\":\"HS256\"}x", JWT_MALFORMED);
    assert_header("{\"alg\":\"HS256\\u0000\"}", JWT_MALFORMED);
    assert_header("{\"alg\":\"HS256\",\"x\":\"\xff\"}", JWT_MALFORMED);
}

static void extensions_are_refused_and_keys_in_headers_ignored(void **state)
{
    (void)state;
    assert_header("{\"alg\":\"HS256\",\"crit\":[\"exp\"]}", JWT_CRITICAL);
    assert_header("{\"alg\":\"HS256\",\"crit\":null}", JWT_CRITICAL);
    assert_header("{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":false}", JWT_CRITICAL);
    assert_header("{\"alg\":\"HS256\",\"b64\":false}", JWT_CRITICAL);
    assert_header("{\"alg\":\"HS256\",\"b64\":true}", JWT_OK);
    assert_header("{\"alg\":\"HS256\",\"jku\":\"http://127.0.0.1/\",\"x5u\":1,\"x5c\":[],"
                  "\"jwk\":{\"kty\":\"oct\",\"k\":\"AAAA\"}}",
                  JWT_OK);
}

static void a_key_id_is_a_text_of_some_length(void **state)
{
    static char header[400] = "{\"alg\":\"HS256\",\"kid\":\"";
    (void)state;
    assert_header("{\"alg\":\"HS256\",\"kid\":\"../../etc/passwd\"}", JWT_OK);
    assert_header("{\"alg\":\"HS256\",\"kid\":\"' OR 1=1 --\"}", JWT_OK);
    assert_header("{\"alg\":\"HS256\",\"kid\":1}", JWT_MALFORMED);
    assert_header("{\"alg\":\"HS256\",\"kid\":null}", JWT_MALFORMED);
    assert_header("{\"alg\":\"HS256\",\"kid\":[\"a\"]}", JWT_MALFORMED);
    size_t len = strlen(header);
    memset(header + len, 'k', 256);
    strcat(header, "\"}");
    assert_header(header, JWT_UNKNOWN_KEY);
}

static void depth_and_length_are_bounded(void **state)
{
    static char deep[6000] = "{\"alg\":\"HS256\",\"x\":";
    static char token[9000] = "eyJhbGciOiJIUzI1NiJ9.";
    (void)state;
    size_t len = strlen(deep);
    memset(deep + len, '[', 2800);
    memset(deep + len + 2800, ']', 2800);
    strcat(deep, "}");
    assert_header(deep, JWT_MALFORMED);
    memset(token + strlen(token), 'A', 8500);
    strcat(token, ".AAAA");
    assert_int_equal(verify(token, HS256_KEY), JWT_MALFORMED);
}

static void a_key_is_not_talked_into_another_algorithm(void **state)
{
    (void)state;
    assert_int_equal(verify(HS256, ES256_KEY), JWT_UNKNOWN_KEY);
    assert_int_equal(verify(HS256, RS256_KEY), JWT_UNKNOWN_KEY);
    assert_int_equal(verify(RS256, HS256_KEY), JWT_UNKNOWN_KEY);
    assert_int_equal(verify(RS256, ES256_KEY), JWT_UNKNOWN_KEY);
    assert_int_equal(verify(ES256, HS256_KEY), JWT_UNKNOWN_KEY);
    assert_int_equal(verify(ES256, ES512_KEY), JWT_UNKNOWN_KEY);
    assert_int_equal(verify(EDDSA, ES256_KEY), JWT_UNKNOWN_KEY);
}

/* RFC 8725, section 2.1: the public key, which everybody knows, as the secret of an HMAC. */
static void a_public_key_is_no_secret(void **state)
{
    char error[KEY_ERROR_SIZE];
    const struct jwt_rules rules = {.algorithms = ALL_ALGORITHMS};
    struct key_set *jwk = issuer_keys(RS256_KEY);
    EVP_PKEY *pkey = EVP_RSA_gen(2048);
    (void)state;
    const char *pem = issuer_pem(pkey);
    struct key_set *set = key_set_parse_pem(pem, strlen(pem), error);
    assert_non_null(set);
    const char *token = issuer_hs256("{\"alg\":\"HS256\"}", "{}", pem, strlen(pem));
    assert_int_equal(issuer_verify(token, &rules, set, 0), JWT_UNKNOWN_KEY);
    token = issuer_hs256("{\"alg\":\"HS256\"}", "{}", RS256_KEY, strlen(RS256_KEY));
    assert_int_equal(issuer_verify(token, &rules, jwk, 0), JWT_UNKNOWN_KEY);
    assert_null(key_set_from_secret(pem, strlen(pem), error));
    assert_non_null(strstr(error, "jwt_key_file"));
    key_set_unref(set);
    key_set_unref(jwk);
    EVP_PKEY_free(pkey);
}

static void every_flipped_character_is_noticed(void **state)
{
    char token[] = ES256;
    (void)state;
    for (size_t i = 0; i < strlen(token); i++) {
        char was = token[i];
        token[i] = was == 'A' ? 'B' : 'A';
        if (verify(token, ES256_KEY) == JWT_OK)
            fail_msg("accepted with another character at %zu", i);
        token[i] = was;
        token[i] = '.';
        if (was != '.' && verify(token, ES256_KEY) == JWT_OK)
            fail_msg("accepted with a dot at %zu", i);
        token[i] = was;
    }
}

/* The last letter of 64 bytes in base64 holds two bits; the other four have to be zero. */
static void a_signature_is_written_in_one_way(void **state)
{
    char token[sizeof ES256 + 8] = ES256;
    size_t last = strlen(token) - 1;
    (void)state;
    assert_int_equal(token[last], 'Q');
    for (const char *other = "RSTUVWXYZabcdef"; *other != '\0'; other++) {
        token[last] = *other;
        assert_int_equal(verify(token, ES256_KEY), JWT_MALFORMED);
    }
    assert_int_equal(verify(ES256 "==", ES256_KEY), JWT_MALFORMED);
    assert_int_equal(verify(ES256 "\n", ES256_KEY), JWT_MALFORMED);
    assert_int_equal(verify(" " ES256, ES256_KEY), JWT_MALFORMED);
    assert_int_equal(verify(ES256 ".", ES256_KEY), JWT_MALFORMED);
    assert_int_equal(verify(ES256 ".AA.AA", ES256_KEY), JWT_MALFORMED);
}

/* libcjose compares an HMAC before it looks at how long the signature is. */
static void a_signature_has_one_length(void **state)
{
    static const struct {
        const char *header;
        const char *key;
        size_t len;
    } cases[] = {{"{\"alg\":\"HS256\"}", HS256_KEY, 32},  {"{\"alg\":\"HS512\"}", HS256_KEY, 64},
                 {"{\"alg\":\"RS256\"}", RS256_KEY, 256}, {"{\"alg\":\"PS512\"}", RS256_KEY, 256},
                 {"{\"alg\":\"ES256\"}", ES256_KEY, 64},  {"{\"alg\":\"ES512\"}", ES512_KEY, 132},
                 {"{\"alg\":\"EdDSA\"}", EDDSA_KEY, 64}};
    static const uint8_t zeros[1024];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t len = 1; len <= cases[i].len + 1; len++)
            assert_int_equal(verify(issuer_token(cases[i].header, "{}", zeros, len), cases[i].key),
                             strstr(cases[i].header, "HS") != NULL ? JWT_WRONG_SIGNATURE
                                                                   : JWT_NO_KEY_FITS);
    assert_int_equal(verify(issuer_token("{\"alg\":\"RS256\"}", "{}", zeros, 1024), RS256_KEY),
                     JWT_NO_KEY_FITS);
}

/* libcjose ends the process over such a payload, and did so for whoever sent one. */
static void a_payload_that_is_no_base64_ends_nothing(void **state)
{
    static const char *const payloads[] = {"A",    "AAAAA", "A=",   "AAA=A", "=",
                                           "A===", "AB==",  "AAA+", "AA A",  "\xff"};
    char token[300];
    (void)state;
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        snprintf(token, sizeof token, "eyJhbGciOiJFUzI1NiJ9.%s.%s", payloads[i],
                 strrchr(ES256, '.') + 1);
        assert_int_equal(verify(token, ES256_KEY), JWT_MALFORMED);
    }
}

/* r and s of 0, of the order, and one of each: none is a signature of anything. */
static void ecdsa_takes_no_degenerate_numbers(void **state)
{
    static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0,    0,    0,    0,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
                                      0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    uint8_t signature[64];
    (void)state;
    for (int which = 0; which < 9; which++) {
        memset(signature, 0, sizeof signature);
        for (int half = 0; half < 2; half++) {
            int kind = half == 0 ? which % 3 : which / 3;
            if (kind == 1)
                signature[half * 32 + 31] = 1;
            else if (kind == 2)
                memcpy(signature + (ptrdiff_t)half * 32, order, 32);
        }
        assert_int_equal(
            verify(issuer_token("{\"alg\":\"ES256\"}", "{}", signature, 64), ES256_KEY),
            JWT_NO_KEY_FITS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_the_tokens_of_rfc_7515_until_they_expire),
        cmocka_unit_test(accepts_the_signatures_of_rfc_7515_and_rfc_8037),
        cmocka_unit_test(refuses_the_unsecured_token_of_rfc_7519),
        cmocka_unit_test(an_algorithm_is_written_in_one_way),
        cmocka_unit_test(headers_that_could_be_read_in_two_ways_are_refused),
        cmocka_unit_test(extensions_are_refused_and_keys_in_headers_ignored),
        cmocka_unit_test(a_key_id_is_a_text_of_some_length),
        cmocka_unit_test(depth_and_length_are_bounded),
        cmocka_unit_test(a_key_is_not_talked_into_another_algorithm),
        cmocka_unit_test(a_public_key_is_no_secret),
        cmocka_unit_test(every_flipped_character_is_noticed),
        cmocka_unit_test(a_signature_is_written_in_one_way),
        cmocka_unit_test(a_signature_has_one_length),
        cmocka_unit_test(a_payload_that_is_no_base64_ends_nothing),
        cmocka_unit_test(ecdsa_takes_no_degenerate_numbers),
    };
    return cmocka_run_group_tests_name("auth, JWT", tests, NULL, NULL) + run_claim_tests() +
           run_key_tests();
}
