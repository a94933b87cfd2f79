/*
 * Who gets in, who does not, and what each of them is told.
 */
#include "tests.h"

#include <stdlib.h>
#include <string.h>

#define FROM_VARIABLE "tokens_env: " TOKENS_VARIABLE

static void assert_accepted_as(const char *options, struct fake_upgrade upgrade,
                               const char *expected)
{
    const char *identity;
    struct fake_result result;
    struct fake_instance *instance = instance_with(options, "");
    assert_int_equal(connect_with(instance, &upgrade, &result, &identity), SL_CONTINUE);
    assert_string_equal(identity, expected);
    assert_int_equal(result.code, 0);
    fake_instance_destroy(instance);
}

static void assert_denied_with(const char *options, struct fake_upgrade upgrade, int status,
                               const char *challenge)
{
    const char *identity;
    struct fake_result result;
    struct fake_instance *instance = instance_with(options, "");
    assert_int_equal(connect_with(instance, &upgrade, &result, &identity), SL_DENY);
    assert_int_equal(result.code, status);
    assert_true(strlen(result.reason) > 0);
    assert_string_equal(identity, "");
    if (challenge == NULL)
        assert_null(strstr(result.headers, "WWW-Authenticate"));
    else
        assert_true(fake_result_has_header(&result, "WWW-Authenticate", challenge));
    fake_instance_destroy(instance);
}

#define BEARER(token)                                                                              \
    (struct fake_upgrade)                                                                          \
    {                                                                                              \
        .headers = { {"authorization", token} }                                                    \
    }
#define INVALID "Bearer error=\"invalid_token\""

static void names_the_client_after_its_token(void **state)
{
    (void)state;
    assert_accepted_as("{" FROM_VARIABLE "}", BEARER("Bearer " ALICE), "alice");
    assert_accepted_as("{" FROM_VARIABLE "}", BEARER("Bearer " BOB), "bob");
}

static void takes_the_scheme_in_any_case_and_spaces_around(void **state)
{
    (void)state;
    assert_accepted_as("{" FROM_VARIABLE "}", BEARER("bEARER   " ALICE "  "), "alice");
}

static void takes_a_token_from_every_source(void **state)
{
    (void)state;
    const char *options = "{" FROM_VARIABLE "}";
    assert_accepted_as(options, (struct fake_upgrade){.query = {{"token", ALICE}}}, "alice");
    assert_accepted_as(options, (struct fake_upgrade){.cookies = {{"token", ALICE}}}, "alice");
    assert_accepted_as(options, (struct fake_upgrade){.subprotocols = {"bearer", ALICE}}, "alice");
    assert_accepted_as(options, (struct fake_upgrade){.subprotocols = {"chat", "bearer", ALICE}},
                       "alice");
}

static void takes_the_names_of_parameter_and_cookie_from_the_options(void **state)
{
    (void)state;
    const char *options = "{" FROM_VARIABLE ", query_parameter: key, cookie: session}";
    assert_accepted_as(options, (struct fake_upgrade){.query = {{"key", ALICE}}}, "alice");
    assert_accepted_as(options, (struct fake_upgrade){.cookies = {{"session", ALICE}}}, "alice");
    assert_denied_with(options, (struct fake_upgrade){.query = {{"token", ALICE}}}, 401, "Bearer");
}

static void asks_for_a_token_if_there_is_none(void **state)
{
    (void)state;
    const char *options = "{" FROM_VARIABLE "}";
    assert_denied_with(options, (struct fake_upgrade){0}, 401, "Bearer");
    assert_denied_with(options, BEARER("Basic YWxpY2U6eA=="), 401, "Bearer");
    assert_denied_with(options, BEARER("Bearer"), 401, "Bearer");
    assert_denied_with(options, BEARER("Bearer   "), 401, "Bearer");
    assert_denied_with(options, BEARER("Bearer" ALICE), 401, "Bearer");
    assert_denied_with(options, (struct fake_upgrade){.query = {{"token", ""}}}, 401, "Bearer");
    assert_denied_with(options, (struct fake_upgrade){.subprotocols = {"bearer"}}, 401, "Bearer");
    assert_denied_with(options, (struct fake_upgrade){.subprotocols = {ALICE}}, 401, "Bearer");
}

static void abstains_without_a_token_if_none_is_required(void **state)
{
    (void)state;
    assert_accepted_as("{" FROM_VARIABLE ", required: false}", (struct fake_upgrade){0}, "");
    assert_denied_with("{" FROM_VARIABLE ", required: false}", BEARER("Bearer wrong"), 401,
                       INVALID);
}

static void refuses_tokens_that_are_not_listed(void **state)
{
    (void)state;
    static char huge[5000] = "Bearer ";
    const char *options = "{" FROM_VARIABLE "}";
    memset(huge + 7, 'a', sizeof huge - 8);
    assert_denied_with(options, BEARER("Bearer x"), 401, INVALID);
    assert_denied_with(options, BEARER("Bearer " ALICE "x"), 401, INVALID);
    assert_denied_with(options, BEARER("Bearer alice-0123456789abcde"), 401, INVALID);
    assert_denied_with(options, BEARER("Bearer alice"), 401, INVALID);
    assert_denied_with(options, BEARER("Bearer sha256:" BOB_SHA256), 401, INVALID);
    assert_denied_with(options, BEARER("Bearer " BOB_SHA256), 401, INVALID);
    assert_denied_with(options, BEARER("Bearer " ALICE " " ALICE), 401, INVALID);
    assert_denied_with(options, BEARER(huge), 401, INVALID);
}

static void a_good_token_of_another_name_is_forbidden(void **state)
{
    (void)state;
    const char *options = "{" FROM_VARIABLE ", allow: [bob]}";
    assert_accepted_as(options, BEARER("Bearer " BOB), "bob");
    assert_denied_with(options, BEARER("Bearer " ALICE), 403, NULL);
    assert_denied_with(options, BEARER("Bearer carol"), 401, INVALID);
}

static void the_first_source_with_a_token_decides(void **state)
{
    (void)state;
    const struct fake_upgrade both = {.headers = {{"Authorization", "Bearer " ALICE}},
                                      .cookies = {{"token", "wrong"}}};
    assert_accepted_as("{" FROM_VARIABLE ", from: [header, cookie]}", both, "alice");
    assert_denied_with("{" FROM_VARIABLE ", from: [cookie, header]}", both, 401, INVALID);
    const struct fake_upgrade empty = {.query = {{"token", ""}}, .cookies = {{"token", BOB}}};
    assert_accepted_as("{" FROM_VARIABLE "}", empty, "bob");
}

static void looks_nowhere_else_than_it_was_told(void **state)
{
    (void)state;
    const char *options = "{" FROM_VARIABLE ", from: [header]}";
    assert_denied_with(options, (struct fake_upgrade){.query = {{"token", ALICE}}}, 401, "Bearer");
    assert_denied_with(options, (struct fake_upgrade){.subprotocols = {"bearer", ALICE}}, 401,
                       "Bearer");
}

static void answers_bearer_and_never_the_token(void **state)
{
    (void)state;
    const char *identity;
    struct fake_result result;
    struct fake_instance *instance = instance_with("{" FROM_VARIABLE "}", "");
    struct fake_upgrade alone = {.subprotocols = {"bearer", ALICE}};
    assert_int_equal(connect_with(instance, &alone, &result, &identity), SL_CONTINUE);
    assert_string_equal(result.subprotocol, "bearer");

    struct fake_upgrade negotiated = {.subprotocols = {"chat", "bearer", ALICE},
                                      .subprotocol = "chat"};
    assert_int_equal(connect_with(instance, &negotiated, &result, &identity), SL_CONTINUE);
    assert_string_equal(result.subprotocol, "chat");

    struct fake_upgrade bad = {.subprotocols = {"bearer", "wrong"}};
    assert_int_equal(connect_with(instance, &bad, &result, &identity), SL_DENY);
    assert_string_equal(result.subprotocol, "bearer"); /* for shadow mode; a refusal names none */

    struct fake_upgrade elsewhere = {.subprotocols = {"bearer", "wrong"},
                                     .query = {{"token", ALICE}}};
    struct fake_instance *by_query = instance_with("{" FROM_VARIABLE ", from: [query]}", "");
    assert_int_equal(connect_with(by_query, &elsewhere, &result, &identity), SL_CONTINUE);
    assert_string_equal(result.subprotocol, "bearer");
    fake_instance_destroy(by_query);
    fake_instance_destroy(instance);
}

static void one_name_may_have_several_tokens(void **state)
{
    (void)state;
    setenv(TOKENS_VARIABLE, "alice " ALICE ",alice second-0123456789abcdef", 1);
    assert_accepted_as("{" FROM_VARIABLE ", allow: [alice]}", BEARER("Bearer " ALICE), "alice");
    assert_accepted_as("{" FROM_VARIABLE ", allow: [alice]}",
                       BEARER("Bearer second-0123456789abcdef"), "alice");
}

static void two_instances_know_only_their_own_tokens(void **state)
{
    (void)state;
    const char *identity;
    struct fake_result result;
    struct fake_instance *first = instance_with("{" FROM_VARIABLE "}", "");
    setenv(TOKENS_VARIABLE, "carol carol-0123456789abcdef", 1);
    struct fake_instance *second = instance_with("{" FROM_VARIABLE "}", "");
    struct fake_upgrade alice = BEARER("Bearer " ALICE), again = BEARER("Bearer " ALICE);
    assert_int_equal(connect_with(first, &alice, &result, &identity), SL_CONTINUE);
    assert_int_equal(connect_with(second, &again, &result, &identity), SL_DENY);
    fake_instance_destroy(first);
    fake_instance_destroy(second);
}

static void refuses_options_that_make_no_sense(void **state)
{
    (void)state;
    assert_refused("{}", "", "there are no tokens to compare with");
    assert_refused("{tokens_env: SLUICE_TEST_NOT_SET}", "",
                   "SLUICE_TEST_NOT_SET: this environment variable is not set");
    assert_refused("{" FROM_VARIABLE ", from: []}", "", "from is empty");
    assert_refused("{" FROM_VARIABLE ", from: [cookie, cookie]}", "", "from names cookie twice");
    assert_refused("{" FROM_VARIABLE ", from: [body]}", "", "header");
    assert_refused("{" FROM_VARIABLE ", allow: [carol]}", "", "allow names carol");
    assert_refused("{" FROM_VARIABLE ", query_parameter: ''}", "", "query_parameter");
    assert_refused("{token_file: x}", "", "tokens_file");
    assert_refused("{http_url: 'https://a:b@c/'}", "", "http_url: the URL holds a user");
    assert_refused("{http_url: 'https://c:x/'}", "",
                   "http_url: the URL names no server, or no port");
    static const char *const elsewhere[] = {"http://127.0.0.1.test/",   "http://127.test/",
                                            "http://localhost.test/",   "http://[::2]/",
                                            "http://127.0.0.1%2etest/", "HTTP://test/127.0.0.1"};
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        assert_refused("{jwks_url: '%s'}", elsewhere[i], "jwks_url is http:// to another machine");
    static const char *const here[] = {"http://127.0.0.1:80/", "http://127.1", "HTTP://LOCALHOST?q",
                                       "http://[::1]:80/", "https://test/"};
    for (size_t i = 0; i < sizeof here / sizeof *here; i++)
        fake_instance_destroy(instance_with("{jwks_url: '%s'}", here[i]));
}

static void never_says_a_token(void **state)
{
    (void)state;
    const char *identity;
    struct fake_result result;
    struct fake_instance *instance = instance_with("{" FROM_VARIABLE "}", "");
    struct fake_upgrade bad = BEARER("Bearer secret-of-somebody-else");
    assert_int_equal(connect_with(instance, &bad, &result, &identity), SL_DENY);
    assert_null(strstr(fake_log_text(), "secret"));
    assert_null(strstr(result.reason, "secret"));
    fake_instance_destroy(instance);
    assert_null(strstr(fake_log_text(), ALICE));
}

static void survives_every_failing_allocation(void **state)
{
    (void)state;
    const char *path = write_tokens("carol carol-0123456789abcdef\n", 29, 0600);
    char options[256] = "{" FROM_VARIABLE ", tokens_file: ";
    strcat(strcat(options, path), "}");
    unsigned long failures;
    struct fake_instance *instance = fake_instance_survive(plugin, options, &failures);
    assert_true(failures >= 4);
    fake_instance_destroy(instance);
    assert_int_equal(fake_live_allocations(), 0);
}

int run_auth_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(names_the_client_after_its_token, set_up),
        cmocka_unit_test_setup(takes_the_scheme_in_any_case_and_spaces_around, set_up),
        cmocka_unit_test_setup(takes_a_token_from_every_source, set_up),
        cmocka_unit_test_setup(takes_the_names_of_parameter_and_cookie_from_the_options, set_up),
        cmocka_unit_test_setup(asks_for_a_token_if_there_is_none, set_up),
        cmocka_unit_test_setup(abstains_without_a_token_if_none_is_required, set_up),
        cmocka_unit_test_setup(refuses_tokens_that_are_not_listed, set_up),
        cmocka_unit_test_setup(a_good_token_of_another_name_is_forbidden, set_up),
        cmocka_unit_test_setup(the_first_source_with_a_token_decides, set_up),
        cmocka_unit_test_setup(looks_nowhere_else_than_it_was_told, set_up),
        cmocka_unit_test_setup(answers_bearer_and_never_the_token, set_up),
        cmocka_unit_test_setup(one_name_may_have_several_tokens, set_up),
        cmocka_unit_test_setup(two_instances_know_only_their_own_tokens, set_up),
        cmocka_unit_test_setup(refuses_options_that_make_no_sense, set_up),
        cmocka_unit_test_setup(never_says_a_token, set_up),
        cmocka_unit_test_setup(survives_every_failing_allocation, set_up),
    };
    return cmocka_run_group_tests_name("auth", tests, NULL, NULL);
}
