/* core/admin/api_clients.c: the list in pages, one client, and closing one. */
#include "admin/admin_fixture.h"

#define CLIENTS 5

static int clients[CLIENTS];

static int start_fixture(void **state)
{
    (void)state;
    start_admin(&fixture, ADMIN_ON_LOOPBACK "loops: 2\nendpoints: [{path: /ws}]\n", NULL);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = join(fixture.serving.hub, "/ws");
    wait_for_clients(fixture.serving.hub, NULL, CLIENTS);
    return 0;
}

static int stop_with_clients(void **state)
{
    stop_fixture(state);
    for (int i = 0; i < CLIENTS; i++)
        close(clients[i]);
    return 0;
}

static int get(const char *path)
{
    char line[256];
    snprintf(line, sizeof line, "GET %s", path);
    return ask_admin(&fixture, line, "", NULL);
}

/* Copies the id of the client at `index` of the whole list. */
static void id_at(int index, char id[32])
{
    cJSON *body = get_json(&fixture, "/api/v1/clients");
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(body, "clients");
    snprintf(id, 32, "%s", string_in(cJSON_GetArrayItem(list, index), "id"));
    cJSON_Delete(body);
}

static void a_client_is_described(void **state)
{
    (void)state;
    cJSON *body = get_json(&fixture, "/api/v1/clients?limit=1");
    const cJSON *client = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(body, "clients"), 0);
    assert_string_equal(string_in(client, "endpoint"), "/ws");
    assert_string_equal(string_in(client, "address"), "127.0.0.1");
    assert_string_equal(string_in(client, "state"), "open");
    assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(client, "identity")));
    assert_true(cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(client, "tls")));
    assert_int_equal(number_in(client, "topics"), 0);
    assert_int_equal(number_in(client, "queued_bytes"), 0);
    assert_true(number_in(client, "silent_ms") >= 0);
    assert_true(number_in(client, "age_ms") >= 0);
    cJSON_Delete(body);
}

static void pages_have_every_client_once_in_one_order(void **state)
{
    char path[128] = "/api/v1/clients?limit=2", id[32];
    int seen = 0;
    (void)state;
    for (int page = 0; page < 3; page++) {
        cJSON *body = get_json(&fixture, path);
        const cJSON *list = cJSON_GetObjectItemCaseSensitive(body, "clients");
        assert_int_equal(cJSON_GetArraySize(list), page < 2 ? 2 : 1);
        for (int i = 0; i < cJSON_GetArraySize(list); i++) {
            id_at(seen++, id);
            assert_string_equal(string_in(cJSON_GetArrayItem(list, i), "id"), id);
        }
        bool has_next = cJSON_GetObjectItemCaseSensitive(body, "next") != NULL;
        assert_int_equal(has_next, page < 2);
        if (has_next)
            snprintf(path, sizeof path, "/api/v1/clients?limit=2&after=%s",
                     string_in(body, "next"));
        cJSON_Delete(body);
    }
    assert_int_equal(seen, CLIENTS);
}

static void a_page_that_ends_with_the_last_client_has_no_next(void **state)
{
    (void)state;
    cJSON *body = get_json(&fixture, "/api/v1/clients?limit=5");
    assert_null(cJSON_GetObjectItemCaseSensitive(body, "next"));
    cJSON_Delete(body);
}

static void parameters_that_are_no_numbers_are_refused(void **state)
{
    static const char *const queries[] = {
        "limit=0",
        "limit=1001",
        "limit=",
        "limit=-1",
        "limit=1x",
        "after=x",
        "after=18446744073709551616",
    };
    char path[128];
    (void)state;
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        snprintf(path, sizeof path, "/api/v1/clients?%s", queries[i]);
        assert_int_equal(get(path), 400);
    }
}

static int listed(const char *query)
{
    char path[128];
    snprintf(path, sizeof path, "/api/v1/clients?%s", query);
    cJSON *body = get_json(&fixture, path);
    int count = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(body, "clients"));
    cJSON_Delete(body);
    return count;
}

static void filters_say_which_are_listed(void **state)
{
    (void)state;
    assert_int_equal(listed("endpoint=/ws"), CLIENTS);
    assert_int_equal(listed("endpoint=%2Fws&address=127.0.0.1"), CLIENTS);
    assert_int_equal(listed("address=127.0.0.0/8&limit=2"), 2);
    assert_int_equal(listed("address=192.0.2.1"), 0);
    assert_int_equal(listed("identity=ann"), 0);
    assert_int_equal(listed("topic=news"), 0);
}

static void filters_that_mean_nothing_are_refused(void **state)
{
    static const char *const queries[] = {
        "identity=", "identity=a%00b",     "topic=",   "topic=%ff",
        "address=",  "address=10.0.0.1/8", "address=x"};
    char path[128];
    (void)state;
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        snprintf(path, sizeof path, "/api/v1/clients?%s", queries[i]);
        assert_int_equal(get(path), 400);
    }
    assert_int_equal(get("/api/v1/clients?endpoint=/none"), 404);
}

static void the_largest_come_first_if_that_is_asked_for(void **state)
{
    static const char *const keys[] = {"queue", "age", "bytes", "messages", "drops", "last-heard"};
    char path[128];
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        snprintf(path, sizeof path, "/api/v1/clients?sort=%s&limit=3", keys[i]);
        cJSON *body = get_json(&fixture, path);
        const cJSON *list = cJSON_GetObjectItemCaseSensitive(body, "clients");
        assert_int_equal(cJSON_GetArraySize(list), 3);
        assert_null(cJSON_GetObjectItemCaseSensitive(body, "next"));
        cJSON_Delete(body);
    }
    assert_int_equal(get("/api/v1/clients?sort=colour"), 400);
    assert_int_equal(get("/api/v1/clients?sort="), 400);
    assert_int_equal(get("/api/v1/clients?sort=queue&after=1"), 400);
    assert_int_equal(get("/api/v1/clients?sort=queue&endpoint=/none"), 404);
}

static void a_client_is_found_by_its_id(void **state)
{
    char id[32], path[128];
    (void)state;
    id_at(CLIENTS - 1, id);
    snprintf(path, sizeof path, "/api/v1/clients/%s", id);
    cJSON *body = get_json(&fixture, path);
    assert_string_equal(string_in(body, "id"), id);
    cJSON_Delete(body);
}

static void an_id_of_nobody_is_not_found(void **state)
{
    (void)state;
    assert_int_equal(get("/api/v1/clients/1"), 404);
    assert_int_equal(get("/api/v1/clients/18446744073709551615"), 404);
    assert_int_equal(get("/api/v1/clients/name"), 404);
    assert_int_equal(ask_admin(&fixture, "DELETE /api/v1/clients/1", "", NULL), 404);
}

/* The last test: a client is gone after it. */
static void a_client_that_is_kicked_gets_1008(void **state)
{
    char id[32], line[128];
    struct pollfd readable[CLIENTS];
    (void)state;
    id_at(0, id);
    snprintf(line, sizeof line, "DELETE /api/v1/clients/%s", id);
    assert_int_equal(ask_admin(&fixture, line, "", NULL), 200);
    cJSON *body = answered_json(&fixture);
    assert_string_equal(string_in(body, "closed"), id);
    cJSON_Delete(body);
    for (int i = 0; i < CLIENTS; i++)
        readable[i] = (struct pollfd){.fd = clients[i], .events = POLLIN};
    assert_int_equal(poll(readable, CLIENTS, PATIENCE_SECONDS * 1000), 1);
    for (int i = 0; i < CLIENTS; i++)
        if (readable[i].revents != 0)
            expect_close(clients[i], 1008, "closed by the administrator");
    snprintf(line, sizeof line, "GET /api/v1/clients/%s", id);
    assert_int_equal(ask_admin(&fixture, line, "", NULL), 200); /* until the client answers */
    body = answered_json(&fixture);
    assert_string_equal(string_in(body, "state"), "closing");
    cJSON_Delete(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_is_described),
        cmocka_unit_test(pages_have_every_client_once_in_one_order),
        cmocka_unit_test(a_page_that_ends_with_the_last_client_has_no_next),
        cmocka_unit_test(parameters_that_are_no_numbers_are_refused),
        cmocka_unit_test(filters_say_which_are_listed),
        cmocka_unit_test(filters_that_mean_nothing_are_refused),
        cmocka_unit_test(the_largest_come_first_if_that_is_asked_for),
        cmocka_unit_test(a_client_is_found_by_its_id),
        cmocka_unit_test(an_id_of_nobody_is_not_found),
        cmocka_unit_test(a_client_that_is_kicked_gets_1008),
    };
    return cmocka_run_group_tests(tests, start_fixture, stop_with_clients);
}
