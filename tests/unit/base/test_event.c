#include "captured_log.h"

#include "base/event.h"
#include "base/event_ring.h"

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

static void a_message_stands_in_the_place_of_the_tables_sentence(void **state)
{
    const struct event_values values = {.message = "configuration 7 is in force",
                                        .texts = {[EVENT_FIELD_ASKED_BY] = "SIGHUP"}};
    (void)state;
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    begin_capture();
    event_log(EVENT_RELOAD_DONE, "serve", &values);
    assert_non_null(strstr(end_capture(), " serve: configuration 7 is in force event=reload_done "
                                          "asked_by=SIGHUP\n"));
}

static void an_event_below_the_logs_level_is_not_written(void **state)
{
    const struct event_values values = {.texts = {NULL}};
    (void)state;
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    begin_capture();
    event_log(EVENT_RELOAD_DONE, "serve", &values);
    event_log(EVENT_RELOAD_FAILED, "serve", &values);
    assert_one_line(end_capture());
}

static void an_event_is_enabled_as_the_logs_level_says(void **state)
{
    (void)state;
    log_configure(LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT);
    assert_true(event_enabled(EVENT_CLIENT_CLOSED));
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    assert_false(event_enabled(EVENT_CLIENT_CLOSED));
}

/* The texts of all events that the ring has. */
static void read_kept(struct event_ring *ring, struct event_reading *reading)
{
    assert_int_equal(event_ring_read(ring, &(struct event_selection){.limit = 10}, reading), OK);
}

static void events_from_info_on_are_kept_whatever_the_log_has(void **state)
{
    const struct event_values values = {.texts = {NULL}};
    struct event_ring *ring;
    struct event_reading reading;
    (void)state;
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    assert_false(event_enabled(EVENT_RELOAD_DONE));
    assert_int_equal(event_ring_create(&ring), OK);
    event_keep_in(ring);
    assert_true(event_enabled(EVENT_RELOAD_DONE));
    assert_false(event_enabled(EVENT_CLIENT_CLOSED));
    begin_capture();
    event_log(EVENT_RELOAD_DONE, "serve", &values);
    event_log(EVENT_CLIENT_CLOSED, "client", &values);
    assert_string_equal(end_capture(), "");
    event_keep_in(NULL);
    event_log(EVENT_RELOAD_BEGUN, "serve", &values);
    read_kept(ring, &reading);
    const char *kept = (const char *)reading.text.data;
    assert_non_null(strstr(kept, "\"event\":\"reload_done\""));
    assert_null(strstr(kept, "client_closed"));
    assert_null(strstr(kept, "reload_begun"));
    buffer_release(&reading.text);
    event_ring_destroy(ring);
}

static void what_the_log_has_is_kept_too(void **state)
{
    const struct event_values values = {.texts = {NULL}};
    struct event_ring *ring;
    struct event_reading reading;
    (void)state;
    assert_int_equal(event_ring_create(&ring), OK);
    event_keep_in(ring);
    begin_capture();
    log_configure(LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT);
    event_log(EVENT_CLIENT_CLOSED, "client", &values);
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    event_log_as(EVENT_UPGRADE_REFUSED, true, "client", &values);
    assert_non_null(strstr(end_capture(), "upgrade_refused"));
    event_keep_in(NULL);
    read_kept(ring, &reading);
    assert_non_null(strstr((const char *)reading.text.data, "client_closed"));
    assert_non_null(strstr((const char *)reading.text.data, "upgrade_refused"));
    buffer_release(&reading.text);
    event_ring_destroy(ring);
}

static void events_are_found_by_their_names(void **state)
{
    (void)state;
    assert_string_equal(event_name("client_closed"), "client_closed");
    assert_null(event_name("closed"));
    assert_null(event_name(""));
}

static void a_moment_is_written_in_utc_to_the_second(void **state)
{
    char text[EVENT_TIME_MAX];
    (void)state;
    event_time_text(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    event_time_text(INT64_C(1893456000) * 1000000000 + 999999999, text);
    assert_string_equal(text, "2030-01-01T00:00:00Z");
    event_time_text(INT64_MAX, text);
    assert_string_equal(text, "2262-04-11T23:47:16Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_fields_that_have_a_value_are_in_the_line),
        cmocka_unit_test(a_field_that_the_event_has_not_is_not_in_the_line),
        cmocka_unit_test(numbers_and_texts_keep_their_type_in_json),
        cmocka_unit_test(a_long_value_is_cut_and_marked),
        cmocka_unit_test(a_message_stands_in_the_place_of_the_tables_sentence),
        cmocka_unit_test(an_event_below_the_logs_level_is_not_written),
        cmocka_unit_test(a_moment_is_written_in_utc_to_the_second),
        cmocka_unit_test(an_event_is_enabled_as_the_logs_level_says),
        cmocka_unit_test(events_from_info_on_are_kept_whatever_the_log_has),
        cmocka_unit_test(what_the_log_has_is_kept_too),
        cmocka_unit_test(events_are_found_by_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
