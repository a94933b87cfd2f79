/* core/admin/admin_requests.c: which path is asked for, and with which role. */
#include "admin/admin_fixture.h"

static int start_fixture(void **state)
{
    (void)state;
    start_admin(&fixture, "admin: {listen: '127.0.0.1:0', requests: 1}\nendpoints: [{path: /ws}]\n",
                NULL);
    return 0;
}

static int ask_at_once(const char *line)
{
    return ask_admin(&fixture, line, "", NULL);
}

static int ask(const char *line, const char *headers)
{
    await_free_slots(&fixture);
    return ask_admin(&fixture, line, headers, NULL);
}

static void a_read_token_learns_who_it_is_and_changes_nothing(void **state)
{
    struct admin_token_set set = {.count = 1};
    (void)state;
    await_free_slots(&fixture);
    cJSON *body = get_json(&fixture, "/api/v1/whoami");
    assert_string_equal(string_in(body, "role"), "all");
    assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(body, "token")));
    cJSON_Delete(body);
    set.tokens[0].owner = (struct admin_token_owner){.role = ADMIN_ROLE_READ, .name = "grafana"};
    SHA256((const unsigned char *)"0123456789abcdef", 16, set.tokens[0].hash);
    admin_tokens_change(&fixture.admin->tokens, &set);
#define AUTHORIZED "Authorization: Bearer 0123456789abcdef\r\n"
    assert_int_equal(ask("GET /api/v1/whoami", AUTHORIZED), 200);
    assert_string_equal(body_of(fixture.answer), "{\"role\":\"read\",\"token\":\"grafana\"}");
    assert_int_equal(ask("GET /metrics", AUTHORIZED), 200);
    assert_int_equal(ask("GET /api/v1/clients", AUTHORIZED), 200);
    assert_int_equal(ask("DELETE /api/v1/clients/1", AUTHORIZED), 403);
    assert_int_equal(ask("POST /api/v1/reload", AUTHORIZED "Content-Length: 0\r\n"), 403);
    assert_non_null(
        strstr(body_of(fixture.answer), "with the role all; grafana has the role read"));
    set.count = 0;
    admin_tokens_change(&fixture.admin->tokens, &set);
}

static void health_says_how_many_clients_there_are(void **state)
{
    (void)state;
    cJSON *body = get_json(&fixture, "/healthz");
    assert_string_equal(string_in(body, "status"), "ok");
    assert_int_equal(number_in(body, "clients"), 0);
    cJSON_Delete(body);
}

static void readiness_and_metrics_are_answered(void **state)
{
    (void)state;
    cJSON *body = get_json(&fixture, "/readyz");
    assert_string_equal(string_in(body, "status"), "ready");
    cJSON_Delete(body);
    assert_int_equal(ask("GET /metrics", ""), 200);
    assert_non_null(strstr(fixture.answer, "\r\nContent-Type: text/plain; version=0.0.4;"));
    assert_non_null(strstr(fixture.answer, "\nsluice_clients{endpoint=\"/ws\"} 0\n"));
    assert_int_equal(ask("HEAD /metrics", ""), 200);
    assert_string_equal(body_of(fixture.answer), "");
}

static void an_unknown_path_is_told_what_there_is(void **state)
{
    (void)state;
    assert_int_equal(ask("GET /none", ""), 404);
    assert_non_null(strstr(body_of(fixture.answer), "/healthz"));
    assert_int_equal(ask("GET /healthz%00", ""), 404);
}

static void another_method_is_told_which_there_are(void **state)
{
    (void)state;
    assert_int_equal(ask("DELETE /api/v1/count", ""), 405);
    assert_non_null(strstr(fixture.answer, "\r\nAllow: GET, HEAD\r\n"));
    assert_int_equal(ask("PUT /api/v1/clients/1", ""), 405);
    assert_non_null(strstr(fixture.answer, "\r\nAllow: GET, HEAD, DELETE\r\n"));
    assert_int_equal(ask("POST /healthz", "Content-Length: 0\r\n"), 405);
}

static void health_is_answered_when_all_slots_are_taken(void **state)
{
    struct request_slot slot;
    (void)state;
    await_free_slots(&fixture);
    assert_true(request_slots_take(&fixture.admin->listeners[0].slots, 0, &slot));
    assert_int_equal(ask_at_once("GET /api/v1/count"), 503);
    assert_non_null(strstr(fixture.answer, "\r\nRetry-After: 1\r\n"));
    assert_int_equal(ask_at_once("GET /healthz"), 200);
    request_slot_give(&slot);
    assert_int_equal(ask("GET /api/v1/count", ""), 200);
}

static void an_unreadable_request_is_answered_in_json(void **state)
{
    (void)state;
    assert_int_equal(
        exchange(admin_port(&fixture), "nonsense\r\n\r\n", fixture.answer, sizeof fixture.answer),
        400);
    cJSON *body = answered_json(&fixture);
    assert_string_equal(string_in(body, "error"), "bad request");
    cJSON_Delete(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(health_says_how_many_clients_there_are),
        cmocka_unit_test(readiness_and_metrics_are_answered),
        cmocka_unit_test(an_unknown_path_is_told_what_there_is),
        cmocka_unit_test(another_method_is_told_which_there_are),
        cmocka_unit_test(a_read_token_learns_who_it_is_and_changes_nothing),
        cmocka_unit_test(health_is_answered_when_all_slots_are_taken),
        cmocka_unit_test(an_unreadable_request_is_answered_in_json),
    };
    return cmocka_run_group_tests(tests, start_fixture, stop_fixture);
}
