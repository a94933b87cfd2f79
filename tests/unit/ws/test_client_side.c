#include "unit.h"

#include "ws/client_side.h"

#include <stdio.h>
#include <string.h>

static const char *const offered[] = {"chat", "superchat"};
static const char *const headers[] = {"Origin: https://example.org", "X-Note: a b"};

/* The example of RFC 6455, section 1.3. */
static const struct client_request asked = {.host = "example.org:8080",
                                            .target = "/ws?a=b",
                                            .key = "dGhlIHNhbXBsZSBub25jZQ==",
                                            .subprotocols = offered,
                                            .subprotocol_count = 2,
                                            .headers = headers,
                                            .header_count = 2};
#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define SWITCHING "HTTP/1.1 101 Switching Protocols\r\n"

static void a_key_is_16_bytes_in_base64(void **state)
{
    char key[CLIENT_KEY_MAX];
    (void)state;
    client_key_encode((const uint8_t *)"the sample nonce", key);
    assert_string_equal(key, asked.key);
}

static void the_request_has_everything_that_was_asked_for(void **state)
{
    struct buffer out;
    (void)state;
    buffer_init(&out, 4096);
    assert_int_equal(client_request_append(&out, &asked), OK);
    assert_int_equal(buffer_append(&out, "", 1), OK);
    assert_string_equal((const char *)out.data,
                        "GET /ws?a=b HTTP/1.1\r\n"
                        "Host: example.org:8080\r\n" UPGRADE "Sec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                        "Sec-WebSocket-Protocol: chat, superchat\r\n"
                        "Origin: https://example.org\r\nX-Note: a b\r\n\r\n");
    buffer_release(&out);
}

static void a_host_of_ones_own_takes_the_place_of_the_urls(void **state)
{
    static const char *const host[] = {"host: other"};
    struct client_request request = asked;
    struct buffer out;
    (void)state;
    request.headers = host;
    request.header_count = 1;
    buffer_init(&out, 4096);
    assert_int_equal(client_request_append(&out, &request), OK);
    assert_null(memmem(out.data, out.len, "example.org", 11));
    assert_non_null(memmem(out.data, out.len, "\r\nhost: other\r\n", 15));
    buffer_release(&out);
}

static void a_request_that_is_too_long_is_an_error(void **state)
{
    struct buffer out;
    (void)state;
    buffer_init(&out, 100);
    assert_int_equal(client_request_append(&out, &asked), ERR_LIMIT);
    buffer_release(&out);
}

static int read_text(const char *text, struct client_response *response)
{
    return client_response_read(&asked, text, strlen(text), CLIENT_RESPONSE_MAX, response);
}

static void a_good_answer_is_taken_wherever_it_is_cut(void **state)
{
    static const char answer[] =
        SWITCHING UPGRADE ACCEPT "Sec-WebSocket-Protocol: superchat\r\n\r\n\x81\x02hi";
    struct client_response response;
    size_t head = sizeof answer - 1 - 4;
    (void)state;
    for (size_t len = 0; len < head; len++)
        assert_int_equal(client_response_read(&asked, answer, len, CLIENT_RESPONSE_MAX, &response),
                         0);
    for (size_t len = head; len < sizeof answer; len++) {
        assert_int_equal(client_response_read(&asked, answer, len, CLIENT_RESPONSE_MAX, &response),
                         1);
        assert_int_equal(response.status, 101);
        assert_null(response.wrong);
        assert_string_equal(response.subprotocol, "superchat");
        assert_string_equal(response.phrase, "Switching Protocols");
        assert_int_equal(response.head_len, head);
    }
}

static void an_upgrade_that_is_none_is_named(void **state)
{
    static const struct {
        const char *headers;
        const char *wrong;
    } answers[] = {
        {"Connection: Upgrade\r\n" ACCEPT, "Upgrade: websocket"},
        {"Upgrade: websocket\r\n" ACCEPT, "Connection: Upgrade"},
        {UPGRADE, "Sec-WebSocket-Accept"},
        {UPGRADE "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOO=\r\n", "Sec-WebSocket-Accept"},
        {UPGRADE ACCEPT ACCEPT, "Sec-WebSocket-Accept"},
        {UPGRADE ACCEPT "Sec-WebSocket-Extensions: permessage-deflate\r\n", "extension"},
        {UPGRADE ACCEPT "Sec-WebSocket-Protocol: other\r\n", "subprotocol"},
        {UPGRADE ACCEPT "Sec-WebSocket-Protocol: \r\n", "subprotocol"},
        {UPGRADE ACCEPT "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: chat\r\n",
         "subprotocol"},
    };
    struct client_response response;
    char text[512];
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        snprintf(text, sizeof text, "%s%s\r\n", SWITCHING, answers[i].headers);
        assert_int_equal(read_text(text, &response), 1);
        assert_non_null(response.wrong);
        assert_non_null(strstr(response.wrong, answers[i].wrong));
    }
}

static void a_refusal_has_its_body_announced(void **state)
{
    struct client_response response;
    (void)state;
    assert_int_equal(
        read_text("HTTP/1.1 401 Unauthorized\r\nContent-Length: 12\r\n\r\n", &response), 1);
    assert_int_equal(response.status, 401);
    assert_int_equal(response.body_len, 12);
    assert_false(response.has_coding);
    assert_int_equal(
        read_text("HTTP/1.0 302\r\nLocation: /there\r\nTransfer-Encoding: chunked\r\n\r\n",
                  &response),
        1);
    assert_int_equal(response.status, 302);
    assert_string_equal(response.phrase, "");
    assert_string_equal(response.location, "/there");
    assert_true(response.has_coding);
    assert_int_equal(response.body_len, CLIENT_BODY_TO_END);
    assert_int_equal(read_text("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", &response),
                     1);
    assert_int_equal(response.body_len, CLIENT_BODY_TO_END);
}

static void what_is_no_answer_is_refused(void **state)
{
    static const char *const texts[] = {"\x15\x03\x01zzz\r\n\r\n",
                                        "HTTP/2 200\r\n\r\n",
                                        "HTTP/1.1 1010 x\r\n\r\n",
                                        "HTTP/1.1 10 x\r\n\r\n",
                                        "HTTP/1.1 abc\r\n\r\n",
                                        "HTTP/1.1\r\n\r\n",
                                        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
                                        "HTTP/1.1 200 OK\r\n: empty\r\n\r\n"};
    struct client_response response;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(read_text(texts[i], &response), ERR_INVALID);
    assert_int_equal(client_response_read(&asked, "HTTP/1.1 200 a\0b\r\n\r\n", 20,
                                          CLIENT_RESPONSE_MAX, &response),
                     ERR_INVALID);
}

static void what_is_no_http_is_known_by_its_first_byte_and_interim_by_its_status(void **state)
{
    static const int interim[] = {100, 102, 103, 199}, others[] = {101, 200, 204, 403};
    struct client_response response;
    (void)state;
    assert_int_equal(read_text("", &response), 0);
    assert_int_equal(read_text("HTTP", &response), 0);
    assert_int_equal(read_text("S", &response), ERR_INVALID);
    for (size_t i = 0; i < sizeof interim / sizeof *interim; i++) {
        response.status = interim[i];
        assert_true(client_response_is_interim(&response));
        response.status = others[i];
        assert_false(client_response_is_interim(&response));
    }
}

static void heads_without_end_are_refused(void **state)
{
    static char text[CLIENT_RESPONSE_MAX + 2] = "HTTP/1.1 200 OK\r\nX: ";
    struct client_response response;
    size_t len = strlen(text);
    (void)state;
    memset(text + len, 'x', sizeof text - len);
    assert_int_equal(
        client_response_read(&asked, text, CLIENT_RESPONSE_MAX - 1, CLIENT_RESPONSE_MAX, &response),
        0);
    assert_int_equal(
        client_response_read(&asked, text, CLIENT_RESPONSE_MAX, CLIENT_RESPONSE_MAX, &response),
        ERR_LIMIT);
    len = strlen("HTTP/1.1 200 OK\r\n");
    for (int i = 0; i <= CLIENT_RESPONSE_HEADERS_MAX; i++, len += 6)
        memcpy(text + len, "A: b\r\n", 6);
    memcpy(text + len, "\r\n", 3);
    assert_int_equal(read_text(text, &response), ERR_LIMIT);
}

static void frames_are_masked(void **state)
{
    static const size_t sizes[] = {0, 1, 125, 126, 65535, 65536};
    static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    static const struct frame_limits limits = {
        .message_max = 70000, .fragments_max = 1, .text = true, .binary = true};
    static uint8_t payload[65536];
    (void)state;
    memset(payload, 'a', sizeof payload);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct frame_decoder decoder = {0};
        struct frame_event event;
        struct buffer out;
        buffer_init(&out, 70000);
        assert_int_equal(client_frame_append(&out, OPCODE_TEXT, payload, sizes[i], mask), OK);
        assert_int_equal(frame_decode(&decoder, &limits, out.data, out.len, &event), out.len);
        assert_int_equal(event.type, FRAME_DATA);
        assert_true(event.message_end);
        assert_int_equal(event.len, sizes[i]);
        if (event.len > 0)
            assert_memory_equal(event.data, payload, event.len);
        buffer_release(&out);
    }
}

static void a_close_frame_has_its_code_or_none(void **state)
{
    static const uint8_t mask[4] = {1, 2, 3, 4};
    static const uint16_t codes[] = {CLOSE_NORMAL, CLOSE_NO_STATUS};
    static const struct frame_limits limits = {.message_max = 1, .fragments_max = 1};
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct frame_decoder decoder = {0};
        struct frame_event event;
        struct buffer out;
        buffer_init(&out, 100);
        assert_int_equal(client_close_append(&out, codes[i], mask), OK);
        frame_decode(&decoder, &limits, out.data, out.len, &event);
        assert_int_equal(event.type, FRAME_CLOSE);
        assert_int_equal(event.close_code, codes[i]);
        buffer_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_16_bytes_in_base64),
        cmocka_unit_test(the_request_has_everything_that_was_asked_for),
        cmocka_unit_test(a_host_of_ones_own_takes_the_place_of_the_urls),
        cmocka_unit_test(a_request_that_is_too_long_is_an_error),
        cmocka_unit_test(a_good_answer_is_taken_wherever_it_is_cut),
        cmocka_unit_test(an_upgrade_that_is_none_is_named),
        cmocka_unit_test(a_refusal_has_its_body_announced),
        cmocka_unit_test(what_is_no_answer_is_refused),
        cmocka_unit_test(what_is_no_http_is_known_by_its_first_byte_and_interim_by_its_status),
        cmocka_unit_test(heads_without_end_are_refused),
        cmocka_unit_test(frames_are_masked),
        cmocka_unit_test(a_close_frame_has_its_code_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
