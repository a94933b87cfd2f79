#include "http/http_exchange.h"
#include "failing_memory.h"
#include "unit.h"

#include <stdarg.h>
#include <string.h>

static const struct sl_pair headers[] = {{{"X-One", 5}, {"1", 1}}, {{"X-Empty", 7}, {NULL, 0}}};

static struct sl_http_request asked(void)
{
    const struct sl_http_request given = {.struct_size = sizeof given,
                                          .url = sl_string_of("https://a.test/x"),
                                          .headers = headers,
                                          .header_count = 2,
                                          .body = sl_string_of("text"),
                                          .ca_file_cstr = "ca.pem"};
    struct sl_http_request checked;
    assert_null(http_check(&given, &checked));
    return checked;
}

static int try_init(void *context)
{
    struct http_exchange exchange;
    const struct sl_http_request *request = context;
    int error = http_exchange_init(&exchange, request);
    http_exchange_deinit(&exchange);
    return error;
}

static void copies_the_request(void **state)
{
    struct http_exchange exchange;
    struct sl_http_request request = asked();
    char url[] = "https://a.test/x";
    (void)state;
    request.url = sl_string_of(url);
    assert_int_equal(http_exchange_init(&exchange, &request), OK);
    memset(url, '-', sizeof url);
    assert_string_equal(exchange.request.url.data, "https://a.test/x");
    assert_string_equal(exchange.request.method.data, "POST");
    assert_string_equal(exchange.request.body.data, "text");
    assert_string_equal(exchange.request.ca_file_cstr, "ca.pem");
    assert_string_equal(exchange.copies, "X-One: 1");
    assert_string_equal(exchange.copies + 9, "X-Empty;");
    http_exchange_deinit(&exchange);
}

static void needs_memory(void **state)
{
    struct sl_http_request request = asked();
    (void)state;
    assert_int_equal(survive_failing_allocations(try_init, &request), 1);
}

static void says_what_its_end_means_for_the_server(void **state)
{
    static const struct {
        enum sl_http_outcome outcome;
        int status;
        enum http_health health;
    } ends[] = {
        {SL_HTTP_ANSWERED, 200, HTTP_HEALTHY},       {SL_HTTP_ANSWERED, 404, HTTP_HEALTHY},
        {SL_HTTP_ANSWERED, 500, HTTP_HEALTHY},       {SL_HTTP_ANSWERED, 502, HTTP_UNHEALTHY},
        {SL_HTTP_ANSWERED, 503, HTTP_UNHEALTHY},     {SL_HTTP_ANSWERED, 504, HTTP_UNHEALTHY},
        {SL_HTTP_FAILED, 0, HTTP_UNHEALTHY},         {SL_HTTP_TIMEOUT, 0, HTTP_UNHEALTHY},
        {SL_HTTP_TOO_LARGE, 0, HTTP_HEALTH_UNKNOWN}, {SL_HTTP_CANCELLED, 0, HTTP_HEALTH_UNKNOWN}};
    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct http_exchange exchange = {
            .is_under_way = true, .outcome = ends[i].outcome, .status = ends[i].status};
        assert_int_equal(http_exchange_health(&exchange), ends[i].health);
        exchange.is_under_way = false;
        assert_int_equal(http_exchange_health(&exchange), HTTP_HEALTH_UNKNOWN);
    }
    struct http_exchange circle = {
        .is_under_way = true, .outcome = SL_HTTP_FAILED, .stop = HTTP_STOP_REDIRECT};
    assert_int_equal(http_exchange_health(&circle), HTTP_HEALTHY);
    struct http_exchange late = {.is_under_way = true, .outcome = SL_HTTP_TIMEOUT};
    late.request.timeout = 10;
    late.time_left = 4;
    assert_int_equal(http_exchange_health(&late), HTTP_HEALTH_UNKNOWN);
    late.time_left = 5;
    assert_int_equal(http_exchange_health(&late), HTTP_UNHEALTHY);
    struct http_exchange without_memory = {
        .is_under_way = true, .outcome = SL_HTTP_FAILED, .stop = HTTP_STOP_MEMORY};
    assert_int_equal(http_exchange_health(&without_memory), HTTP_HEALTH_UNKNOWN);
}

static void shows_nothing_of_a_response_that_was_not_whole(void **state)
{
    struct http_exchange exchange;
    struct sl_http_request request = asked();
    (void)state;
    assert_int_equal(http_exchange_init(&exchange, &request), OK);
    assert_int_equal(buffer_append(&exchange.body, "half", 4), OK);
    exchange.status = 200;
    http_exchange_end(&exchange, SL_HTTP_TIMEOUT, "late");
    struct sl_http_response response = http_exchange_response(&exchange);
    assert_int_equal(response.outcome, SL_HTTP_TIMEOUT);
    assert_int_equal(response.status, 0);
    assert_int_equal(response.body.len, 0);
    assert_non_null(response.body.data);
    assert_memory_equal(response.error.data, "late", 4);
    http_exchange_deinit(&exchange);
}

/* -- a libcurl that says that it is at some URL -- */

static curl_prereq_callback before_request;
static const char *current_url;

static CURLcode stand_in_setopt(CURL *handle, CURLoption option, ...)
{
    va_list arguments;
    va_start(arguments, option);
    (void)handle;
    if (option == CURLOPT_PREREQFUNCTION)
        before_request = va_arg(arguments, curl_prereq_callback);
    va_end(arguments);
    return CURLE_OK;
}

static CURLcode stand_in_getinfo(CURL *handle, CURLINFO info, ...)
{
    va_list arguments;
    va_start(arguments, info);
    (void)handle;
    assert_int_equal(info, CURLINFO_EFFECTIVE_URL);
    *va_arg(arguments, const char **) = current_url;
    va_end(arguments);
    return CURLE_OK;
}

static bool may_go_to(struct http_exchange *exchange, const char *url)
{
    current_url = url;
    return before_request(exchange, NULL, NULL, 0, 0) == CURL_PREREQFUNC_OK;
}

static void never_goes_from_https_back_to_http(void **state)
{
    const char *error;
    struct http_exchange exchange;
    const struct sl_http_request given = {
        .struct_size = sizeof given, .url = sl_string_of("http://a.test/"), .max_redirects = 5};
    struct sl_http_request request;
    (void)state;
    struct http_library curl = *http_library_load(clock_monotonic(), &error);
    curl.easy_setopt = stand_in_setopt;
    curl.easy_getinfo = stand_in_getinfo;
    assert_null(http_check(&given, &request));
    assert_int_equal(http_exchange_init(&exchange, &request), OK);
    assert_int_equal(http_exchange_prepare(&exchange, &curl, 1), OK);
    exchange.is_under_way = true;
    assert_true(may_go_to(&exchange, "http://a.test/"));
    assert_true(may_go_to(&exchange, "http://b.test/"));
    assert_true(may_go_to(&exchange, "HTTPS://c.test/"));
    assert_true(may_go_to(&exchange, "https://d.test/"));
    assert_false(may_go_to(&exchange, "http://e.test/"));
    http_exchange_finish(&exchange, &curl, CURLE_ABORTED_BY_CALLBACK);
    assert_int_equal(exchange.outcome, SL_HTTP_FAILED);
    assert_string_equal(exchange.error, "a redirect leads from https to http");
    assert_int_equal(http_exchange_health(&exchange), HTTP_HEALTHY);
    http_exchange_release(&exchange, &curl);
    http_exchange_deinit(&exchange);
}

/* How an exchange ends after so many bytes of a head. */
static enum http_health health_after(size_t head_bytes, CURLcode result)
{
    const char *error;
    const struct http_library *curl = http_library_load(clock_monotonic(), &error);
    struct http_exchange exchange = {.is_under_way = true, .head_bytes = head_bytes};
    http_exchange_finish(&exchange, curl, result);
    assert_int_equal(exchange.outcome, SL_HTTP_FAILED);
    assert_non_null(exchange.error);
    return http_exchange_health(&exchange);
}

static void a_server_whose_redirect_is_refused_has_answered(void **state)
{
    (void)state;
    assert_int_equal(health_after(100, CURLE_UNSUPPORTED_PROTOCOL), HTTP_HEALTHY);
    assert_int_equal(health_after(100, CURLE_TOO_MANY_REDIRECTS), HTTP_HEALTHY);
    assert_int_equal(health_after(100, CURLE_URL_MALFORMAT), HTTP_HEALTHY);
    assert_int_equal(health_after(100, CURLE_RECV_ERROR), HTTP_UNHEALTHY);
    assert_int_equal(health_after(0, CURLE_UNSUPPORTED_PROTOCOL), HTTP_UNHEALTHY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_the_request),
        cmocka_unit_test(needs_memory),
        cmocka_unit_test(says_what_its_end_means_for_the_server),
        cmocka_unit_test(shows_nothing_of_a_response_that_was_not_whole),
        cmocka_unit_test(never_goes_from_https_back_to_http),
        cmocka_unit_test(a_server_whose_redirect_is_refused_has_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
