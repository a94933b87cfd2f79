#include "http/http_check.h"
#include "unit.h"

#include <string.h>

static struct sl_http_request given, checked;

static int set_up(void **state)
{
    (void)state;
    given = (struct sl_http_request){.struct_size = sizeof given,
                                     .url = sl_string_of("https://a.test/x?y=z")};
    return 0;
}

static const char *check(void)
{
    return http_check(&given, &checked);
}

static const char *check_url(const char *url)
{
    given.url = sl_string_of(url);
    return check();
}

static const char *check_header(const char *name, const char *value)
{
    static struct sl_pair header;
    header = (struct sl_pair){sl_string_of(name), sl_string_of(value)};
    given.headers = &header;
    given.header_count = 1;
    return check();
}

static void fills_defaults(void **state)
{
    (void)state;
    assert_null(check());
    assert_memory_equal(checked.method.data, "GET", 3);
    assert_int_equal(checked.timeout, INT64_C(10000000000));
    assert_int_equal(checked.max_head, 16384);
    assert_int_equal(checked.max_body, 65536);
    given.body = sl_string_of("text");
    assert_null(check());
    assert_memory_equal(checked.method.data, "POST", 4);
}

static void reads_no_more_than_the_plugin_has_given(void **state)
{
    (void)state;
    assert_string_equal(http_check(NULL, &checked), "struct_size is not set");
    given.struct_size = 8;
    assert_string_equal(check(), "struct_size is not set");
    struct {
        struct sl_http_request request;
        char newer[64];
    } longer = {.request = given};
    longer.request.struct_size = sizeof longer;
    assert_null(http_check(&longer.request, &checked));
}

static void takes_urls_that_name_a_server_and_nobody(void **state)
{
    static const char *const good[] = {
        "http://a",   "HTTPS://A.test:8443/",    "http://[::1]:80/?q#f",
        "http://a/@", "http://a/?user@b",        "http://a:65535",
        "http://a:/", "http://[fe80::1%25eth0]/"};
    static const char *const bad[] = {"",
                                      "a.test",
                                      "ftp://a",
                                      "file:///etc/passwd",
                                      "http:/a",
                                      "http://",
                                      "https:///path",
                                      "http://?q",
                                      "http://user@a/",
                                      "http://user:password@a",
                                      "http://a/ b",
                                      "http://a/\r\nHost: b",
                                      "http://a\\@b/",
                                      "http://\xc3\xa4/",
                                      "http://:80/",
                                      "http://a:65536/",
                                      "http://a:123456/",
                                      "http://a:80:80/",
                                      "http://a:x/",
                                      "http://[::1/",
                                      "http://[::1]a/",
                                      "http://a]/",
                                      "http://a[b]/",
                                      "http://[[::1]/"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_null(check_url(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_string_equal(check_url(bad[i]), http_url_error(sl_string_of(bad[i])));
    given.url = (struct sl_string){"http://a\0b", 10};
    assert_non_null(check());
    static char longest[HTTP_URL_MAX + 2] = "http://";
    memset(longest + 7, 'a', sizeof longest - 8);
    assert_non_null(check_url(longest));
    longest[HTTP_URL_MAX] = '\0';
    assert_null(check_url(longest));
}

static void takes_no_header_that_could_end_the_head(void **state)
{
    (void)state;
    assert_null(check_header("Authorization", "Bearer \t x"));
    assert_null(check_header("X-Empty", ""));
    assert_null(check_header("X-Latin", "\xe4"));
    assert_non_null(check_header("X", "a\r\nY: b"));
    assert_non_null(check_header("X", "a\nb"));
    assert_non_null(check_header("X", "a\rb"));
    assert_non_null(check_header("X", "a\x7f"));
    assert_non_null(check_header("X: Y", "a"));
    assert_non_null(check_header("X\r\nY", "a"));
    assert_non_null(check_header("", "a"));
    static const struct sl_pair zero = {{"X", 1}, {"a\0b", 3}};
    given.headers = &zero;
    assert_non_null(check());
}

static void takes_no_header_that_frames_the_message(void **state)
{
    static const char *const names[] = {"Connection", "content-length",    "Expect",
                                        "Keep-Alive", "Proxy-Connection",  "TE",
                                        "Trailer",    "TRANSFER-ENCODING", "Upgrade"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_non_null(check_header(names[i], "1"));
}

static void bounds_headers_and_numbers(void **state)
{
    static char much[65 * 1024];
    static struct sl_pair many[101];
    (void)state;
    memset(much, 'x', sizeof much - 1);
    assert_non_null(check_header("X", much));
    for (size_t i = 0; i < 101; i++)
        many[i] = (struct sl_pair){sl_string_of("X"), sl_string_of("y")};
    given.headers = many;
    given.header_count = 101;
    assert_non_null(check());
    given.header_count = 100;
    assert_null(check());
    given.timeout = -1;
    assert_non_null(check());
    given.timeout = INT64_C(3601000000000);
    assert_non_null(check());
    given.timeout = 1;
    given.max_body = SIZE_MAX;
    assert_non_null(check());
    given.max_body = 1;
    given.max_redirects = 11;
    assert_non_null(check());
    given.max_redirects = 10;
    assert_null(check());
    given.flags = 1u << 31;
    assert_non_null(check());
}

static void knows_methods(void **state)
{
    (void)state;
    given.method = sl_string_of("PUT");
    assert_null(check());
    for (const char *const *name =
             (const char *const[]){"CONNECT", "trace", "G T", "GET\r\n",
                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGH", NULL};
         *name != NULL; name++) {
        given.method = sl_string_of(*name);
        assert_non_null(check());
    }
    given.method = sl_string_of("GET");
    given.body = sl_string_of("text");
    assert_string_equal(check(), "GET and HEAD have no body");
}

static void names_the_server(void **state)
{
    char origin[HTTP_ORIGIN_MAX];
    (void)state;
    http_origin(sl_string_of("HTTPS://A.Test:8443/Path?secret=1"), origin);
    assert_string_equal(origin, "https://a.test:8443");
    assert_true(http_server(sl_string_of("http://A/x")) == http_server(sl_string_of("HTTP://a?y")));
    assert_true(http_server(sl_string_of("http://a")) != http_server(sl_string_of("http://a:81")));
    char longer[300] = "http://";
    memset(longer + 7, 'b', 290);
    http_origin(sl_string_of(longer), origin);
    assert_int_equal(strlen(origin), HTTP_ORIGIN_MAX - 1);
}

static void knows_servers_that_no_dns_is_asked_for(void **state)
{
    static const char *const addresses[] = {"http://127.0.0.1", "https://192.0.2.1:8443/a",
                                            "HTTP://[::1]:80/", "https://LocalHost?a",
                                            "http://255.255.255.255/"};
    static const char *const names[] = {"http://a.test/127.0.0.1", "https://localhost.test",
                                        "http://1.2.3.4.test/", "http://1.2.3/",
                                        "https://1.2.3.4.5.6.7.8.9.10.11.12/"};
    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
        assert_true(http_has_address(sl_string_of(addresses[i])));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_false(http_has_address(sl_string_of(names[i])));
}

static void reads_heads(void **state)
{
    const struct sl_string head =
        sl_string_of("HTTP/1.1 200 OK\r\nA: b\r\n folded: c\r\nno colon\r\n"
                     "B:\t d e \t\r\nC:\r\n: f\r\nD: g");
    const char *const expected[] = {"A", "b", "B", "d e", "C", "", "D", "g"};
    struct sl_pair header;
    size_t at = 0, i = 0;
    (void)state;
    for (; http_next_header(head, &at, &header); i += 2) {
        assert_true(i < 8);
        assert_int_equal(header.name.len, strlen(expected[i]));
        assert_memory_equal(header.name.data, expected[i], header.name.len);
        assert_int_equal(header.value.len, strlen(expected[i + 1]));
        assert_memory_equal(header.value.data, expected[i + 1], header.value.len);
    }
    assert_int_equal(i, 8);
    at = 0;
    assert_false(http_next_header((struct sl_string){NULL, 0}, &at, &header));
}

static void finds_headers_in_any_case(void **state)
{
    const struct sl_pair headers[] = {{sl_string_of("X-One"), sl_string_of("1")},
                                      {sl_string_of("x-one"), sl_string_of("2")}};
    const struct sl_http_response response = {.headers = headers, .header_count = 2};
    struct sl_string found;
    (void)state;
    assert_true(http_header(&response, "X-ONE", &found));
    assert_memory_equal(found.data, "1", 1);
    assert_false(http_header(&response, "X-On", &found));
}

#define check_test(test) cmocka_unit_test_setup(test, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        check_test(fills_defaults),
        check_test(reads_no_more_than_the_plugin_has_given),
        check_test(takes_urls_that_name_a_server_and_nobody),
        check_test(takes_no_header_that_could_end_the_head),
        check_test(takes_no_header_that_frames_the_message),
        check_test(bounds_headers_and_numbers),
        check_test(knows_methods),
        check_test(names_the_server),
        check_test(knows_servers_that_no_dns_is_asked_for),
        check_test(reads_heads),
        check_test(finds_headers_in_any_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
