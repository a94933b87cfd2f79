/* core/admin/api_kick.c: which clients go, with which words, and what is refused. */
#include "admin/admin_fixture.h"

#include <sys/resource.h>

#define MANY 600 /* more than a loop closes in one portion */

/* Both ends of each connection are in this process. */
static void allow_descriptors(rlim_t count)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_true(limit.rlim_max >= count);
    if (limit.rlim_cur < count)
        limit.rlim_cur = count;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static int start_fixture(void **state)
{
    (void)state;
    allow_descriptors(2 * MANY + 200);
    start_admin(&fixture, ADMIN_ON_LOOPBACK "loops: 2\nendpoints: [{path: /a}, {path: /b}]\n",
                NULL);
    return 0;
}

static int kick(const char *body)
{
    return ask_admin(&fixture, "POST /api/v1/kick", "", body);
}

static double kicked(const char *body)
{
    assert_int_equal(kick(body), 200);
    cJSON *answer = answered_json(&fixture);
    double closed = number_in(answer, "closed");
    cJSON_Delete(answer);
    return closed;
}

static void end_all(void)
{
    wait_for_clients(fixture.serving.hub, NULL, 0);
}

static void those_of_an_endpoint_go_and_others_stay(void **state)
{
    (void)state;
    int goes = join(fixture.serving.hub, "/a");
    int stays = join(fixture.serving.hub, "/b");
    assert_int_equal(kicked("{\"endpoint\":\"/a\"}"), 1);
    expect_close(goes, 1008, "closed by the administrator");
    close(goes);
    assert_int_equal(kicked("{\"endpoint\":\"/b\",\"address\":\"192.0.2.1\"}"), 0);
    assert_int_equal(
        kicked("{\"address\":\"127.0.0.0/8\",\"code\":4000,\"reason\":\"gr\xc3\xbc\xc3\x9f\"}"), 1);
    expect_close(stays, 4000, "gr\xc3\xbc\xc3\x9f");
    close(stays);
    end_all();
}

static void a_client_is_closed_once(void **state)
{
    (void)state;
    int client = join(fixture.serving.hub, "/a");
    assert_int_equal(kicked("{\"endpoint\":\"/a\",\"reason\":\"\"}"), 1);
    assert_int_equal(kicked("{\"endpoint\":\"/a\"}"), 0);
    expect_close(client, 1008, "");
    close(client);
    end_all();
}

static void many_on_all_loops_go_in_portions(void **state)
{
    static int clients[MANY];
    (void)state;
    for (int i = 0; i < MANY; i++)
        clients[i] = join(fixture.serving.hub, "/a");
    wait_for_clients(fixture.serving.hub, NULL, MANY);
    assert_int_equal(kicked("{\"endpoint\":\"/a\",\"code\":1012}"), MANY);
    for (int i = 0; i < MANY; i++) {
        expect_close(clients[i], 1012, "closed by the administrator");
        close(clients[i]);
    }
    end_all();
}

static void one_is_named_by_its_id(void **state)
{
    char body[128];
    (void)state;
    int goes = join(fixture.serving.hub, "/a");
    cJSON *list = get_json(&fixture, "/api/v1/clients");
    const cJSON *told = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(list, "clients"), 0);
    snprintf(body, sizeof body, "{\"id\":\"%s\",\"code\":4001,\"reason\":\"go\"}",
             string_in(told, "id"));
    cJSON_Delete(list);
    assert_int_equal(kicked(body), 1);
    expect_close(goes, 4001, "go");
    close(goes);
    end_all();
    assert_int_equal(kick(body), 404);
}

/* What is wrong must not close anybody. */
static const struct {
    const char *body;
    int status;
    const char *detail;
} not_understood[] = {
    {"{}", 422, "say whom"},
    {"{\"code\":4000,\"reason\":\"x\"}", 422, "say whom"},
    {"{\"id\":\"1\",\"endpoint\":\"/a\"}", 422, "say whom"},
    {"{\"id\":\"0\"}", 404, "no client"},
    {"{\"id\":\"18446744073709551615\"}", 404, "no client"},
    {"{\"id\":\"18446744073709551616\"}", 422, "id is"},
    {"{\"id\":\"\"}", 422, "id is"},
    {"{\"id\":\"-1\"}", 422, "id is"},
    {"{\"id\":1}", 422, "are strings"},
    {"{\"endpoint\":\"/none\"}", 404, "no endpoint"},
    {"{\"endpoint\":null}", 422, "are strings"},
    {"{\"endpoint\":\"/a\",\"colour\":\"red\"}", 422, "nothing else"},
    {"{\"endpoint\":\"/a\",\"code\":\"4000\"}", 422, "code is"},
    {"{\"endpoint\":\"/a\",\"code\":1006}", 422, "code is"},
    {"{\"endpoint\":\"/a\",\"code\":5000}", 422, "code is"},
    {"{\"endpoint\":\"/a\",\"code\":69536}", 422, "code is"},
    {"{\"endpoint\":\"/a\",\"code\":4000.5}", 422, "code is"},
    {"{\"endpoint\":\"/a\",\"code\":4000,\"code\":4001}", 422, "nothing else"},
    {"{\"endpoint\":\"/a\",\"reason\":\"\xff\"}", 422, "a reason is"},
    {"{\"address\":\"10.0.0.1/8\"}", 422, "did you mean"},
    {"{\"topic\":\"\"}", 422, "a topic is"},
    {"{\"identity\":\"\"}", 422, "an identity is"},
    {"[]", 400, "not a JSON object"},
};

static void what_is_not_understood_closes_nobody(void **state)
{
    (void)state;
    int client = join(fixture.serving.hub, "/a");
    for (size_t i = 0; i < sizeof not_understood / sizeof not_understood[0]; i++) {
        assert_int_equal(kick(not_understood[i].body), not_understood[i].status);
        cJSON *answer = answered_json(&fixture);
        assert_non_null(strstr(string_in(answer, "detail"), not_understood[i].detail));
        cJSON_Delete(answer);
    }
    assert_int_equal(kicked("{\"endpoint\":\"/a\"}"), 1); /* It is still there. */
    expect_close(client, 1008, "closed by the administrator");
    close(client);
    end_all();
}

static void a_reason_has_room_for_123_bytes(void **state)
{
    char reason[126] = "", body[256];
    (void)state;
    int client = join(fixture.serving.hub, "/a");
    memset(reason, 'x', 124);
    snprintf(body, sizeof body, "{\"endpoint\":\"/a\",\"reason\":\"%s\"}", reason);
    assert_int_equal(kick(body), 422);
    reason[123] = '\0';
    snprintf(body, sizeof body, "{\"endpoint\":\"/a\",\"reason\":\"%s\"}", reason);
    assert_int_equal(kicked(body), 1);
    expect_close(client, 1008, reason);
    close(client);
    end_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_of_an_endpoint_go_and_others_stay),
        cmocka_unit_test(a_client_is_closed_once),
        cmocka_unit_test(many_on_all_loops_go_in_portions),
        cmocka_unit_test(one_is_named_by_its_id),
        cmocka_unit_test(what_is_not_understood_closes_nobody),
        cmocka_unit_test(a_reason_has_room_for_123_bytes),
    };
    return cmocka_run_group_tests(tests, start_fixture, stop_fixture);
}
