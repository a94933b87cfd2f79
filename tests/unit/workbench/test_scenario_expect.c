#include "workbench.h"

#include "workbench/scenario_expect.h"

/* What the message's hook has led to, against which a test's text is compared. */
static const struct fake_result message = {.verdict = SL_CLOSE,
                                           .code = 4001,
                                           .reason = "Enough",
                                           .type = SL_TEXT,
                                           .data = (char *)(uintptr_t)"{\"a\": 1, \"b\": [2]}",
                                           .len = 18,
                                           .topic = "news"};

static void compare_message(void *argument)
{
    expect_message(yaml_of(argument), &message, "{\"a\": 1}", 8);
}

static void messages_are_what_is_expected(void **state)
{
    (void)state;
    assert_passes(compare_message, (char[]){"close"});
    assert_passes(compare_message, (char[]){"{verdict: close, close_code: 4001, reason: Enough}"});
    assert_passes(compare_message, (char[]){"{json: '{\"b\":[2],\"a\":1}', type: text}"});
    assert_passes(compare_message, (char[]){"{contains: '\"b\"', topic: news, unchanged: false}"});
}

static void messages_are_not_what_is_expected(void **state)
{
    (void)state;
    assert_fails(compare_message, (char[]){"drop"}, "expected 'drop', found 'close': Enough");
    assert_fails(compare_message, (char[]){"closed"}, "'closed' is no verdict");
    assert_fails(compare_message, (char[]){"{verdict: error}"}, "test.yaml:1:");
    assert_fails(compare_message, (char[]){"{close_code: 1000}"}, "expected 1000, found 4001");
    assert_fails(compare_message, (char[]){"{reason: x}"}, "reason: expected 'x', found 'Enough'");
    assert_fails(compare_message, (char[]){"{text: x}"}, "text: expected 'x'");
    assert_fails(compare_message, (char[]){"{json: '{\"a\":1}'}"}, "json: expected");
    assert_fails(compare_message, (char[]){"{json: '{'}"}, "this is not JSON itself");
    assert_fails(compare_message, (char[]){"{contains: c}"}, "expected something with 'c'");
    assert_fails(compare_message, (char[]){"{unchanged: true}"}, "the message is '{\"a\": 1, ");
    assert_fails(compare_message, (char[]){"{type: binary}"}, "type: expected 'binary'");
    assert_fails(compare_message, (char[]){"{topics: news}"}, "did you mean 'topic'?");
}

static void compare_unchanged(void *argument)
{
    expect_message(yaml_of(argument), &message, message.data, message.len);
}

static void a_message_may_be_unchanged(void **state)
{
    (void)state;
    assert_passes(compare_unchanged, (char[]){"{unchanged: true}"});
    assert_fails(compare_unchanged, (char[]){"{unchanged: false}"}, "the message is");
}

static void compare_connect(void *argument)
{
    const struct fake_result result = {.verdict = SL_DENY,
                                       .code = 429,
                                       .reason = "Later",
                                       .headers = "Retry-After: 5\n",
                                       .subprotocol = "v1"};
    situation_begin_host();
    struct sl_client *client = fake_client_create(NULL);
    fake_client_identify(client, "ada");
    fake_client_describe(client, "role", "admin");
    expect_connect(yaml_of(argument), client, &result);
}

static void connections_are_compared(void **state)
{
    (void)state;
    assert_passes(compare_connect, (char[]){"deny"});
    assert_passes(compare_connect, (char[]){"{verdict: deny, status: 429, reason: Later, headers: "
                                            "{Retry-After: 5}, identity: ada, subprotocol: v1, "
                                            "attributes: {role: admin}}"});
    assert_fails(compare_connect, (char[]){"continue"}, "expected 'continue', found 'deny'");
    assert_fails(compare_connect, (char[]){"{status: 403}"}, "expected 403, found 429");
    assert_fails(compare_connect, (char[]){"{headers: {Retry-After: 6}}"},
                 "no header 'Retry-After: 6' among: Retry-After: 5");
    assert_fails(compare_connect, (char[]){"{identity: eve}"}, "expected 'eve', found 'ada'");
    assert_fails(compare_connect, (char[]){"{attributes: {role: user}}"}, "found 'admin'");
    assert_fails(compare_connect, (char[]){"{attributes: {age: 5}}"}, "found 'nothing'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_what_is_expected),
        cmocka_unit_test(messages_are_not_what_is_expected),
        cmocka_unit_test(a_message_may_be_unchanged),
        cmocka_unit_test(connections_are_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
