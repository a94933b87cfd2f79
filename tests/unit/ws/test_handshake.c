/* core/ws/handshake.c: what is a good upgrade, what is refused with which status, and the reply. */
#include "ws/handshake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEY "dGhlIHNhbXBsZSBub25jZQ==" /* RFC 6455 section 1.3 */
#define FIELDS_MAX 16

/* A request under construction. */
struct draft {
    const char *method;
    const char *version;
    size_t count;
    const char *names[FIELDS_MAX];
    const char *values[FIELDS_MAX];
};

static void add(struct draft *draft, const char *name, const char *value)
{
    assert_true(draft->count < FIELDS_MAX);
    draft->names[draft->count] = name;
    draft->values[draft->count++] = value;
}

static struct draft good(void)
{
    struct draft draft = {.method = "GET", .version = "1.1"};
    add(&draft, "Host", "localhost:8080");
    add(&draft, "Upgrade", "websocket");
    add(&draft, "Connection", "Upgrade");
    add(&draft, "Sec-WebSocket-Key", KEY);
    add(&draft, "Sec-WebSocket-Version", "13");
    return draft;
}

/* Replaces a header's value; NULL takes the header out. */
static void change(struct draft *draft, const char *name, const char *value)
{
    for (size_t i = 0; i < draft->count; i++) {
        if (strcmp(draft->names[i], name) != 0)
            continue;
        draft->values[i] = value;
        if (value == NULL) {
            draft->count--;
            draft->names[i] = draft->names[draft->count];
            draft->values[i] = draft->values[draft->count];
        }
        return;
    }
    fail_msg("no header %s", name);
}

static struct request *make(const struct draft *draft)
{
    struct request_source source = {.method = draft->method,
                                    .http_version = draft->version,
                                    .path = "/ws",
                                    .header_count = draft->count,
                                    .header_names = draft->names,
                                    .header_values = draft->values};
    struct request *request = NULL;
    assert_int_equal(request_create(&source, &request), OK);
    return request;
}

static struct handshake_verdict check(const struct draft *draft)
{
    struct request *request = make(draft);
    struct handshake_verdict verdict = handshake_check(request);
    request_destroy(request);
    assert_non_null(verdict.reason);
    return verdict;
}

static void assert_status_with(const char *name, const char *value, int status)
{
    struct draft draft = good();
    change(&draft, name, value);
    assert_int_equal(check(&draft).status, status);
}

static void accepts_a_good_upgrade(void **state)
{
    (void)state;
    struct draft draft = good();
    struct handshake_verdict verdict = check(&draft);
    assert_int_equal(verdict.status, 101);
    assert_null(verdict.extra_header);
}

static void accepts_what_real_clients_send(void **state)
{
    (void)state;
    assert_status_with("Connection", "keep-alive, Upgrade", 101);
    assert_status_with("Connection", "upgrade", 101);
    assert_status_with("Upgrade", "WebSocket", 101);
    struct draft draft = good();
    add(&draft, "Content-Length", "0");
    assert_int_equal(check(&draft).status, 101);
}

static void accepts_tokens_spread_over_headers(void **state)
{
    (void)state;
    struct draft draft = good();
    change(&draft, "Connection", "keep-alive");
    add(&draft, "connection", "upgrade");
    assert_int_equal(check(&draft).status, 101);
}

static void answers_a_plain_get_with_426_and_upgrade(void **state)
{
    (void)state;
    struct draft draft = {.method = "GET", .version = "1.1"};
    add(&draft, "Host", "localhost");
    struct handshake_verdict verdict = check(&draft);
    assert_int_equal(verdict.status, 426);
    assert_string_equal(verdict.extra_header, "Upgrade: websocket");
    draft.version = "1.0";
    draft.count = 0;
    assert_int_equal(check(&draft).status, 426);
}

static void answers_another_method_with_405_and_allow(void **state)
{
    (void)state;
    static const char *const methods[] = {"POST", "HEAD", "OPTIONS", "get", "PUT", ""};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        struct draft draft = good();
        draft.method = methods[i];
        struct handshake_verdict verdict = check(&draft);
        assert_int_equal(verdict.status, 405);
        assert_string_equal(verdict.extra_header, "Allow: GET");
    }
}

static void answers_another_version_with_426_and_13(void **state)
{
    (void)state;
    static const char *const versions[] = {"8", "12", "14", "130", "13, 8", "x", "", NULL};
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        struct draft draft = good();
        change(&draft, "Sec-WebSocket-Version", versions[i]);
        struct handshake_verdict verdict = check(&draft);
        assert_int_equal(verdict.status, 426);
        assert_string_equal(verdict.extra_header, "Sec-WebSocket-Version: 13");
    }
}

static void refuses_old_http(void **state)
{
    (void)state;
    static const char *const versions[] = {"1.0", "0.9", "2.0", "", "1.", "1.1x"};
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        struct draft draft = good();
        draft.version = versions[i];
        assert_int_equal(check(&draft).status, 400);
    }
}

static void refuses_a_missing_or_bad_upgrade_header(void **state)
{
    (void)state;
    assert_status_with("Upgrade", NULL, 400);
    assert_status_with("Upgrade", "", 400);
    assert_status_with("Upgrade", "h2c", 400);
    assert_status_with("Upgrade", "websockets", 400);
}

static void refuses_a_missing_or_bad_connection_header(void **state)
{
    (void)state;
    assert_status_with("Connection", NULL, 400);
    assert_status_with("Connection", "", 400);
    assert_status_with("Connection", "close", 400);
    assert_status_with("Connection", "upgraded", 400);
}

static void refuses_a_missing_empty_or_repeated_host(void **state)
{
    (void)state;
    assert_status_with("Host", NULL, 400);
    assert_status_with("Host", "", 400);
    struct draft draft = good();
    add(&draft, "host", "other");
    assert_int_equal(check(&draft).status, 400);
}

static void refuses_malformed_keys(void **state)
{
    (void)state;
    assert_status_with("Sec-WebSocket-Key", NULL, 400);
    assert_status_with("Sec-WebSocket-Key", "", 400);
    assert_status_with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=", 400);
    assert_status_with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ===", 400);
    assert_status_with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZWU=", 400); /* 17 bytes */
    assert_status_with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j", 400);     /* 15 bytes */
    assert_status_with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j-_==", 400);
    assert_status_with("Sec-WebSocket-Key", "dGhlIHNh bXBsZSBub25jZ==", 400);
    assert_status_with("Sec-WebSocket-Key", "========================", 400);
}

static void refuses_repeated_keys_and_versions(void **state)
{
    (void)state;
    struct draft draft = good();
    add(&draft, "Sec-WebSocket-Key", KEY);
    assert_int_equal(check(&draft).status, 400);
    draft = good();
    add(&draft, "Sec-WebSocket-Version", "13");
    assert_int_equal(check(&draft).status, 400);
}

static void refuses_repeated_origins(void **state)
{
    (void)state;
    struct draft draft = good();
    add(&draft, "Origin", "https://example.com");
    assert_int_equal(check(&draft).status, 101);
    add(&draft, "origin", "https://evil.test");
    assert_int_equal(check(&draft).status, 400);
}

static void refuses_an_upgrade_with_a_body(void **state)
{
    (void)state;
    struct draft draft = good();
    add(&draft, "Content-Length", "5");
    assert_int_equal(check(&draft).status, 400);
    draft = good();
    add(&draft, "Transfer-Encoding", "chunked");
    assert_int_equal(check(&draft).status, 400);
    draft = good();
    add(&draft, "Content-Length", "0");
    add(&draft, "Content-Length", "5");
    assert_int_equal(check(&draft).status, 400);
}

static void computes_the_accept_value_of_the_rfc(void **state)
{
    (void)state;
    struct draft draft = good();
    struct request *request = make(&draft);
    char accept[HANDSHAKE_ACCEPT_MAX];
    handshake_accept(request, accept);
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    request_destroy(request);
}

static void gives_no_accept_value_without_a_key(void **state)
{
    (void)state;
    struct draft draft = good();
    change(&draft, "Sec-WebSocket-Key", "short");
    struct request *request = make(&draft);
    char accept[HANDSHAKE_ACCEPT_MAX];
    handshake_accept(request, accept);
    assert_string_equal(accept, "");
    request_destroy(request);
}

static void selects_the_first_offer_that_is_supported(void **state)
{
    (void)state;
    static const char *const supported[] = {"chat.v1", "chat.v2"};
    struct draft draft = good();
    add(&draft, "Sec-WebSocket-Protocol", "other, chat.v2");
    add(&draft, "sec-websocket-protocol", "chat.v1");
    struct request *request = make(&draft);
    assert_ptr_equal(handshake_select_subprotocol(request, supported, 2), supported[1]);
    assert_ptr_equal(handshake_select_subprotocol(request, supported, 1), supported[0]);
    request_destroy(request);
}

static void selects_nothing_when_nothing_fits(void **state)
{
    (void)state;
    static const char *const supported[] = {"Chat", "chats"};
    struct draft draft = good();
    struct request *request = make(&draft);
    assert_null(handshake_select_subprotocol(request, supported, 2));
    request_destroy(request);
    add(&draft, "Sec-WebSocket-Protocol", "chat, cha");
    request = make(&draft);
    assert_null(handshake_select_subprotocol(request, supported, 2));
    assert_null(handshake_select_subprotocol(request, NULL, 0));
    request_destroy(request);
}

static void writes_the_response(void **state)
{
    (void)state;
    static const char expected[] = "HTTP/1.1 101 Switching Protocols\r\n"
                                   "Upgrade: websocket\r\n"
                                   "Connection: Upgrade\r\n"
                                   "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                                   "\r\n";
    struct draft draft = good();
    struct request *request = make(&draft);
    char out[512];
    assert_int_equal(handshake_response(request, NULL, NULL, out, sizeof out), sizeof expected - 1);
    assert_string_equal(out, expected);
    request_destroy(request);
}

static void writes_subprotocol_and_extensions(void **state)
{
    (void)state;
    struct draft draft = good();
    struct request *request = make(&draft);
    char out[512];
    size_t len = handshake_response(request, "chat.v1", NULL, out, sizeof out);
    assert_int_equal(len, strlen(out));
    assert_non_null(strstr(out, "\r\nSec-WebSocket-Protocol: chat.v1\r\n\r\n"));
    len = handshake_response(request, "chat.v1", "permessage-deflate", out, sizeof out);
    assert_int_equal(len, strlen(out));
    assert_non_null(strstr(out, "\r\nSec-WebSocket-Protocol: chat.v1\r\n"
                                "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"));
    for (size_t size = 1; size <= len; size++)
        assert_int_equal(handshake_response(request, "chat.v1", "permessage-deflate", out, size),
                         0);
    request_destroy(request);
}

static void says_when_the_response_does_not_fit(void **state)
{
    (void)state;
    struct draft draft = good();
    struct request *request = make(&draft);
    char out[512];
    size_t len = handshake_response(request, NULL, NULL, out, sizeof out);
    assert_int_equal(handshake_response(request, NULL, NULL, out, len), 0); /* no room for the 0 */
    assert_int_equal(handshake_response(request, NULL, NULL, out, len + 1), len);
    assert_int_equal(handshake_response(request, NULL, NULL, out, 1), 0);
    request_destroy(request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_a_good_upgrade),
        cmocka_unit_test(accepts_what_real_clients_send),
        cmocka_unit_test(accepts_tokens_spread_over_headers),
        cmocka_unit_test(answers_a_plain_get_with_426_and_upgrade),
        cmocka_unit_test(answers_another_method_with_405_and_allow),
        cmocka_unit_test(answers_another_version_with_426_and_13),
        cmocka_unit_test(refuses_old_http),
        cmocka_unit_test(refuses_a_missing_or_bad_upgrade_header),
        cmocka_unit_test(refuses_a_missing_or_bad_connection_header),
        cmocka_unit_test(refuses_a_missing_empty_or_repeated_host),
        cmocka_unit_test(refuses_malformed_keys),
        cmocka_unit_test(refuses_repeated_keys_and_versions),
        cmocka_unit_test(refuses_repeated_origins),
        cmocka_unit_test(refuses_an_upgrade_with_a_body),
        cmocka_unit_test(computes_the_accept_value_of_the_rfc),
        cmocka_unit_test(gives_no_accept_value_without_a_key),
        cmocka_unit_test(selects_the_first_offer_that_is_supported),
        cmocka_unit_test(selects_nothing_when_nothing_fits),
        cmocka_unit_test(writes_the_response),
        cmocka_unit_test(writes_subprotocol_and_extensions),
        cmocka_unit_test(says_when_the_response_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
