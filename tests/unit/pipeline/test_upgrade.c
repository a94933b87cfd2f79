#include "pipeline/upgrade.h"
#include "unit.h"

#include <string.h>

#define RESPONSE_MAX 2048

static const char *const names[] = {"Host", "Sec-WebSocket-Protocol"};
static const char *const values[] = {"localhost", "chat.v2, chat.v1"};
static const struct request_source source = {.method = "GET",
                                             .http_version = "1.1",
                                             .path = "/ws",
                                             .query = "room=1",
                                             .header_count = 2,
                                             .header_names = names,
                                             .header_values = values};

static struct upgrade asked;
static char response[RESPONSE_MAX];

static int set_up(void **state)
{
    struct request *request;
    if (request_create(&source, &request) != OK)
        return -1;
    upgrade_init(&asked, request, true, NULL);
    *state = request;
    return 0;
}

static int tear_down(void **state)
{
    request_destroy(*state);
    return 0;
}

/* The whole refusal, zero-terminated. */
static const char *refusal(void)
{
    size_t len = upgrade_refusal(&asked, response, sizeof response);
    assert_int_equal(len, strlen(response));
    return response;
}

static void assert_span(struct sl_string found, const char *expected)
{
    assert_int_equal(found.len, strlen(expected));
    assert_memory_equal(found.data, expected, found.len);
}

static void shows_the_request_to_plugins(void **state)
{
    (void)state;
    assert_int_equal(asked.seen.struct_size, sizeof(struct sl_request));
    assert_true(asked.seen.secure);
    assert_span(asked.seen.path, "/ws");
    assert_span(asked.seen.query, "room=1");
    assert_span(asked.seen.subprotocol, "");
}

static void starts_with_the_negotiated_subprotocol(void **state)
{
    upgrade_init(&asked, *state, false, "chat.v1");
    assert_false(asked.seen.secure);
    assert_span(asked.seen.subprotocol, "chat.v1");
    assert_string_equal(asked.subprotocol, "chat.v1");
}

static void takes_only_subprotocols_that_were_offered(void **state)
{
    char longer[HANDSHAKE_SUBPROTOCOL_MAX + 1];
    (void)state;
    assert_int_equal(upgrade_select_subprotocol(&asked, "chat.v1"), OK);
    assert_span(asked.seen.subprotocol, "chat.v1");
    assert_int_equal(upgrade_select_subprotocol(&asked, "chat.v3"), ERR_INVALID);
    assert_int_equal(upgrade_select_subprotocol(&asked, "CHAT.V2"), ERR_INVALID);
    assert_int_equal(upgrade_select_subprotocol(&asked, ""), ERR_INVALID);
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(upgrade_select_subprotocol(&asked, longer), ERR_INVALID);
    assert_span(asked.seen.subprotocol, "chat.v1");
}

static void the_longest_subprotocol_is_not_cut(void **state)
{
    char longest[HANDSHAKE_SUBPROTOCOL_MAX];
    (void)state;
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    upgrade_init(&asked, *state, false, longest);
    assert_span(asked.seen.subprotocol, longest);
    assert_string_equal(upgrade_subprotocol(&asked), longest);
}

static void a_shadow_stage_chooses_if_nobody_else_does(void **state)
{
    (void)state;
    struct upgrade before = asked;
    assert_null(upgrade_subprotocol(&asked));
    assert_int_equal(upgrade_select_subprotocol(&asked, "chat.v1"), OK);
    upgrade_refuse(&asked, 401, "no");
    asked.references = 3;
    upgrade_restore(&asked, &before);
    assert_span(asked.seen.subprotocol, "");
    assert_ptr_equal(asked.seen.subprotocol.data, asked.subprotocol);
    assert_int_equal(asked.references, 3);
    assert_int_equal(asked.status, 403);
    assert_string_equal(upgrade_subprotocol(&asked), "chat.v1");

    assert_int_equal(upgrade_select_subprotocol(&asked, "chat.v2"), OK);
    before = asked;
    assert_int_equal(upgrade_select_subprotocol(&asked, "chat.v1"), OK);
    upgrade_restore(&asked, &before);
    assert_string_equal(upgrade_subprotocol(&asked), "chat.v2");
}

static void refuses_with_403_unless_told_otherwise(void **state)
{
    (void)state;
    assert_string_equal(refusal(), "HTTP/1.1 403 Forbidden\r\n"
                                   "Content-Type: text/plain; charset=utf-8\r\n"
                                   "Content-Length: 10\r\n"
                                   "Cache-Control: no-store\r\n"
                                   "Connection: close\r\n"
                                   "\r\n"
                                   "Forbidden\n");
}

static void refuses_with_status_reason_and_headers(void **state)
{
    (void)state;
    upgrade_refuse(&asked, 429, "Come back later");
    assert_int_equal(upgrade_add_header(&asked, "Retry-After", "30"), OK);
    assert_int_equal(upgrade_add_header(&asked, "X-Limit", ""), OK);
    assert_string_equal(refusal(), "HTTP/1.1 429 Too Many Requests\r\n"
                                   "Content-Type: text/plain; charset=utf-8\r\n"
                                   "Content-Length: 16\r\n"
                                   "Cache-Control: no-store\r\n"
                                   "Connection: close\r\n"
                                   "Retry-After: 30\r\n"
                                   "X-Limit: \r\n"
                                   "\r\n"
                                   "Come back later\n");
}

static void status_that_is_no_refusal_becomes_403(void **state)
{
    static const int wrong[] = {0, -1, 101, 200, 302, 399, 600, 99999};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        upgrade_refuse(&asked, wrong[i], NULL);
        assert_int_equal(asked.status, 403);
    }
}

static void every_status_has_a_text(void **state)
{
    static const struct {
        int status;
        const char *line;
    } expected[] = {
        {400, "HTTP/1.1 400 Bad Request\r\n"},
        {401, "HTTP/1.1 401 Unauthorized\r\n"},
        {403, "HTTP/1.1 403 Forbidden\r\n"},
        {404, "HTTP/1.1 404 Not Found\r\n"},
        {429, "HTTP/1.1 429 Too Many Requests\r\n"},
        {500, "HTTP/1.1 500 Internal Server Error\r\n"},
        {503, "HTTP/1.1 503 Service Unavailable\r\n"},
        {418, "HTTP/1.1 418 Client Error\r\n"},
        {599, "HTTP/1.1 599 Server Error\r\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        upgrade_refuse(&asked, expected[i].status, "why");
        assert_memory_equal(refusal(), expected[i].line, strlen(expected[i].line));
    }
}

static void refuses_headers_that_would_split_the_response(void **state)
{
    static const char *const bad_names[] = {"", "A B", "A:", "A\r\nB", "\xc3\xbc", "A\x7f"};
    static const char *const bad_values[] = {"a\r\nSet-Cookie: b", "a\n", "\x01", "\x7f", "a\tb"};
    (void)state;
    for (size_t i = 0; i < sizeof bad_names / sizeof bad_names[0]; i++)
        assert_int_equal(upgrade_add_header(&asked, bad_names[i], "v"), ERR_INVALID);
    for (size_t i = 0; i < sizeof bad_values / sizeof bad_values[0]; i++)
        assert_int_equal(upgrade_add_header(&asked, "Name", bad_values[i]), ERR_INVALID);
    assert_string_equal(asked.headers, "");
}

static void headers_have_a_limit_and_stay_whole(void **state)
{
    char value[100];
    size_t added = 0;
    (void)state;
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    while (upgrade_add_header(&asked, "Name", value) == OK)
        added++;
    assert_int_equal(upgrade_add_header(&asked, "Name", value), ERR_LIMIT);
    assert_int_equal(strlen(asked.headers), added * strlen("Name: \r\n") + added * 99);
    assert_true(strlen(asked.headers) + sizeof value + 8 > UPGRADE_HEADERS_MAX);
    assert_string_equal(asked.headers + strlen(asked.headers) - 3, "v\r\n");
}

static void header_that_fits_exactly_is_taken(void **state)
{
    char value[UPGRADE_HEADERS_MAX];
    size_t len = UPGRADE_HEADERS_MAX - sizeof "N: \r\n";
    (void)state;
    memset(value, 'v', sizeof value);
    value[len + 1] = '\0';
    assert_int_equal(upgrade_add_header(&asked, "N", value), ERR_LIMIT);
    value[len] = '\0';
    assert_int_equal(upgrade_add_header(&asked, "N", value), OK);
    assert_int_equal(strlen(asked.headers), UPGRADE_HEADERS_MAX - 1);
}

static void longest_refusal_fits_where_the_server_writes_it(void **state)
{
    char text[UPGRADE_HEADERS_MAX];
    (void)state;
    memset(text, 'v', sizeof text);
    text[UPGRADE_HEADERS_MAX - sizeof "N: \r\n"] = '\0';
    upgrade_refuse(&asked, 429, text);
    assert_int_equal(strlen(asked.reason), UPGRADE_REASON_MAX - 1);
    assert_int_equal(upgrade_add_header(&asked, "N", text), OK);
    assert_true(strlen(refusal()) > UPGRADE_HEADERS_MAX + UPGRADE_REASON_MAX - 2);
}

static void refusal_that_does_not_fit_has_no_length(void **state)
{
    char small[64];
    (void)state;
    assert_int_equal(upgrade_refusal(&asked, small, sizeof small), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(shows_the_request_to_plugins),
        TEST(starts_with_the_negotiated_subprotocol),
        TEST(takes_only_subprotocols_that_were_offered),
        TEST(the_longest_subprotocol_is_not_cut),
        TEST(a_shadow_stage_chooses_if_nobody_else_does),
        TEST(refuses_with_403_unless_told_otherwise),
        TEST(refuses_with_status_reason_and_headers),
        TEST(status_that_is_no_refusal_becomes_403),
        TEST(every_status_has_a_text),
        TEST(refuses_headers_that_would_split_the_response),
        TEST(headers_have_a_limit_and_stay_whole),
        TEST(header_that_fits_exactly_is_taken),
        TEST(longest_refusal_fits_where_the_server_writes_it),
        TEST(refusal_that_does_not_fit_has_no_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
