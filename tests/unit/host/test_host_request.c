#include "host/host_request.h"
#include "made_certificate.h"
#include "pipeline/hook.h"
#include "pipeline/upgrade.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static struct upgrade *upgrade;

static int set_up(void **state)
{
    static const char *const names[] = {"Host", "Cookie", "Sec-WebSocket-Protocol"};
    static const char *const values[] = {"localhost", "a=1; session=x y", "chat.v2, chat.v1"};
    const struct request_source source = {.method = "GET",
                                          .http_version = "1.1",
                                          .path = "/ws",
                                          .query = "room=a%20b&empty=",
                                          .header_count = 3,
                                          .header_names = names,
                                          .header_values = values};
    struct request *request;
    (void)state;
    if (request_create(&source, &request) != OK)
        return -1;
    return upgrade_create(request, false, NULL, &upgrade);
}

static int tear_down(void **state)
{
    (void)state;
    upgrade_unref(upgrade);
    return 0;
}

static void expect_text(bool found, struct sl_string text, const char *expected)
{
    assert_true(found);
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.data, expected, text.len);
}

static void finds_what_the_request_has(void **state)
{
    struct sl_string text = {0};
    (void)state;
    expect_text(host_request_header(&upgrade->seen, "host", &text), text, "localhost");
    expect_text(host_request_query(&upgrade->seen, "room", &text), text, "a b");
    expect_text(host_request_query(&upgrade->seen, "empty", &text), text, "");
    expect_text(host_request_cookie(&upgrade->seen, "session", &text), text, "x y");
    expect_text(host_request_subprotocol(&upgrade->seen, 1, &text), text, "chat.v1");
}

static void says_what_it_does_not_have(void **state)
{
    struct sl_string text = {.data = "before", .len = 6};
    (void)state;
    assert_false(host_request_header(&upgrade->seen, "Origin", &text));
    assert_false(host_request_query(&upgrade->seen, "none", &text));
    assert_false(host_request_cookie(&upgrade->seen, "none", &text));
    assert_false(host_request_subprotocol(&upgrade->seen, 2, &text));
    assert_false(host_request_certificate(&upgrade->seen, SL_CERTIFICATE_SUBJECT, 0, &text));
    expect_text(true, text, "before");
}

static void shapes_the_answer(void **state)
{
    (void)state;
    assert_int_equal(host_select_subprotocol(&upgrade->seen, "chat.v1"), 0);
    assert_int_equal(host_select_subprotocol(&upgrade->seen, "mqtt"), -1);
    assert_string_equal(upgrade_subprotocol(upgrade), "chat.v1");
    assert_int_equal(host_deny(&upgrade->seen, 429, "slowly"), SL_DENY);
    assert_int_equal(upgrade->status, 429);
    assert_int_equal(host_deny_header(&upgrade->seen, "Retry-After", "7"), 0);
    assert_int_equal(host_deny_header(&upgrade->seen, "Bad Name", "7"), -1);
    assert_string_equal(upgrade->headers, "Retry-After: 7\r\n");
}

static void certificates_are_for_hooks(void **state)
{
    static const struct instance instance;
    struct made made = make_certificate();
    struct sl_string text;
    (void)state;
    finish_certificate(&made, NULL);
    assert_int_equal(X509_up_ref(made.certificate), 1);
    upgrade->peer = made.certificate;
    assert_false(host_request_certificate(&upgrade->seen, SL_CERTIFICATE_SERIAL, 0, &text));
    hook_begin(&instance, NULL, 0, "on_connect");
    expect_text(host_request_certificate(&upgrade->seen, SL_CERTIFICATE_SERIAL, 0, &text), text,
                "1afe");
    assert_false(host_request_certificate(&upgrade->seen, SL_CERTIFICATE_DNS, 0, &text));
    hook_end();
    release_certificate(&made);
}

#define request_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        request_test(finds_what_the_request_has),
        request_test(says_what_it_does_not_have),
        request_test(shapes_the_answer),
        request_test(certificates_are_for_hooks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
