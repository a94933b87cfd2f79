/* core/admin/api_events.c over HTTP. */
#include "admin/admin_fixture.h"

#include "base/event.h"

static int start_fixture(void **state)
{
    (void)state;
    start_admin(&fixture, ADMIN_ON_LOOPBACK "endpoints: [{path: /ws}]\n", NULL);
    return 0;
}

/* The events of a test are those behind its first cursor. */
static void forget_events(char cursor[64])
{
    cJSON *body = get_json(&fixture, "/api/v1/events?limit=1");
    snprintf(cursor, 64, "%s", string_in(body, "next"));
    cJSON_Delete(body);
}

static void put(const char *event, const char *client)
{
    const struct log_field items[] = {{.name = "event", .text = event_name(event)},
                                      {.name = "client", .text = client}};
    event_ring_put(fixture.events, event_name(event), LOG_LEVEL_INFO, "test", "it has happened",
                   &(struct log_fields){items, 2});
}

static cJSON *events_behind(const char *cursor, const char *more)
{
    char path[256];
    snprintf(path, sizeof path, "/api/v1/events?after=%s%s", cursor, more);
    return get_json(&fixture, path);
}

static int counted(const cJSON *body)
{
    return cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(body, "events"));
}

static void events_are_answered_behind_a_cursor(void **state)
{
    char cursor[64];
    (void)state;
    forget_events(cursor);
    put("client_closed", "5");
    cJSON *body = events_behind(cursor, "");
    const cJSON *event = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(body, "events"), 0);
    assert_int_equal(counted(body), 1);
    assert_string_equal(string_in(event, "event"), "client_closed");
    assert_string_equal(string_in(event, "client"), "5");
    assert_string_equal(string_in(event, "message"), "it has happened");
    assert_string_equal(string_in(event, "id"), string_in(body, "next"));
    assert_int_equal(number_in(body, "missed"), 0);
    assert_true(cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(body, "more")));
    cJSON_Delete(body);
}

static void limits_and_filters_say_which(void **state)
{
    static const struct {
        const char *query;
        int count;
        bool has_more;
    } cases[] = {
        {"&limit=2", 2, true},
        {"&limit=3", 3, false},
        {"&event=client_closed", 2, false},
        {"&client=7", 2, false},
        {"&client=7&event=client_closed&limit=1", 1, false},
        {"&client=70", 0, false},
    };
    char cursor[64];
    (void)state;
    forget_events(cursor);
    put("client_closed", "7");
    put("client_kicked", "7");
    put("client_closed", "8");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cJSON *body = events_behind(cursor, cases[i].query);
        assert_int_equal(counted(body), cases[i].count);
        assert_int_equal(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(body, "more")),
                         cases[i].has_more);
        cJSON_Delete(body);
    }
}

static void what_is_no_query_is_refused(void **state)
{
    static const char *const queries[] = {
        "limit=0", "limit=501", "limit=x",    "after=", "after=-1",
        "after=x", "client=",   "client=ann", "event=", "event=opened"};
    char line[128];
    (void)state;
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        snprintf(line, sizeof line, "GET /api/v1/events?%s", queries[i]);
        assert_int_equal(ask_admin(&fixture, line, "", NULL), 400);
    }
}

static void a_misspelt_event_is_told_which_may_be_meant(void **state)
{
    (void)state;
    assert_int_equal(ask_admin(&fixture, "GET /api/v1/events?event=reload_don", "", NULL), 400);
    assert_non_null(strstr(fixture.answer, "there is no event 'reload_don'; did you mean "
                                           "'reload_done'? (docs/log-events.md lists them)"));
    assert_int_equal(ask_admin(&fixture, "GET /api/v1/events?event=xyzxyzxyz", "", NULL), 400);
    assert_non_null(strstr(fixture.answer, "there is no event 'xyzxyzxyz' (docs/log-events.md"));
}

static void any_cursor_is_answered(void **state)
{
    (void)state;
    cJSON *body = events_behind("18446744073709551615", "");
    assert_int_equal(counted(body), 0);
    cJSON_Delete(body);
    assert_int_equal(ask_admin(&fixture, "GET /api/v1/events?after=18446744073709551616", "", NULL),
                     400);
    body = events_behind("0", "&limit=500");
    assert_true(counted(body) > 0);
    cJSON_Delete(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_answered_behind_a_cursor),
        cmocka_unit_test(limits_and_filters_say_which),
        cmocka_unit_test(what_is_no_query_is_refused),
        cmocka_unit_test(a_misspelt_event_is_told_which_may_be_meant),
        cmocka_unit_test(any_cursor_is_answered),
    };
    return cmocka_run_group_tests(tests, start_fixture, stop_fixture);
}
