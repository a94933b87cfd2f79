/* core/admin/json.c: what a client receives. */
#include "front/http_fixture.h"

#include "admin/json.h"

static struct http_fixture fixture;
static cJSON *value; /* what is answered next, NULL: nothing could be made */
static bool is_error;
static char answer[4096];

static int answer_request(const void *context, struct mg_connection *conn,
                          const struct address *from)
{
    (void)context;
    (void)from;
    return is_error ? json_send_error(conn, 409, "X-Own: 1\r\n", "conflict", "say \"please\"")
                    : json_send(conn, 202, value);
}

static int answer_unreadable(struct mg_connection *conn, int status, const char *sentence)
{
    return json_send_error(conn, status, "", "bad request", sentence);
}

static int start_fixture(void **state)
{
    (void)state;
    start_http(&fixture, (struct request_handler){answer_request, answer_unreadable, NULL});
    return 0;
}

static int stop_fixture(void **state)
{
    (void)state;
    stop_http(&fixture);
    return 0;
}

static int ask(void)
{
    return exchange(fixture.address.port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", answer,
                    sizeof answer);
}

static void a_value_is_sent_with_its_type(void **state)
{
    (void)state;
    is_error = false;
    value = cJSON_CreateObject();
    cJSON_AddNumberToObject(value, "clients", 3);
    assert_int_equal(ask(), 202);
    assert_non_null(strstr(answer, "\r\nContent-Type: application/json\r\n"));
    assert_string_equal(body_of(answer), "{\"clients\":3}");
}

static void a_value_that_could_not_be_made_is_an_error(void **state)
{
    (void)state;
    is_error = false;
    value = NULL;
    assert_int_equal(ask(), 500);
    assert_non_null(strstr(body_of(answer), "\"error\":\"internal\""));
}

static void an_error_has_its_detail_escaped_and_its_headers(void **state)
{
    (void)state;
    is_error = true;
    assert_int_equal(ask(), 409);
    assert_non_null(strstr(answer, "\r\nX-Own: 1\r\n"));
    assert_string_equal(body_of(answer),
                        "{\"error\":\"conflict\",\"detail\":\"say \\\"please\\\"\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_sent_with_its_type),
        cmocka_unit_test(a_value_that_could_not_be_made_is_an_error),
        cmocka_unit_test(an_error_has_its_detail_escaped_and_its_headers),
    };
    return cmocka_run_group_tests(tests, start_fixture, stop_fixture);
}
