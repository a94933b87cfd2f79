/* core/front/request_head.c */
#include "unit.h"

#include "front/request_head.h"

#include <stdio.h>
#include <string.h>

#define BYTES_MAX 32768

/* What becomes of a request. */
struct result {
    enum head_fault fault;
    struct request_head head;
    char bytes[BYTES_MAX];
    size_t len;
};

static const struct result *normalize_bytes(const char *bytes, size_t len)
{
    static struct result result;
    assert_true(len < BYTES_MAX);
    memset(&result, 0, sizeof result);
    memcpy(result.bytes, bytes, len);
    result.len = len;
    result.fault = head_normalize(result.bytes, &result.len, &result.head);
    assert_true(result.len <= len);
    result.bytes[result.len] = '\0';
    return &result;
}

static const struct result *normalize(const char *text)
{
    return normalize_bytes(text, strlen(text));
}

static void assert_normal(const char *text, const char *expected)
{
    const struct result *result = normalize(text);
    assert_int_equal(result->fault, HEAD_FINE);
    assert_string_equal(result->bytes, expected);
}

static void assert_fault(const char *text, enum head_fault fault)
{
    assert_int_equal(normalize(text)->fault, fault);
}

/* How many bytes of a text have to be there until it is decided; 0: it never is. */
static size_t decided_after(const char *text)
{
    struct head_progress progress = {0};
    for (size_t len = 1; len <= strlen(text); len++)
        if (head_is_decided((const unsigned char *)text, len, &progress))
            return len;
    return 0;
}

static void complete_at_the_empty_line(void **state)
{
    (void)state;
    static const char *const heads[] = {
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/1.1\nHost: a\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\n",
        "GET / HTTP/1.0\r\n\r\n"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        char more[64];
        struct head_progress progress = {0};
        snprintf(more, sizeof more, "%sGET /next", heads[i]);
        assert_int_equal(decided_after(more), strlen(heads[i]));
        assert_true(head_is_decided((const unsigned char *)more, strlen(more), &progress));
        assert_int_equal(normalize(heads[i])->fault, HEAD_FINE);
    }
}

static void empty_lines_in_front_are_no_head(void **state)
{
    (void)state;
    assert_int_equal(decided_after("\r\n\r\n"), 0);
    assert_int_equal(decided_after("\n\n\n\n\n\n"), 0);
    assert_int_equal(decided_after("\r\n\n\r\nGET / HTTP/1.1\r\nHost: a\r\n"), 0);
    assert_int_equal(decided_after("\r\n\r\nGET / HTTP/1.1\r\n\r\n"), 22);
    assert_normal("\r\n\n\r\nGET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0\n\n");
    assert_fault("\r\n\r\n", HEAD_INCOMPLETE);
    assert_fault("\n\n", HEAD_INCOMPLETE);
    assert_fault("", HEAD_INCOMPLETE);
}

static void other_bytes_in_front_are_refused_at_once(void **state)
{
    (void)state;
    assert_int_equal(decided_after(" \r\n\r\n"), 1);
    assert_int_equal(decided_after("\r\n \r\n\r\n"), 3);
    assert_int_equal(decided_after("\t\r\n"), 1);
    assert_int_equal(decided_after("\r\r\n"), 2);
    assert_int_equal(decided_after("\x16\x03\x01"), 1);
    assert_fault(" \r\n\r\nGET / HTTP/1.1\r\n\r\n", HEAD_MALFORMED);
    assert_fault("\v\r\nGET / HTTP/1.1\r\n\r\n", HEAD_MALFORMED);
    assert_fault("\rGET / HTTP/1.1\r\n\r\n", HEAD_MALFORMED);
}

static void control_characters_are_refused_at_once(void **state)
{
    (void)state;
    assert_int_equal(decided_after("GET /\x01"), 6);
    assert_int_equal(decided_after("GET / HTTP/1.1\r\nA: \x7f"), 20);
    assert_fault("GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", HEAD_BAD_FIELD);
    assert_fault("GET / HTTP/1.1\r\nA: b\r\r\n\r\n", HEAD_BAD_FIELD);
    assert_fault("GET / HTTP/1.1\r\r\n\r\n", HEAD_MALFORMED);
    assert_int_equal(normalize_bytes("GET / HTTP/1.1\r\nA: b\0c\r\n\r\n", 25)->fault,
                     HEAD_BAD_FIELD);
    assert_int_equal(normalize_bytes("GET /\0 HTTP/1.1\r\n\r\n", 19)->fault, HEAD_MALFORMED);
}

static void lines_end_alike_and_the_rest_is_kept(void **state)
{
    (void)state;
    assert_normal("GET /ws?a=b HTTP/1.1\r\nHost: a\r\nB:c\n\r\n\r\nrest\r\n",
                  "GET /ws?a=b HTTP/1.1\nHost:a\nB:c\n\n\r\nrest\r\n");
    const struct result *result = normalize_bytes("GET / HTTP/1.0\r\n\r\n\x81\0\0", 21);
    assert_int_equal(result->len, 19);
    assert_memory_equal(result->bytes, "GET / HTTP/1.0\n\n\x81\0\0", 19);
}

static void tabs_in_values_are_blanks(void **state)
{
    (void)state;
    assert_normal("GET / HTTP/1.0\r\nA:\tb\t\r\nB:  \t c\t,\td \t \r\nC:\t\r\n\r\n",
                  "GET / HTTP/1.0\nA:b\nB:c , d\nC:\n\n");
    assert_normal("GET / HTTP/1.0\r\nA: \xc3\xa4 \xff\r\n\r\n",
                  "GET / HTTP/1.0\nA:\xc3\xa4 \xff\n\n");
    assert_fault("GET\t/ HTTP/1.1\r\n\r\n", HEAD_MALFORMED);
    assert_fault("GET /\tHTTP/1.1\r\n\r\n", HEAD_MALFORMED);
    assert_fault("GET / HTTP/1.1\t\r\n\r\n", HEAD_MALFORMED);
    assert_fault("GET / HTTP/1.1\r\nA\t: b\r\n\r\n", HEAD_BAD_FIELD);
    assert_fault("GET / HTTP/1.1\r\n\tA: b\r\n\r\n", HEAD_BAD_FIELD);
}

static void malformed_request_lines(void **state)
{
    (void)state;
    assert_fault("GET\r\n\r\n", HEAD_MALFORMED);
    assert_fault("GET /\r\n\r\n", HEAD_MALFORMED);
    assert_fault("GET  / HTTP/1.1\r\n\r\n", HEAD_MALFORMED);
    assert_fault("GET /  HTTP/1.1\r\n\r\n", HEAD_MALFORMED);
    assert_fault("GET / HTTP/1.1 \r\n\r\n", HEAD_MALFORMED);
    assert_fault("GET / x HTTP/1.1\r\n\r\n", HEAD_MALFORMED);
    assert_fault("GET / HTTP/11\r\n\r\n", HEAD_MALFORMED);
    assert_fault("GET / http/1.1\r\n\r\n", HEAD_MALFORMED);
    assert_fault("GET /\xc3\xa4 HTTP/1.1\r\n\r\n", HEAD_MALFORMED);
    assert_fault("G(T / HTTP/1.1\r\n\r\n", HEAD_MALFORMED);
    assert_fault("GET \r\n/ HTTP/1.1\r\n\r\n", HEAD_MALFORMED);
    assert_fault("GET / HTTP/1.1\r\n", HEAD_INCOMPLETE);
}

static void malformed_fields(void **state)
{
    (void)state;
    assert_fault("GET / HTTP/1.1\r\nA : b\r\n\r\n", HEAD_BAD_FIELD);
    assert_fault("GET / HTTP/1.1\r\n: b\r\n\r\n", HEAD_BAD_FIELD);
    assert_fault("GET / HTTP/1.1\r\nA b\r\n\r\n", HEAD_BAD_FIELD);
    assert_fault("GET / HTTP/1.1\r\nA\r\n\r\n", HEAD_BAD_FIELD);
    assert_fault("GET / HTTP/1.1\r\n A: b\r\n\r\n", HEAD_BAD_FIELD);
    assert_fault("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", HEAD_BAD_FIELD);
    assert_fault("GET / HTTP/1.1\r\nA(: b\r\n\r\n", HEAD_BAD_FIELD);
    assert_fault("GET / HTTP/1.1\r\nA: b\r\nB", HEAD_INCOMPLETE);
}

static void as_many_fields_as_there_may_be(void **state)
{
    (void)state;
    char text[4096];
    for (int count = HEAD_FIELDS_MAX; count <= HEAD_FIELDS_MAX + 1; count++) {
        size_t len = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.0\r\n");
        for (int i = 0; i < count; i++)
            len += (size_t)snprintf(text + len, sizeof text - len, "X-%d: y\r\n", i);
        snprintf(text + len, sizeof text - len, "\r\n");
        assert_fault(text, count <= HEAD_FIELDS_MAX ? HEAD_FINE : HEAD_TOO_MANY_FIELDS);
    }
}

static void absolute_form(void **state)
{
    (void)state;
    static const char *const targets[][3] = {
        {"ws://chat.example.com/ws", "/ws", "chat.example.com"},
        {"WSS://chat.example.com:8443/ws?a=b:c/d", "/ws?a=b:c/d", "chat.example.com:8443"},
        {"http://[::1]:8080/ws", "/ws", "[::1]:8080"},
        {"https://[2001:db8::1]/", "/", "[2001:db8::1]"},
        {"ws://a", "/", "a"},
        {"ws://a:", "/", "a:"},
        {"ws://a?b://c", "/?b://c", "a"},
        {"ws://a.b/c@d", "/c@d", "a.b"},
        {"ws://192.0.2.7:80//x", "//x", "192.0.2.7:80"},
    };
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        char text[256];
        char expected[256];
        snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nA: b\r\nhost: x\r\n\r\n", targets[i][0]);
        snprintf(expected, sizeof expected, "GET %s HTTP/1.1\nA:b\nhost:%s\n\n", targets[i][1],
                 targets[i][2]);
        assert_normal(text, expected);
        assert_string_equal(normalize(text)->head.authority, targets[i][2]);
    }
}

static void targets_that_are_none(void **state)
{
    (void)state;
    static const char *const targets[] = {
        "ws",           "ws:",          "ws:/",           "ws://",       "ws:///ws",
        "ws://:80/ws",  "ws://u@a/ws",  "ws://u:p@a/ws",  "ws://a:b/ws", "ws://[/ws",
        "ws://[]/ws",   "ws://[::1/ws", "ws://[::1]x/ws", "ws://[g::]/", "ws://a b/ws",
        "ws://a\\b/ws", "ftp://a/ws",   "a:80",           "*",           "*x",
        "?a",           "x/ws",         "ws:a",
    };
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        char text[128];
        snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", targets[i]);
        assert_int_not_equal(normalize(text)->fault, HEAD_FINE);
    }
}

static void longest_authority(void **state)
{
    (void)state;
    for (size_t len = HEAD_AUTHORITY_MAX - 1; len <= HEAD_AUTHORITY_MAX; len++) {
        char name[HEAD_AUTHORITY_MAX + 1];
        char text[1024];
        memset(name, 'a', len);
        name[len] = '\0';
        snprintf(text, sizeof text, "GET ws://%s/ HTTP/1.1\r\nHost: b\r\n\r\n", name);
        assert_fault(text, len < HEAD_AUTHORITY_MAX ? HEAD_FINE : HEAD_BAD_TARGET);
    }
}

static void asterisk_is_for_options(void **state)
{
    (void)state;
    const struct result *result = normalize("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(result->fault, HEAD_FINE);
    assert_true(result->head.is_asterisk);
    assert_string_equal(result->bytes, "OPTIONS / HTTP/1.1\nHost:a\n\n");
    assert_false(normalize("OPTIONS / HTTP/1.0\r\n\r\n")->head.is_asterisk);
    assert_fault("GET * HTTP/1.1\r\n\r\n", HEAD_BAD_TARGET);
    assert_normal("\r\n\r\nOPTIONS * HTTP/1.0\r\n\r\n", "OPTIONS / HTTP/1.0\n\n");
}

/* A proxy in front and this server could each go by another of two. */
static void fields_that_stand_there_once(void **state)
{
    (void)state;
    assert_fault("GET / HTTP/1.1\r\nA: b\r\n\r\n", HEAD_BAD_HOST);
    assert_fault("GET ws://a/ HTTP/1.1\r\nA: b\r\n\r\n", HEAD_BAD_HOST);
    assert_fault("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", HEAD_BAD_HOST);
    assert_fault("GET / HTTP/1.1\r\nHost: a\r\nHOST: a\r\n\r\n", HEAD_BAD_HOST);
    assert_fault("GET ws://a/ HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", HEAD_BAD_HOST);
    assert_fault("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", HEAD_BAD_HOST);
    assert_fault("GET / HTTP/1.1\r\nHost:\r\n\r\n", HEAD_FINE);
    assert_fault("GET / HTTP/1.1\r\nHosts: a\r\nHost: a\r\n\r\n", HEAD_FINE);
    static const char *const bodies[] = {
        "Content-Length: 1\r\nContent-Length: 1\r\n",
        "Content-Length: 1\r\ncontent-length: 2\r\n",
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Content-Length: 1, 1\r\n",
        "Content-Length: +1\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 0x1\r\n",
        "Content-Length:\r\n",
        "Content-Length: 1 1\r\n"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        char text[256];
        snprintf(text, sizeof text, "POST / HTTP/1.1\r\nHost: a\r\n%s\r\n", bodies[i]);
        assert_fault(text, HEAD_BAD_LENGTH);
    }
    assert_fault("POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\t12 \r\n\r\n", HEAD_FINE);
    assert_fault("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", HEAD_FINE);
}

/* Every prefix and every changed byte: nothing is read or written past the end, and what is fine
 * once is fine, and the same, a second time. */
static void any_damage(void **state)
{
    (void)state;
    static const char text[] = "\r\nGET ws://a.b:80/c?d HTTP/1.1\r\nHost: x\r\nE:\tf \r\n\r\ng";
    static const char bytes[] = "\0\t\n\r :/*[]?@aG\x80";
    for (size_t i = 0; i + 1 < sizeof text; i++) {
        (void)normalize_bytes(text, i);
        for (size_t j = 0; j + 1 < sizeof bytes; j++) {
            char changed[sizeof text];
            char once[sizeof text];
            memcpy(changed, text, sizeof text);
            changed[i] = bytes[j];
            const struct result *result = normalize_bytes(changed, sizeof text - 1);
            if (result->fault != HEAD_FINE)
                continue;
            size_t len = result->len;
            memcpy(once, result->bytes, len);
            result = normalize_bytes(once, len);
            assert_int_equal(result->fault, HEAD_FINE);
            assert_int_equal(result->len, len);
            assert_memory_equal(result->bytes, once, len);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(complete_at_the_empty_line),
        cmocka_unit_test(empty_lines_in_front_are_no_head),
        cmocka_unit_test(other_bytes_in_front_are_refused_at_once),
        cmocka_unit_test(control_characters_are_refused_at_once),
        cmocka_unit_test(lines_end_alike_and_the_rest_is_kept),
        cmocka_unit_test(tabs_in_values_are_blanks),
        cmocka_unit_test(malformed_request_lines),
        cmocka_unit_test(malformed_fields),
        cmocka_unit_test(as_many_fields_as_there_may_be),
        cmocka_unit_test(absolute_form),
        cmocka_unit_test(targets_that_are_none),
        cmocka_unit_test(longest_authority),
        cmocka_unit_test(asterisk_is_for_options),
        cmocka_unit_test(fields_that_stand_there_once),
        cmocka_unit_test(any_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
