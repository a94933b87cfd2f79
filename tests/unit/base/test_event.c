#include "captured_log.h"

#include "base/event.h"

static void only_fields_that_have_a_value_are_in_the_line(void **state)
{
    struct event_values values = {.texts = {[EVENT_FIELD_CLIENT] = "7"}};
    (void)state;
    log_configure(LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT);
    event_set_number(&values, EVENT_FIELD_CODE, 0);
    begin_capture();
    event_log(EVENT_CLIENT_CLOSED, "client", &values);
    const char *line = end_capture();
    assert_one_line(line);
    assert_non_null(
        strstr(line, " debug client: a client has gone event=client_closed client=7 code=0\n"));
}

static void a_field_that_the_event_has_not_is_not_in_the_line(void **state)
{
    struct event_values values = {.texts = {[EVENT_FIELD_STAGE] = "path"}};
    (void)state;
    log_configure(LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT);
    begin_capture();
    event_log(EVENT_CLIENT_CLOSED, "client", &values);
    assert_null(strstr(end_capture(), "path"));
}

static void numbers_and_texts_keep_their_type_in_json(void **state)
{
    struct event_values values = {
        .texts = {[EVENT_FIELD_STAGE] = "pipeline", [EVENT_FIELD_INSTANCE] = "auth#1"}};
    (void)state;
    log_configure(LOG_LEVEL_DEBUG, LOG_FORMAT_JSON);
    event_set_number(&values, EVENT_FIELD_STATUS, 403);
    begin_capture();
    event_log(EVENT_UPGRADE_REFUSED, "client", &values);
    cJSON *object = parse_line(end_capture());
    assert_member(object, "event", "upgrade_refused");
    assert_member(object, "level", "debug");
    assert_member(object, "instance", "auth#1");
    assert_int_equal(cJSON_GetNumberValue(cJSON_GetObjectItem(object, "status")), 403);
    cJSON_Delete(object);
}

static void a_long_value_is_cut_and_marked(void **state)
{
    char text[EVENT_TEXT_MAX + 2];
    struct event_values values = {.texts = {[EVENT_FIELD_REASON] = text}};
    (void)state;
    log_configure(LOG_LEVEL_DEBUG, LOG_FORMAT_JSON);
    for (size_t len = EVENT_TEXT_MAX - 1; len < sizeof text; len++) {
        memset(text, 'x', len);
        text[len] = '\0';
        begin_capture();
        event_log(EVENT_CLIENT_CLOSED, "client", &values);
        cJSON *object = parse_line(end_capture());
        const char *found = cJSON_GetStringValue(cJSON_GetObjectItem(object, "reason"));
        assert_int_equal(strlen(found), len <= EVENT_TEXT_MAX ? len : EVENT_TEXT_MAX + 3);
        assert_true((strstr(found, "x...") != NULL) == (len > EVENT_TEXT_MAX));
        cJSON_Delete(object);
    }
}

static void an_event_is_enabled_as_the_logs_level_says(void **state)
{
    (void)state;
    log_configure(LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT);
    assert_true(event_enabled(EVENT_CLIENT_CLOSED));
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    assert_false(event_enabled(EVENT_CLIENT_CLOSED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_fields_that_have_a_value_are_in_the_line),
        cmocka_unit_test(a_field_that_the_event_has_not_is_not_in_the_line),
        cmocka_unit_test(numbers_and_texts_keep_their_type_in_json),
        cmocka_unit_test(a_long_value_is_cut_and_marked),
        cmocka_unit_test(an_event_is_enabled_as_the_logs_level_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
