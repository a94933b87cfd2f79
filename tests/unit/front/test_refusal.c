/* core/front/refusal.c: what is answered, and what the log says. */
#include "front/http_fixture.h"

#include "captured_log.h"
#include "front/refusal.h"

static struct http_fixture fixture;
static char answer[4096];

static int refuse_all(const void *context, struct mg_connection *conn, const struct address *from)
{
    (void)context;
    return refusal_send(&(struct refused){conn, "/nowhere", from},
                        &(struct refusal){"path", 404, "There is none.", "Retry-After: 1"});
}

static int refuse_unreadable(struct mg_connection *conn, int status, const char *sentence)
{
    const struct address from = {.bytes = {[15] = 1}};
    return refusal_send(&(struct refused){.conn = conn, .from = &from},
                        &(struct refusal){"request", status, sentence, NULL});
}

static int start_fixture(void **state)
{
    (void)state;
    start_http(&fixture, (struct request_handler){refuse_all, refuse_unreadable, NULL});
    return 0;
}

static int stop_fixture(void **state)
{
    (void)state;
    stop_http(&fixture);
    return 0;
}

/* What the log has said when the answer has come. */
static cJSON *logged_of(const char *request)
{
    log_configure(LOG_LEVEL_DEBUG, LOG_FORMAT_JSON);
    begin_capture();
    exchange(fixture.address.port, request, answer, sizeof answer);
    const char *found = strstr(end_capture(), "\"event\":\"upgrade_refused\"");
    assert_non_null(found);
    while (found > capture.text && found[-1] != '\n')
        found--;
    cJSON *object = cJSON_Parse(found);
    assert_non_null(object);
    return object;
}

static void a_refusal_is_answered_and_told(void **state)
{
    (void)state;
    cJSON *event =
        logged_of("GET /nowhere HTTP/1.1\r\nHost: x\r\nX-Request-Id: abc\r\ntraceparent: "
                  "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n");
    assert_memory_equal(answer, "HTTP/1.1 404 ", 13);
    assert_non_null(strstr(answer, "\r\nRetry-After: 1\r\n"));
    assert_string_equal(body_of(answer), "There is none.\n");
    assert_member(event, "stage", "path");
    assert_member(event, "reason", "There is none.");
    assert_member(event, "endpoint", "/nowhere");
    assert_member(event, "address", "127.0.0.1");
    assert_member(event, "request_id", "abc");
    assert_member(event, "trace_id", "0af7651916cd43dd8448eb211c80319c");
    assert_int_equal(cJSON_GetNumberValue(cJSON_GetObjectItem(event, "status")), 404);
    cJSON_Delete(event);
}

static void of_an_unreadable_request_nothing_is_read(void **state)
{
    (void)state;
    cJSON *event = logged_of("nonsense\r\nX-Request-Id: abc\r\n\r\n");
    assert_member(event, "stage", "request");
    assert_false(cJSON_HasObjectItem(event, "endpoint"));
    assert_string_not_equal(cJSON_GetStringValue(cJSON_GetObjectItem(event, "request_id")), "abc");
    cJSON_Delete(event);
}

static void nothing_is_said_if_the_level_does_not_ask_for_it(void **state)
{
    (void)state;
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    begin_capture();
    assert_int_equal(
        exchange(fixture.address.port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", answer, sizeof answer),
        404);
    assert_string_equal(end_capture(), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_is_answered_and_told),
        cmocka_unit_test(of_an_unreadable_request_nothing_is_read),
        cmocka_unit_test(nothing_is_said_if_the_level_does_not_ask_for_it),
    };
    return cmocka_run_group_tests(tests, start_fixture, stop_fixture);
}
