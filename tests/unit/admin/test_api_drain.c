#include "admin/admin_fixture.h"

static int start_fixture(void **state)
{
    (void)state;
    start_admin(&fixture,
                ADMIN_ON_LOOPBACK
                "loops: 2\nshutdown: {grace: 1h}\nendpoints: [{path: /ws}, {path: /other}]\n",
                NULL);
    return 0;
}

/* Sends an order (a path below /api/v1/); the answer has status 200 and as many drains. Returns the
 * first of them; the caller deletes *body. */
static const cJSON *order(const char *path, const char *request, int drains, cJSON **body)
{
    char line[128];
    snprintf(line, sizeof line, "POST /api/v1/%s", path);
    assert_int_equal(ask_admin(&fixture, line, "", request), 200);
    *body = answered_json(&fixture);
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(*body, "drains");
    assert_int_equal(cJSON_GetArraySize(list), drains);
    return cJSON_GetArrayItem(list, 0);
}

static bool says_draining(const cJSON *body)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(body, "draining"));
}

static void the_whole_server_is_drained_over_the_grace_without_a_body(void **state)
{
    cJSON *body;
    (void)state;
    int client = join(fixture.serving.hub, "/ws");
    const cJSON *drain = order("drain", NULL, 1, &body);
    assert_true(says_draining(body));
    assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(drain, "endpoint")));
    assert_string_equal(string_in(drain, "state"), "closing");
    assert_int_equal(number_in(drain, "clients"), 1);
    assert_int_equal(number_in(drain, "closed"), 0);
    assert_true(number_in(drain, "left_ms") > 3500e3);
    cJSON_Delete(body);
    order("drain/stop", NULL, 0, &body);
    assert_false(says_draining(body));
    cJSON_Delete(body);
    leave(client);
}

static void one_endpoint_is_drained_at_the_pace_that_is_asked_for(void **state)
{
    cJSON *body;
    (void)state;
    int client = join(fixture.serving.hub, "/ws");
    const cJSON *drain = order("drain", "{\"endpoint\":\"/ws\",\"over\":\"0\"}", 1, &body);
    assert_false(says_draining(body));
    assert_string_equal(string_in(drain, "endpoint"), "/ws");
    cJSON_Delete(body);
    expect_close(client, CLOSE_SERVICE_RESTART, "server is draining; reconnect");
    send_close(client, CLOSE_SERVICE_RESTART);
    expect_end(client);
    wait_for_clients(fixture.serving.hub, NULL, 0);
    body = get_json(&fixture, "/api/v1/drain");
    drain = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(body, "drains"), 0);
    assert_string_equal(string_in(drain, "state"), "drained");
    assert_int_equal(number_in(drain, "closed"), 1);
    cJSON_Delete(body);
    order("drain/stop", "{\"endpoint\":\"/ws\"}", 0, &body);
    cJSON_Delete(body);
}

static void a_stop_without_an_endpoint_stops_all_drains(void **state)
{
    cJSON *body;
    (void)state;
    order("drain", "{\"endpoint\":\"/ws\",\"over\":\"1h\"}", 1, &body);
    cJSON_Delete(body);
    order("drain", "{\"endpoint\":\"/other\"}", 2, &body);
    cJSON_Delete(body);
    order("drain", "{}", 3, &body);
    cJSON_Delete(body);
    order("drain/stop", "{\"endpoint\":\"/other\"}", 2, &body);
    assert_int_equal(number_in(body, "stopped"), 1);
    cJSON_Delete(body);
    order("drain/stop", "{\"endpoint\":\"/other\"}", 2, &body);
    assert_int_equal(number_in(body, "stopped"), 0);
    cJSON_Delete(body);
    order("drain/stop", "{}", 0, &body);
    assert_int_equal(number_in(body, "stopped"), 2);
    cJSON_Delete(body);
}

static void what_is_not_understood_drains_nothing(void **state)
{
    static const struct {
        const char *body;
        int status;
    } wrong[] = {{"{\"over\":5}", 422},
                 {"{\"over\":\"soon\"}", 422},
                 {"{\"over\":\"2h\"}", 422},
                 {"{\"over\":\"-1s\"}", 422},
                 {"{\"endpoint\":\"/no\"}", 404},
                 {"{\"endpoints\":\"/ws\"}", 422},
                 {"[]", 400}};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(ask_admin(&fixture, "POST /api/v1/drain", "", wrong[i].body),
                         wrong[i].status);
    assert_int_equal(ask_admin(&fixture, "POST /api/v1/drain/stop", "", "{\"over\":\"1s\"}"), 422);
    assert_int_equal(ask_admin(&fixture, "POST /api/v1/drain",
                               "Content-Type: application/json\r\n"
                               "Transfer-Encoding: chunked\r\n",
                               NULL),
                     400); /* Whatever it was to say, it does not stand for the whole server. */
    cJSON *body = get_json(&fixture, "/api/v1/drain");
    assert_false(says_draining(body));
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(body, "drains")), 0);
    cJSON_Delete(body);
}

static void a_server_that_stops_takes_no_orders(void **state)
{
    (void)state;
    hub_announce_stop(fixture.serving.hub);
    assert_int_equal(ask_admin(&fixture, "POST /api/v1/drain", "", "{}"), 409);
    assert_int_equal(ask_admin(&fixture, "POST /api/v1/drain/stop", "", "{}"), 409);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start_fixture, stop_fixture)
    const struct CMUnitTest tests[] = {
        TEST(the_whole_server_is_drained_over_the_grace_without_a_body),
        TEST(one_endpoint_is_drained_at_the_pace_that_is_asked_for),
        TEST(a_stop_without_an_endpoint_stops_all_drains),
        TEST(what_is_not_understood_drains_nothing),
        TEST(a_server_that_stops_takes_no_orders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
