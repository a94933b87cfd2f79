/* core/admin/api_bans.c */
#include "admin/admin_fixture.h"

static int start_fixture(void **state)
{
    (void)state;
    start_admin(&fixture, ADMIN_ON_LOOPBACK "bans: {max: 70}\nloops: 2\nendpoints: [{path: /a}]\n",
                NULL);
    return 0;
}

static int ban(const char *body)
{
    return ask_admin(&fixture, "POST /api/v1/bans", "", body);
}

/* Returns how many clients were closed. */
static double banned(const char *body)
{
    assert_int_equal(ban(body), 200);
    cJSON *answer = answered_json(&fixture);
    double closed = number_in(answer, "closed");
    assert_true(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "saved")));
    cJSON_Delete(answer);
    return closed;
}

static int unban(const char *target)
{
    char line[256];
    snprintf(line, sizeof line, "DELETE /api/v1/bans%s", target);
    return ask_admin(&fixture, line, "", NULL);
}

static double total(void)
{
    cJSON *answer = get_json(&fixture, "/api/v1/bans");
    double count = number_in(answer, "total");
    cJSON_Delete(answer);
    return count;
}

static void clients_of_a_banned_address_are_closed(void **state)
{
    (void)state;
    int client = join(fixture.serving.hub, "/a");
    assert_int_equal(banned("{\"address\":\"127.0.0.0/8\",\"keep\":true}"), 0);
    assert_int_equal(banned("{\"address\":\"127.0.0.0/8\",\"code\":4003,\"reason\":\"spam\"}"), 1);
    expect_close(client, 4003, "spam");
    close(client);
    wait_for_clients(fixture.serving.hub, NULL, 0);
    assert_int_equal(unban("?address=127.0.0.0%2F8"), 200);
    cJSON *answer = answered_json(&fixture);
    const cJSON *lifted = cJSON_GetObjectItemCaseSensitive(answer, "lifted");
    assert_string_equal(string_in(lifted, "address"), "127.0.0.0/8");
    assert_string_equal(string_in(lifted, "reason"), "spam");
    cJSON_Delete(answer);
    assert_int_equal(total(), 0);
}

static void a_ban_is_listed_with_its_end_and_who_asked(void **state)
{
    (void)state;
    assert_int_equal(banned("{\"identity\":\"ann\",\"until\":\"2100-01-01T00:00:00Z\"}"), 0);
    assert_int_equal(banned("{\"identity\":\"bob\",\"for\":\"1h\"}"), 0);
    cJSON *answer = get_json(&fixture, "/api/v1/bans");
    const cJSON *bans = cJSON_GetObjectItemCaseSensitive(answer, "bans");
    assert_int_equal(cJSON_GetArraySize(bans), 2);
    const cJSON *ann = cJSON_GetArrayItem(bans, 0);
    assert_string_equal(string_in(ann, "identity"), "ann");
    assert_string_equal(string_in(ann, "until"), "2100-01-01T00:00:00Z");
    assert_int_equal(strncmp(string_in(ann, "by"), "127.0.0.1, port ", 16), 0);
    assert_string_not_equal(string_in(cJSON_GetArrayItem(bans, 1), "until"),
                            string_in(cJSON_GetArrayItem(bans, 1), "since"));
    char target[32];
    snprintf(target, sizeof target, "/%.0f", number_in(ann, "id"));
    cJSON_Delete(answer);
    assert_int_equal(unban(target), 200);
    assert_int_equal(unban(target), 404);
    assert_int_equal(unban("?identity=bob"), 200);
}

static void pages_have_every_ban_once(void **state)
{
    char body[64], path[64], next[32] = "0";
    double seen = 0;
    (void)state;
    for (int i = 0; i < 70; i++) {
        snprintf(body, sizeof body, "{\"identity\":\"name-%d\"}", i);
        assert_int_equal(banned(body), 0);
    }
    assert_int_equal(ban("{\"identity\":\"one more\"}"), 409);
    assert_non_null(strstr(fixture.answer, "there are 70 bans, which is as many as there may be: "
                                           "raise bans.max and reload, or ban a prefix"));
    while (next[0] != '\0') {
        snprintf(path, sizeof path, "/api/v1/bans?limit=33&after=%s", next);
        cJSON *page = get_json(&fixture, path);
        const cJSON *more = cJSON_GetObjectItemCaseSensitive(page, "next");
        seen += cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(page, "bans"));
        snprintf(next, sizeof next, "%s", more != NULL ? cJSON_GetStringValue(more) : "");
        cJSON_Delete(page);
    }
    assert_int_equal(seen, 70);
    for (int i = 0; i < 70; i++) {
        snprintf(body, sizeof body, "?identity=name-%d", i);
        assert_int_equal(unban(body), 200);
    }
}

static const struct {
    const char *body;
    const char *detail;
} not_understood[] = {
    {"{}", "say whom"},
    {"{\"identity\":\"ann\",\"address\":\"10.0.0.1\"}", "say whom"},
    {"{\"identity\":\"\"}", "an identity is"},
    {"{\"address\":\"10.0.0.1/8\"}", "did you mean"},
    {"{\"address\":\"0.0.0.0/0\"}", "all addresses"},
    {"{\"identity\":\"ann\",\"for\":\"0s\"}", "for is a duration"},
    {"{\"identity\":\"ann\",\"for\":\"-5s\"}", "for is a duration"},
    {"{\"identity\":\"ann\",\"for\":\"later\"}", "for is a duration"},
    {"{\"identity\":\"ann\",\"for\":\"1h\",\"until\":\"2100-01-01T00:00:00Z\"}", "not by both"},
    {"{\"identity\":\"ann\",\"until\":\"2001-01-01T00:00:00Z\"}", "has gone by"},
    {"{\"identity\":\"ann\",\"until\":\"x\"}", "an end is a time"},
    {"{\"identity\":\"ann\",\"keep\":\"yes\"}", "keep is"},
    {"{\"identity\":\"ann\",\"code\":1006}", "code is"},
    {"{\"identity\":\"ann\",\"colour\":\"red\"}", "nothing else"},
    {"{\"identity\":7}", "are strings"},
};

static void what_is_not_understood_bans_nobody(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof not_understood / sizeof *not_understood; i++) {
        assert_int_equal(ban(not_understood[i].body), 422);
        cJSON *answer = answered_json(&fixture);
        assert_non_null(strstr(string_in(answer, "detail"), not_understood[i].detail));
        cJSON_Delete(answer);
    }
    assert_int_equal(total(), 0);
    assert_int_equal(unban(""), 422);
    assert_int_equal(unban("/x"), 422);
    assert_int_equal(unban("/0"), 422);
    assert_int_equal(unban("?identity=ann&address=10.0.0.1"), 422);
    assert_int_equal(unban("?identity=ann"), 404);
    assert_int_equal(ask_admin(&fixture, "GET /api/v1/bans?limit=0", "", NULL), 400);
    assert_int_equal(ask_admin(&fixture, "GET /api/v1/bans?after=x", "", NULL), 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_of_a_banned_address_are_closed),
        cmocka_unit_test(a_ban_is_listed_with_its_end_and_who_asked),
        cmocka_unit_test(pages_have_every_ban_once),
        cmocka_unit_test(what_is_not_understood_bans_nobody),
    };
    return cmocka_run_group_tests(tests, start_fixture, stop_fixture);
}
