/*
 * What claims have to be, at which moment, and what is read from them.
 */
#include "../json_text.h"
#include "../jwt_claims.h"
#include "issuer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#define NOW 1000000

static enum jwt_result verify(const char *payload, const struct jwt_rules *rules)
{
    char error[KEY_ERROR_SIZE];
    struct jwt_rules all = *rules;
    struct key_set *set = key_set_from_secret(ISSUER_SECRET, strlen(ISSUER_SECRET), error);
    const char *token =
        issuer_hs256("{\"alg\":\"HS256\"}", payload, ISSUER_SECRET, strlen(ISSUER_SECRET));
    all.algorithms = ALGORITHM_HS256;
    enum jwt_result result = issuer_verify(token, &all, set, NOW);
    key_set_unref(set);
    return result;
}

static void assert_result(const char *payload, const struct jwt_rules *rules,
                          enum jwt_result expected)
{
    enum jwt_result result = verify(payload, rules);
    if (result != expected)
        fail_msg("%s: %s", payload, jwt_result_text(result));
}

static void times_have_edges_and_a_leeway(void **state)
{
    const struct jwt_rules strict = {.require_expiry = true};
    const struct jwt_rules lenient = {.leeway = 10};
    (void)state;
    assert_result("{\"exp\":1000001}", &strict, JWT_OK);
    assert_result("{\"exp\":1000000.5}", &strict, JWT_OK);
    assert_result("{\"exp\":1000000}", &strict, JWT_EXPIRED);
    assert_result("{\"exp\":999991}", &lenient, JWT_OK);
    assert_result("{\"exp\":999990}", &lenient, JWT_EXPIRED);
    assert_result("{\"nbf\":1000010}", &lenient, JWT_OK);
    assert_result("{\"nbf\":1000011}", &lenient, JWT_NOT_YET);
    assert_result("{\"iat\":1000010}", &lenient, JWT_OK);
    assert_result("{\"iat\":1000011}", &lenient, JWT_NOT_YET);
    assert_result("{}", &lenient, JWT_OK);
    assert_result("{}", &strict, JWT_NO_EXPIRY);
}

static void times_are_numbers_that_can_be_told(void **state)
{
    static const char *const bad[] = {"{\"exp\":\"1000001\"}",
                                      "{\"exp\":null}",
                                      "{\"exp\":true}",
                                      "{\"exp\":[1000001]}",
                                      "{\"exp\":{}}",
                                      "{\"exp\":1e999}",
                                      "{\"exp\":NaN}",
                                      "{\"exp\":Infinity}",
                                      "{\"nbf\":\"1\"}",
                                      "{\"iat\":\"1\"}",
                                      "{\"exp\":0x7fffffff}",
                                      "{\"exp\":01000001}",
                                      "{\"exp\":99999999999999999999}"};
    const struct jwt_rules rules = {.require_expiry = true};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_result(bad[i], &rules, JWT_WRONG_CLAIMS);
    assert_result("{\"exp\":1e300}", &rules, JWT_OK);
    assert_result("{\"exp\":9223372036854775807}", &rules, JWT_OK);
    assert_result("{\"exp\":-1}", &rules, JWT_EXPIRED);
    assert_result("{\"exp\":-9223372036854775808}", &rules, JWT_EXPIRED);
    assert_result("{\"exp\":-1e300}", &rules, JWT_EXPIRED);
    assert_result("{\"exp\":0}", &rules, JWT_EXPIRED);
}

static void an_expiry_is_never_lost_on_the_way_to_a_number(void **state)
{
    static const struct {
        const char *claims;
        int64_t expected;
    } cases[] = {{"{}", 0},
                 {"{\"exp\":1e300}", 1000000000000},
                 {"{\"exp\":0.25}", 1},
                 {"{\"exp\":0}", 1},
                 {"{\"exp\":-5}", 1},
                 {"{\"exp\":100.5}", 101}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *claims = json_loads(cases[i].claims, 0, NULL);
        assert_int_equal(jwt_expiry(claims), cases[i].expected);
        json_decref(claims);
    }
}

static void payloads_are_objects_that_can_be_read_in_one_way(void **state)
{
    static const char *const bad[] = {"[]",         "\"text\"",
                                      "1",          "",
                                      "{\"a\":1}x", "{\"sub\":\"ada\",\"sub\":\"eve\"}",
                                      "{\"a\":1,}", "{\"sub\":\"\xc0\x80\"}"};
    static char deep[6000] = "{\"x\":";
    const struct jwt_rules rules = {0};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (verify(bad[i], &rules) != JWT_WRONG_CLAIMS && verify(bad[i], &rules) != JWT_MALFORMED)
            fail_msg("%s was accepted", bad[i]);
    memset(deep + strlen(deep), '[', 2800);
    memset(deep + strlen(deep), ']', 2800);
    strcat(deep, "}");
    assert_result(deep, &rules, JWT_WRONG_CLAIMS);
}

static void what_nobody_asks_for_refuses_nothing(void **state)
{
    static const char *const odd[] = {
        "{\"n\":9223372036854775808,\"sub\":\"a\"}",
        "{\"n\":[-99999999999999999999,1],\"sub\":\"a\"}",
        "{\"n\":{\"m\":1e400},\"sub\":\"a\"}",
        "{\"n\":-1.5E+999,\"sub\":\"a\"}",
        "{\"n\":\"\\u0000\",\"sub\":\"a\"}",
        "{\"\\u0000\":1,\"sub\":\"a\"}",
        "{\"n\":\"\\ud800\",\"sub\":\"a\"}",
        "{\"n\":\"\\udc00\\ud83d\\ude00\",\"sub\":\"a\"}",
    };
    const struct jwt_rules rules = {0};
    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        assert_result(odd[i], &rules, JWT_OK);
    assert_result("{\"n\":9223372036854775808,}", &rules, JWT_WRONG_CLAIMS);
    assert_result("{\"n\":1e400,\"n\":1}", &rules, JWT_WRONG_CLAIMS);
    assert_result("{\"exp\":1e400}", &rules, JWT_WRONG_CLAIMS);
    assert_result("{\"n\":1e400", &rules, JWT_WRONG_CLAIMS);
    assert_result("{\"n\":1e400.5}", &rules, JWT_WRONG_CLAIMS);
    assert_result("{\"n\":1e400e1}", &rules, JWT_WRONG_CLAIMS);
    assert_result("{\"n\":\"\\u0000", &rules, JWT_WRONG_CLAIMS);
}

static void assert_text(const char *json, const char *expected)
{
    char text[JSON_TEXT_SIZE];
    size_t len = 0;
    json_t *object = json_read(json, strlen(json), NULL);
    assert_non_null(object);
    assert_int_equal(json_to_text(json_object_get(object, "n"), text, &len), JSON_TEXT_OK);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(text, expected, len);
    json_decref(object);
}

static void what_is_asked_for_keeps_its_digits_and_is_no_other_text(void **state)
{
    (void)state;
    assert_text("{\"n\":18446744073709551615}", "18446744073709551615");
    assert_text("{\"n\":-9223372036854775809}", "-9223372036854775809");
    assert_text("{\"n\":9223372036854775807,\"m\":1e400}", "9223372036854775807");
    assert_text("{\"n\":\"admin\\u0000\"}", "admin\1");
    assert_text("{\"n\":\"\\\\u0000\",\"m\":1e400}", "\\u0000");
    assert_text("{\"n\":\"\\ud83d\\ude00\",\"m\":1e400}", "\xf0\x9f\x98\x80");
    assert_text("{\"n\":\"\\\"1e400\",\"m\":1e400}", "\"1e400");
    assert_text("{\"n\":[\"a\",\"b\"]}", "a b");
    assert_text("{\"n\":true}", "true");
    assert_text("{\"n\":-1E+400}", "-1E+400");
    assert_text("{\"m\":[1e309,1e309,1e309,1e309,1e309,1e309,1e309,1e309],\"n\":1}", "1");
}

static void issuers_are_compared_byte_by_byte(void **state)
{
    static const char *const names[] = {"https://a.test/", "b"};
    const struct jwt_rules rules = {.issuers = {names, 2}};
    (void)state;
    assert_result("{\"iss\":\"https://a.test/\"}", &rules, JWT_OK);
    assert_result("{\"iss\":\"b\"}", &rules, JWT_OK);
    assert_result("{\"iss\":\"https://a.test\"}", &rules, JWT_WRONG_ISSUER);
    assert_result("{\"iss\":\"HTTPS://a.test/\"}", &rules, JWT_WRONG_ISSUER);
    assert_result("{\"iss\":\"\"}", &rules, JWT_WRONG_ISSUER);
    assert_result("{\"iss\":[\"b\"]}", &rules, JWT_WRONG_ISSUER);
    assert_result("{\"iss\":null}", &rules, JWT_WRONG_ISSUER);
    assert_result("{}", &rules, JWT_WRONG_ISSUER);
}

static void one_audience_of_several_is_enough(void **state)
{
    static const char *const names[] = {"sluice"};
    const struct jwt_rules rules = {.audiences = {names, 1}};
    (void)state;
    assert_result("{\"aud\":\"sluice\"}", &rules, JWT_OK);
    assert_result("{\"aud\":[\"other\",\"sluice\"]}", &rules, JWT_OK);
    assert_result("{\"aud\":[]}", &rules, JWT_WRONG_AUDIENCE);
    assert_result("{\"aud\":[1,null,{\"sluice\":1},[\"sluice\"]]}", &rules, JWT_WRONG_AUDIENCE);
    assert_result("{\"aud\":\"\"}", &rules, JWT_WRONG_AUDIENCE);
    assert_result("{\"aud\":\"sluice2\"}", &rules, JWT_WRONG_AUDIENCE);
    assert_result("{\"aud\":{\"sluice\":1}}", &rules, JWT_WRONG_AUDIENCE);
    assert_result("{}", &rules, JWT_WRONG_AUDIENCE);
}

static void all_scopes_have_to_be_there_as_whole_words(void **state)
{
    static const char *const names[] = {"chat", "read"};
    const struct jwt_rules rules = {.scopes = {names, 2}};
    (void)state;
    assert_result("{\"scope\":\"read chat\"}", &rules, JWT_OK);
    assert_result("{\"scope\":\"  chat   write read \"}", &rules, JWT_OK);
    assert_result("{\"scp\":[\"chat\",\"read\"]}", &rules, JWT_OK);
    assert_result("{\"scopes\":[\"chat\"],\"scope\":\"read\"}", &rules, JWT_OK);
    assert_result("{\"scope\":\"chat\"}", &rules, JWT_SCOPE_MISSING);
    assert_result("{\"scope\":\"chatter readable\"}", &rules, JWT_SCOPE_MISSING);
    assert_result("{\"scope\":\"chat\\tread\"}", &rules, JWT_SCOPE_MISSING);
    assert_result("{\"scope\":[\"chat read\"]}", &rules, JWT_SCOPE_MISSING);
    assert_result("{\"scope\":{\"chat\":1,\"read\":1}}", &rules, JWT_SCOPE_MISSING);
    assert_result("{}", &rules, JWT_SCOPE_MISSING);
}

static void required_claims_have_their_values(void **state)
{
    static const struct claim_rule names[] = {
        {"org.id", "7"}, {"verified", "true"}, {"roles", "admin"}, {"team", NULL}};
    const struct jwt_rules rules = {.claims = names, .claim_count = 4};
    (void)state;
    assert_result("{\"org\":{\"id\":7},\"verified\":true,\"roles\":[\"x\",\"admin\"],\"team\":1}",
                  &rules, JWT_OK);
    assert_result("{\"org.id\":\"7\",\"verified\":\"true\",\"roles\":\"admin\",\"team\":[]}",
                  &rules, JWT_OK);
    assert_result("{\"org\":{\"id\":8},\"verified\":true,\"roles\":\"admin\",\"team\":1}", &rules,
                  JWT_CLAIM_MISSING);
    assert_result("{\"org\":{\"id\":7},\"verified\":1,\"roles\":\"admin\",\"team\":1}", &rules,
                  JWT_CLAIM_MISSING);
    assert_result("{\"org\":{\"id\":7},\"verified\":true,\"roles\":[],\"team\":1}", &rules,
                  JWT_CLAIM_MISSING);
    assert_result("{\"org\":{\"id\":7},\"verified\":true,\"roles\":\"admin\",\"team\":null}",
                  &rules, JWT_CLAIM_MISSING);
    assert_result("{\"org\":7}", &rules, JWT_CLAIM_MISSING);
}

int run_claim_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_have_edges_and_a_leeway),
        cmocka_unit_test(times_are_numbers_that_can_be_told),
        cmocka_unit_test(an_expiry_is_never_lost_on_the_way_to_a_number),
        cmocka_unit_test(payloads_are_objects_that_can_be_read_in_one_way),
        cmocka_unit_test(what_nobody_asks_for_refuses_nothing),
        cmocka_unit_test(what_is_asked_for_keeps_its_digits_and_is_no_other_text),
        cmocka_unit_test(issuers_are_compared_byte_by_byte),
        cmocka_unit_test(one_audience_of_several_is_enough),
        cmocka_unit_test(all_scopes_have_to_be_there_as_whole_words),
        cmocka_unit_test(required_claims_have_their_values),
    };
    return cmocka_run_group_tests_name("auth, claims", tests, NULL, NULL);
}
