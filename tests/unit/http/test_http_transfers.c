#include "http/http_transfers.h"
#include "base/clock.h"
#include "failing_memory.h"
#include "http/served.h"

#include <sys/resource.h>

#define PATIENCE (60 * NS_PER_S)

static struct served served;
static struct http_transfers transfers;
static struct http_exchange exchange;
static char url[64];

static int set_up(void **state)
{
    (void)state;
    served_begin(&served);
    assert_null(http_transfers_init(&transfers, 4, 4));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    http_transfers_deinit(&transfers);
    served_end(&served);
    return 0;
}

static struct sl_http_request to(const char *path)
{
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", served.port, path);
    return (struct sl_http_request){.struct_size = sizeof(struct sl_http_request),
                                    .url = sl_string_of(url)};
}

static int begin(const struct sl_http_request *given)
{
    struct sl_http_request request;
    assert_null(http_check(given, &request));
    assert_int_equal(http_exchange_init(&exchange, &request), OK);
    exchange.is_under_way = true;
    exchange.begun = clock_monotonic();
    exchange.deadline = exchange.begun + (given->timeout > 0 ? given->timeout : PATIENCE);
    return http_transfers_start(&transfers, &exchange);
}

/* Runs what is under way to its end. */
static void run(void)
{
    while (http_transfers_take_ended(&transfers) == NULL) {
        http_transfers_wait(&transfers, 1000);
        http_transfers_perform(&transfers);
        assert_true(clock_monotonic() < exchange.begun + PATIENCE);
    }
    assert_null(transfers.first);
}

static struct sl_http_response fetch(const struct sl_http_request *given)
{
    assert_int_equal(begin(given), OK);
    run();
    return http_exchange_response(&exchange);
}

/* Fetches and looks only at how it ended. */
static enum sl_http_outcome end_of(const struct sl_http_request *given)
{
    enum sl_http_outcome outcome = fetch(given).outcome;
    http_exchange_deinit(&exchange);
    return outcome;
}

/* The first test of this process: later it is loaded. */
static void a_library_that_could_not_be_loaded_is_tried_again(void **state)
{
    const int64_t now = clock_monotonic();
    const char *error;
    struct rlimit limit;
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_null(http_library_load(now, &error));
    assert_string_equal(error, "libcurl cannot be loaded");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_null(http_library_load(now + HTTP_LIBRARY_PAUSE - 1, &error));
    assert_string_equal(error, "libcurl cannot be loaded");
    const struct http_library *curl = http_library_load(now + HTTP_LIBRARY_PAUSE, &error);
    assert_non_null(curl);
    assert_null(error);
    assert_ptr_equal(http_library_load(now, &error), curl);
}

static void an_answer_has_status_headers_and_body(void **state)
{
    const struct sl_http_request request = to("/ok?a=b");
    struct sl_string seen;
    (void)state;
    struct sl_http_response response = fetch(&request);
    assert_int_equal(response.outcome, SL_HTTP_ANSWERED);
    assert_int_equal(response.status, 200);
    assert_int_equal(response.error.len, 0);
    assert_true(http_header(&response, "X-SEEN", &seen));
    assert_int_equal(seen.len, 3);
    assert_memory_equal(seen.data, "yes", 3);
    assert_memory_equal(response.body.data, "GET /ok?a=b HTTP/1.1\r\n", 22);
    http_exchange_deinit(&exchange);
}

/* What the server has been sent. */
static void expect_sent(const struct sl_http_request *request, const char *part, bool is_there)
{
    char text[8192];
    struct sl_http_response response = fetch(request);
    assert_int_equal(response.outcome, SL_HTTP_ANSWERED);
    snprintf(text, sizeof text, "%.*s", (int)response.body.len, response.body.data);
    if ((strstr(text, part) != NULL) != is_there)
        fail_msg("%s: %s", part, text);
    http_exchange_deinit(&exchange);
}

static void sends_what_was_asked_for_and_nothing_more(void **state)
{
    const struct sl_pair headers[] = {{sl_string_of("X-One"), sl_string_of("1")},
                                      {sl_string_of("X-Empty"), sl_string_of("")}};
    struct sl_http_request request = to("/ok");
    (void)state;
    request.headers = headers;
    request.header_count = 2;
    expect_sent(&request, "\r\nX-One: 1\r\n", true);
    expect_sent(&request, "\r\nX-Empty:\r\n", true);
    expect_sent(&request, "Expect", false);
    expect_sent(&request, "Accept-Encoding", false);
    request.method = sl_string_of("PUT");
    request.body = sl_string_of("text");
    expect_sent(&request, "PUT /ok HTTP/1.1\r\n", true);
    expect_sent(&request, "\r\nContent-Length: 4\r\n", true);
    expect_sent(&request, "Content-Type", false);
    request.method = sl_string_of("");
    expect_sent(&request, "POST /ok HTTP/1.1\r\n", true);
    const struct sl_pair type = {sl_string_of("content-type"), sl_string_of("text/plain")};
    request.headers = &type;
    request.header_count = 1;
    expect_sent(&request, "\r\ncontent-type: text/plain\r\n", true);
}

static void head_has_no_body(void **state)
{
    struct sl_http_request request = to("/ok");
    (void)state;
    request.method = sl_string_of("HEAD");
    struct sl_http_response response = fetch(&request);
    assert_int_equal(response.outcome, SL_HTTP_ANSWERED);
    assert_int_equal(response.body.len, 0);
    http_exchange_deinit(&exchange);
}

static void connections_are_used_again(void **state)
{
    const struct sl_http_request request = to("/ok");
    (void)state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(end_of(&request), SL_HTTP_ANSWERED);
    assert_int_equal(atomic_load(&served.connections), 1);
}

static void a_response_is_as_large_as_it_may_be(void **state)
{
    struct sl_http_request request = to("/large");
    (void)state;
    assert_int_equal(end_of(&request), SL_HTTP_TOO_LARGE);
    request.max_body = SERVED_MUCH;
    assert_int_equal(end_of(&request), SL_HTTP_ANSWERED);
    request = to("/endless");
    assert_int_equal(end_of(&request), SL_HTTP_TOO_LARGE);
    request = to("/head");
    assert_int_equal(end_of(&request), SL_HTTP_TOO_LARGE);
    request.max_head = 2 * SERVED_MUCH;
    assert_int_equal(end_of(&request), SL_HTTP_ANSWERED);
}

static void redirects_are_followed_if_they_may_be(void **state)
{
    struct sl_http_request request = to("/redirect");
    (void)state;
    assert_int_equal(fetch(&request).status, 302);
    http_exchange_deinit(&exchange);
    request.max_redirects = 1;
    struct sl_http_response response = fetch(&request);
    assert_int_equal(response.status, 200);
    for (size_t i = 0; i < response.header_count; i++)
        assert_memory_not_equal(response.headers[i].name.data, "Location", 8);
    http_exchange_deinit(&exchange);
    request.method = sl_string_of("POST");
    assert_int_equal(fetch(&request).status, 302);
    http_exchange_deinit(&exchange);
}

static void redirects_in_a_circle_end_and_say_nothing_against_the_server(void **state)
{
    struct sl_http_request request = to("/circle");
    (void)state;
    request.max_redirects = 3;
    assert_int_equal(fetch(&request).outcome, SL_HTTP_FAILED);
    assert_int_equal(atomic_load(&served.requests), 4);
    assert_int_equal(http_exchange_health(&exchange), HTTP_HEALTHY);
    http_exchange_deinit(&exchange);
}

static void a_length_without_a_body_is_no_matter(void **state)
{
    struct sl_http_request request = to("/large");
    (void)state;
    request.method = sl_string_of("HEAD");
    assert_int_equal(end_of(&request), SL_HTTP_ANSWERED);
    request = to("/moved");
    request.max_redirects = 1;
    assert_int_equal(fetch(&request).status, 200);
    http_exchange_deinit(&exchange);
    request = to("/large"); /* What is no redirect is bounded all the same. */
    request.max_redirects = 1;
    assert_int_equal(end_of(&request), SL_HTTP_TOO_LARGE);
}

static void a_status_is_one_of_http(void **state)
{
    static const struct {
        const char *path;
        enum sl_http_outcome outcome;
    } answers[] = {{"/status200", SL_HTTP_ANSWERED},
                   {"/status599", SL_HTTP_ANSWERED},
                   {"/status600", SL_HTTP_FAILED},
                   {"/status999", SL_HTTP_FAILED}};
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        const struct sl_http_request request = to(answers[i].path);
        struct sl_http_response response = fetch(&request);
        assert_int_equal(response.outcome, answers[i].outcome);
        assert_true((response.header_count > 0) == (response.outcome == SL_HTTP_ANSWERED));
        assert_true((response.error.len > 0) == (response.outcome == SL_HTTP_FAILED));
        http_exchange_deinit(&exchange);
    }
}

static void interim_headers_and_trailers_are_no_headers(void **state)
{
    static const char *const paths[] = {"/trailers", "/interim"};
    struct sl_string seen;
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        const struct sl_http_request request = to(paths[i]);
        struct sl_http_response response = fetch(&request);
        assert_int_equal(response.status, 200);
        assert_true(http_header(&response, "X-Seen", &seen));
        assert_false(http_header(&response, "X-Late", &seen));
        assert_false(http_header(&response, "X-Early", &seen));
        http_exchange_deinit(&exchange);
    }
}

static void only_a_server_that_had_the_time_is_unhealthy(void **state)
{
    struct sl_http_request request = to("/never");
    (void)state;
    request.timeout = 10 * NS_PER_MS;
    assert_int_equal(fetch(&request).outcome, SL_HTTP_TIMEOUT);
    exchange.time_left = exchange.request.timeout; /* Whatever the machine was about. */
    assert_int_equal(http_exchange_health(&exchange), HTTP_UNHEALTHY);
    http_exchange_deinit(&exchange);

    struct sl_http_request checked;
    assert_null(http_check(&request, &checked));
    assert_int_equal(http_exchange_init(&exchange, &checked), OK);
    exchange.is_under_way = true;
    exchange.begun = clock_monotonic();
    exchange.deadline = exchange.begun + checked.timeout / 3; /* It has waited for its turn. */
    assert_int_equal(http_transfers_start(&transfers, &exchange), OK);
    run();
    assert_int_equal(exchange.outcome, SL_HTTP_TIMEOUT);
    assert_int_equal(http_exchange_health(&exchange), HTTP_HEALTH_UNKNOWN);
    http_exchange_deinit(&exchange);
}

static void a_lost_connection_is_a_failure(void **state)
{
    struct sl_http_request request = to("/half");
    (void)state;
    struct sl_http_response response = fetch(&request);
    assert_int_equal(response.outcome, SL_HTTP_FAILED);
    assert_int_equal(response.body.len, 0);
    assert_true(response.error.len > 0);
    http_exchange_deinit(&exchange);
    request = to("/close");
    assert_int_equal(end_of(&request), SL_HTTP_FAILED);
    request.url = sl_string_of("http://127.0.0.1:1/");
    assert_int_equal(end_of(&request), SL_HTTP_FAILED);
}

static void what_does_not_come_in_time_is_given_up(void **state)
{
    struct sl_http_request request = to("/never");
    (void)state;
    request.timeout = NS_PER_MS;
    assert_int_equal(end_of(&request), SL_HTTP_TIMEOUT);
}

static void one_under_way_can_be_taken_back(void **state)
{
    const struct sl_http_request request = to("/never");
    (void)state;
    assert_int_equal(begin(&request), OK);
    http_transfers_perform(&transfers);
    http_transfers_wake(&transfers);
    http_transfers_wait(&transfers, 60000); /* Not so long: it has been woken. */
    http_transfers_take(&transfers, &exchange);
    assert_null(transfers.first);
    http_exchange_deinit(&exchange);
}

static void without_memory_only_the_request_fails(void **state)
{
    struct sl_http_request request = to("/ok");
    unsigned failures = 0;
    (void)state;
    for (bool has_failed = true; has_failed; failures += has_failed) {
        assert_int_equal(begin(&request), OK);
        fail_allocation(failures + 1);
        run();
        has_failed = end_failing_allocations();
        struct sl_http_response response = http_exchange_response(&exchange);
        assert_int_equal(response.outcome, has_failed ? SL_HTTP_FAILED : SL_HTTP_ANSWERED);
        if (has_failed)
            assert_memory_equal(response.error.data, "out of memory", 13);
        http_exchange_deinit(&exchange);
    }
    assert_true(failures >= 3); /* head, body, headers */
}

#define transfer_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_library_that_could_not_be_loaded_is_tried_again),
        transfer_test(an_answer_has_status_headers_and_body),
        transfer_test(sends_what_was_asked_for_and_nothing_more),
        transfer_test(head_has_no_body),
        transfer_test(connections_are_used_again),
        transfer_test(a_response_is_as_large_as_it_may_be),
        transfer_test(redirects_are_followed_if_they_may_be),
        transfer_test(redirects_in_a_circle_end_and_say_nothing_against_the_server),
        transfer_test(a_length_without_a_body_is_no_matter),
        transfer_test(a_status_is_one_of_http),
        transfer_test(interim_headers_and_trailers_are_no_headers),
        transfer_test(only_a_server_that_had_the_time_is_unhealthy),
        transfer_test(a_lost_connection_is_a_failure),
        transfer_test(what_does_not_come_in_time_is_given_up),
        transfer_test(one_under_way_can_be_taken_back),
        transfer_test(without_memory_only_the_request_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
