/* core/admin/api_broadcast.c: what is sent, to whom, and what is refused. */
#include "admin/admin_fixture.h"

static int start_fixture(void **state)
{
    (void)state;
    start_admin(&fixture, ADMIN_ON_LOOPBACK "endpoints: [{path: /a}, {path: /b}]\n", NULL);
    return 0;
}

static int post(const char *body)
{
    return ask_admin(&fixture, "POST /api/v1/broadcast", "", body);
}

static double delivered_to(const char *body)
{
    assert_int_equal(post(body), 200);
    cJSON *answer = answered_json(&fixture);
    double count = number_in(answer, "delivered_to");
    cJSON_Delete(answer);
    return count;
}

static void leave_both(int one, int other)
{
    leave(one);
    leave(other);
    wait_for_clients(fixture.serving.hub, NULL, 0);
}

static void text_goes_to_one_endpoint_or_to_all(void **state)
{
    (void)state;
    int a = join(fixture.serving.hub, "/a");
    int b = join(fixture.serving.hub, "/b");
    assert_int_equal(delivered_to("{\"endpoint\":\"/a\",\"text\":\"only a\"}"), 1);
    assert_int_equal(delivered_to("{\"text\":\"all \\u00e4\"}"), 2);
    expect_text(a, "only a");
    expect_text(a, "all \xc3\xa4");
    expect_text(b, "all \xc3\xa4");
    leave_both(a, b);
}

static void base64_becomes_a_binary_message(void **state)
{
    static const struct {
        const char *base64;
        size_t len;
    } cases[] = {{"AAEC", 3}, {"AAE=", 2}, {"AA==", 1}, {"", 0}};
    char body[128];
    (void)state;
    int client = join(fixture.serving.hub, "/a");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(body, sizeof body, "{\"endpoint\":\"/a\",\"base64\":\"%s\"}", cases[i].base64);
        assert_int_equal(delivered_to(body), 1);
        struct arrived arrived = read_frame(client);
        assert_int_equal(arrived.opcode, OPCODE_BINARY);
        assert_int_equal(arrived.len, cases[i].len);
        assert_memory_equal(arrived.data, "\0\1\2", arrived.len);
    }
    leave(client);
    wait_for_clients(fixture.serving.hub, NULL, 0);
}

static void a_topic_without_subscribers_gets_nothing(void **state)
{
    (void)state;
    int client = join(fixture.serving.hub, "/a");
    assert_int_equal(delivered_to("{\"topic\":\"news\",\"text\":\"lost\"}"), 0);
    assert_int_equal(delivered_to("{\"text\":\"found\"}"), 1);
    expect_text(client, "found");
    leave(client);
    wait_for_clients(fixture.serving.hub, NULL, 0);
}

static void what_is_not_understood_is_told(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *detail;
    } cases[] = {
        {"{}", 422, "either text or base64"},
        {"{\"text\":\"a\",\"base64\":\"AA==\"}", 422, "either text or base64"},
        {"{\"text\":7}", 422, "are strings"},
        {"{\"text\":\"a\",\"colour\":\"red\"}", 422, "colour"},
        {"{\"base64\":\"AA\"}", 422, "not base64"},
        {"{\"base64\":\"A===\"}", 422, "not base64"},
        {"{\"base64\":\"A=AA\"}", 422, "not base64"},
        {"{\"topic\":\"\",\"text\":\"a\"}", 422, "a topic is"},
        {"{\"endpoint\":\"/none\",\"text\":\"a\"}", 404, "no endpoint"},
        {"[]", 400, "not a JSON object"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(post(cases[i].body), cases[i].status);
        cJSON *answer = answered_json(&fixture);
        assert_non_null(strstr(string_in(answer, "detail"), cases[i].detail));
        cJSON_Delete(answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_goes_to_one_endpoint_or_to_all),
        cmocka_unit_test(base64_becomes_a_binary_message),
        cmocka_unit_test(a_topic_without_subscribers_gets_nothing),
        cmocka_unit_test(what_is_not_understood_is_told),
    };
    return cmocka_run_group_tests(tests, start_fixture, stop_fixture);
}
