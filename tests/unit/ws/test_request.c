/* core/ws/request.c: copying, decoding and looking things up in a request. */
#include "ws/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct request *make(const char *query, size_t count, const char *const *names,
                            const char *const *values)
{
    struct request_source source = {.method = "GET",
                                    .http_version = "1.1",
                                    .path = "/ws",
                                    .query = query,
                                    .header_count = count,
                                    .header_names = names,
                                    .header_values = values};
    struct request *request = NULL;
    assert_int_equal(request_create(&source, &request), OK);
    assert_non_null(request);
    return request;
}

static struct request *with_query(const char *query)
{
    return make(query, 0, NULL, NULL);
}

static struct request *with_header(const char *name, const char *value)
{
    return make(NULL, 1, &name, &value);
}

static void assert_span(struct span span, const char *expected)
{
    assert_int_equal(span.len, strlen(expected));
    assert_memory_equal(span.data, expected, span.len);
}

/* For the spans that promise a terminating zero. */
static void assert_text(struct span span, const char *expected)
{
    assert_string_equal(span.data, expected);
    assert_int_equal(span.len, strlen(expected));
}

static void assert_parameter(const char *query, const char *name, const char *expected)
{
    struct request *request = with_query(query);
    struct span value;
    assert_true(request_parameter(request, name, &value));
    assert_text(value, expected);
    request_destroy(request);
}

static void assert_cookie(const char *header, const char *name, const char *expected)
{
    struct request *request = with_header("Cookie", header);
    struct span value;
    bool found = request_cookie(request, name, &value);
    assert_int_equal(found, expected != NULL);
    if (expected != NULL)
        assert_span(value, expected);
    request_destroy(request);
}

static void assert_element(const struct request *request, size_t index, const char *expected)
{
    struct span element;
    assert_true(request_list_element(request, "List", index, &element));
    assert_span(element, expected);
}

static void copies_the_request_line(void **state)
{
    (void)state;
    char path[] = "/ws";
    struct request_source source = {
        .method = "GET", .http_version = "1.1", .path = path, .query = "a=1&b"};
    struct request *request;
    assert_int_equal(request_create(&source, &request), OK);
    memset(path, 'x', sizeof path - 1);
    assert_text(request->method, "GET");
    assert_text(request->http_version, "1.1");
    assert_text(request->path, "/ws");
    assert_text(request->query, "a=1&b");
    request_destroy(request);
}

static void treats_a_missing_query_as_empty(void **state)
{
    (void)state;
    struct request *request = with_query(NULL);
    assert_text(request->query, "");
    assert_int_equal(request->parameter_count, 0);
    request_destroy(request);
}

static void destroys_null(void **state)
{
    (void)state;
    request_destroy(NULL);
}

static void finds_headers_in_any_case_and_keeps_their_order(void **state)
{
    (void)state;
    const char *names[] = {"X-One", "host", "HOST"};
    const char *values[] = {"1", "first", "second"};
    struct request *request = make(NULL, 3, names, values);
    struct span value;
    assert_true(request_header(request, "Host", &value));
    assert_text(value, "first");
    assert_int_equal(request_header_count(request, "hOST"), 2);
    assert_text(request->headers[0].name, "X-One");
    assert_text(request->headers[2].value, "second");
    request_destroy(request);
}

static void cuts_blanks_around_header_values(void **state)
{
    (void)state;
    struct request *request = with_header("A", " \t x  y\t ");
    struct span value;
    assert_true(request_header(request, "a", &value));
    assert_text(value, "x  y");
    request_destroy(request);
    request = with_header("A", " \t ");
    assert_true(request_header(request, "a", &value));
    assert_text(value, "");
    request_destroy(request);
}

static void reports_missing_headers(void **state)
{
    (void)state;
    struct request *request = with_header("Hos", "x");
    struct span value;
    assert_false(request_header(request, "Host", &value));
    assert_false(request_header(request, "Ho", &value));
    assert_int_equal(request_header_count(request, "Host"), 0);
    request_destroy(request);
}

static void decodes_query_parameters(void **state)
{
    (void)state;
    assert_parameter("token=abc", "token", "abc");
    assert_parameter("x=1&token=a%20b+c%2B", "token", "a b c+");
    assert_parameter("t%6Fken=1", "token", "1");
    assert_parameter("a=%c3%A4", "a", "\xc3\xa4");
    assert_parameter("a=b=c", "a", "b=c");
    assert_parameter("flag", "flag", "");
    assert_parameter("flag=&x", "flag", "");
    assert_parameter("=v", "", "v");
}

static void takes_the_first_of_repeated_parameters(void **state)
{
    (void)state;
    assert_parameter("a=1&a=2", "a", "1");
}

static void compares_parameter_names_exactly(void **state)
{
    (void)state;
    struct request *request = with_query("Token=1&tokens=2&toke=3");
    struct span value;
    assert_false(request_parameter(request, "token", &value));
    request_destroy(request);
}

static void leaves_bad_escapes_and_encoded_nuls_as_they_are(void **state)
{
    (void)state;
    assert_parameter("a=%", "a", "%");
    assert_parameter("a=%4", "a", "%4");
    assert_parameter("a=%zz%41", "a", "%zzA");
    assert_parameter("a=x%00y", "a", "x%00y");
    assert_parameter("a=%%41", "a", "%A");
}

static void skips_empty_parameters(void **state)
{
    (void)state;
    struct request *request = with_query("&&a=1&&b=2&");
    assert_int_equal(request->parameter_count, 2);
    assert_text(request->parameters[1].name, "b");
    request_destroy(request);
}

static void bounds_the_number_of_parameters(void **state)
{
    (void)state;
    char query[(REQUEST_PARAMETERS_MAX + 1) * 2 + 1];
    for (size_t i = 0; i <= REQUEST_PARAMETERS_MAX; i++)
        memcpy(query + 2 * i, "a&", 3);
    struct request_source source = {
        .method = "GET", .http_version = "1.1", .path = "/ws", .query = query};
    struct request *request;
    assert_int_equal(request_create(&source, &request), ERR_LIMIT);
    query[2 * REQUEST_PARAMETERS_MAX] = '\0';
    request = with_query(query);
    assert_int_equal(request->parameter_count, REQUEST_PARAMETERS_MAX);
    request_destroy(request);
}

static void finds_cookies(void **state)
{
    (void)state;
    assert_cookie("a=1; session=abc; b=2", "session", "abc");
    assert_cookie("session=abc", "session", "abc");
    assert_cookie("a=1;session=abc", "session", "abc");
    assert_cookie(" session=abc ", "session", "abc");
    assert_cookie("session=\"abc\"", "session", "abc");
    assert_cookie("session=\"", "session", "\"");
    assert_cookie("session=\"\"", "session", "");
    assert_cookie("session=a=b", "session", "a=b");
    assert_cookie("session=", "session", "");
    assert_cookie("session=%20", "session", "%20");
    assert_cookie("session=1; session=2", "session", "1");
}

static void does_not_find_other_cookies(void **state)
{
    (void)state;
    assert_cookie("xsession=abc", "session", NULL);
    assert_cookie("Session=abc", "session", NULL);
    assert_cookie("a=session=abc", "session", NULL);
    assert_cookie(";;;", "session", NULL);
    assert_cookie("", "session", NULL);
    assert_cookie("=x", "", NULL);
}

static void looks_into_every_cookie_header(void **state)
{
    (void)state;
    const char *names[] = {"Cookie", "X", "cookie"};
    const char *values[] = {"a=1", "b=no", "b=2"};
    struct request *request = make(NULL, 3, names, values);
    struct span value;
    assert_true(request_cookie(request, "b", &value));
    assert_span(value, "2");
    request_destroy(request);
}

static void walks_list_elements_over_all_headers(void **state)
{
    (void)state;
    const char *names[] = {"List", "Other", "LIST"};
    const char *values[] = {"a, b\t,,  , c d", "x", ",e,"};
    struct request *request = make(NULL, 3, names, values);
    struct span element;
    assert_element(request, 0, "a");
    assert_element(request, 1, "b");
    assert_element(request, 2, "c d");
    assert_element(request, 3, "e");
    assert_false(request_list_element(request, "List", 4, &element));
    assert_false(request_list_element(request, "List", SIZE_MAX, &element));
    assert_false(request_list_element(request, "Missing", 0, &element));
    request_destroy(request);
}

static void keeps_commas_inside_quotes(void **state)
{
    (void)state;
    struct request *request = with_header("List", "a; p=\"1,2\", b=\"\\\",\", \"open, end");
    struct span element;
    assert_element(request, 0, "a; p=\"1,2\"");
    assert_element(request, 1, "b=\"\\\",\"");
    assert_element(request, 2, "\"open, end");
    assert_false(request_list_element(request, "List", 3, &element));
    request_destroy(request);
}

static void survives_a_backslash_at_the_end_of_a_quote(void **state)
{
    (void)state;
    struct request *request = with_header("List", "\"a\\");
    assert_element(request, 0, "\"a\\");
    request_destroy(request);
}

static void finds_tokens_in_lists(void **state)
{
    (void)state;
    struct request *request = with_header("Connection", "keep-alive, Upgrade");
    assert_true(request_list_contains(request, "connection", "upgrade", true));
    assert_false(request_list_contains(request, "connection", "upgrade", false));
    assert_true(request_list_contains(request, "connection", "Upgrade", false));
    assert_false(request_list_contains(request, "connection", "Upgrad", true));
    assert_false(request_list_contains(request, "connection", "keep", true));
    request_destroy(request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_the_request_line),
        cmocka_unit_test(treats_a_missing_query_as_empty),
        cmocka_unit_test(destroys_null),
        cmocka_unit_test(finds_headers_in_any_case_and_keeps_their_order),
        cmocka_unit_test(cuts_blanks_around_header_values),
        cmocka_unit_test(reports_missing_headers),
        cmocka_unit_test(decodes_query_parameters),
        cmocka_unit_test(takes_the_first_of_repeated_parameters),
        cmocka_unit_test(compares_parameter_names_exactly),
        cmocka_unit_test(leaves_bad_escapes_and_encoded_nuls_as_they_are),
        cmocka_unit_test(skips_empty_parameters),
        cmocka_unit_test(bounds_the_number_of_parameters),
        cmocka_unit_test(finds_cookies),
        cmocka_unit_test(does_not_find_other_cookies),
        cmocka_unit_test(looks_into_every_cookie_header),
        cmocka_unit_test(walks_list_elements_over_all_headers),
        cmocka_unit_test(keeps_commas_inside_quotes),
        cmocka_unit_test(survives_a_backslash_at_the_end_of_a_quote),
        cmocka_unit_test(finds_tokens_in_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
