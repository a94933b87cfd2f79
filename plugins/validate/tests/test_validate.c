/*
 * Types, sizes, actions and options.
 */
#include "tests.h"

#include <cjson/cJSON.h>
#include <string.h>

static void refuses_types_that_are_not_listed(void **state)
{
    (void)state;
    struct fake_instance *instance = instance_with("{types: [text]}");
    assert_int_equal(send_text(instance, "a"), 0);
    assert_int_equal(send_bytes(instance, SL_BINARY, "a", 1), 1003);
    assert_string_equal(last_reason(), "Only text messages are accepted");
    assert_int_equal(send_bytes(instance, (enum sl_message_type)3, "a", 1), 1003);
    fake_instance_destroy(instance);
    instance = instance_with("{types: [binary], action: drop}");
    assert_int_equal(send_text(instance, "a"), -1);
    assert_int_equal(send_bytes(instance, SL_BINARY, "a", 1), 0);
    fake_instance_destroy(instance);
}

static void a_type_that_nobody_knows_never_passes(void **state)
{
    (void)state;
    struct fake_instance *instance = instance_with("{json: false}");
    assert_int_equal(send_bytes(instance, (enum sl_message_type)3, "a", 1), 1003);
    fake_instance_destroy(instance);
}

static void refuses_sizes_out_of_bounds(void **state)
{
    (void)state;
    struct fake_instance *instance = instance_with("{min_size: 2, max_size: 4}");
    assert_int_equal(send_text(instance, ""), 1008);
    assert_int_equal(send_text(instance, "a"), 1008);
    assert_string_equal(last_reason(), "A message has at least 2 bytes");
    assert_int_equal(send_text(instance, "ab"), 0);
    assert_int_equal(send_bytes(instance, SL_BINARY, "ab\0d", 4), 0);
    assert_int_equal(send_bytes(instance, SL_BINARY, "ab\0de", 5), 1009);
    assert_string_equal(last_reason(), "A message has at most 4 bytes");
    fake_instance_destroy(instance);
}

static void json_means_text_unless_types_say_more(void **state)
{
    (void)state;
    struct fake_instance *instance = instance_with("{json: true}");
    assert_int_equal(send_bytes(instance, SL_BINARY, "{}", 2), 1003);
    fake_instance_destroy(instance);
    instance = instance_with("{json: true, types: [text, binary]}");
    assert_int_equal(send_bytes(instance, SL_BINARY, "\0\1\2", 3), 0);
    assert_int_equal(send_text(instance, "{"), 1007);
    fake_instance_destroy(instance);
}

static void checks_nothing_and_says_so(void **state)
{
    (void)state;
    struct fake_instance *instance = instance_with("{json: false}");
    assert_int_equal(send_text(instance, "anything"), 0);
    assert_int_equal(send_bytes(instance, SL_BINARY, "\xff", 1), 0);
    assert_non_null(strstr(fake_log_text(), "checks nothing"));
    fake_instance_destroy(instance);
}

static void assert_notice(struct fake_instance *instance, const char *text, const char *error,
                          const char *detail)
{
    struct sl_client *client = fake_client_at("192.0.2.1");
    fake_open(instance, client);
    fake_forget();
    assert_int_equal(fake_message(instance, client, SL_TEXT, text, strlen(text), NULL), SL_DROP);
    assert_int_equal(fake_event_count(FAKE_SENT), 1);
    const struct fake_event *sent = fake_event_last(FAKE_SENT);
    assert_int_equal(sent->client_id, fake_client_number(client));
    assert_int_equal(sent->type, SL_TEXT);
    cJSON *notice = cJSON_Parse(sent->data);
    assert_non_null(notice);
    assert_int_equal(cJSON_GetArraySize(notice), 2);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(notice, "error")), error);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(notice, "detail")), detail);
    cJSON_Delete(notice);
    fake_client_destroy(client);
}

static void tells_the_client_why_if_asked_to(void **state)
{
    (void)state;
    struct fake_instance *instance =
        instance_with("{json: true, max_size: 20, max_depth: 2, max_values: 3, action: drop, "
                      "notify: true, required: {\"a\\\"\\\\\\x01\\u00e9\": any}}");
    assert_notice(instance, "{]", "malformed_json", "Not JSON at byte 1");
    assert_notice(instance, "[[[]]]", "too_deep", "JSON may be nested 2 deep");
    assert_notice(instance, "[1,2,3]", "too_many_values", "A message holds at most 3 values");
    assert_notice(instance, "[1]", "wrong_members", "A message is a JSON object");
    assert_notice(instance, "{}", "wrong_members", "The member \"a\"\\\x01\xc3\xa9\" is missing");
    assert_notice(instance, "\"123456789012345678901\"", "too_large",
                  "A message has at most 20 bytes");
    fake_instance_destroy(instance);
}

static void the_longest_reason_fits_a_close_frame(void **state)
{
    (void)state;
    /* 64 bytes, the most that a name may have: the end of the reason is still there. */
    struct fake_instance *instance = instance_with(
        "{json: true, required: {"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab: integer}}");
    assert_int_equal(
        send_text(instance,
                  "{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\":1.5}"),
        1008);
    assert_non_null(strstr(last_reason(), "b\" is not of type integer"));
    fake_instance_destroy(instance);
}

static void two_instances_have_their_own_rules(void **state)
{
    (void)state;
    struct fake_instance *json = instance_with("{json: true, required: {a: string}}");
    struct fake_instance *small = instance_with("{max_size: 3}");
    assert_int_equal(send_text(json, "{\"a\":\"long enough\"}"), 0);
    assert_int_equal(send_text(small, "{\"a\":\"long enough\"}"), 1009);
    assert_int_equal(send_text(small, "no"), 0);
    assert_int_equal(send_text(json, "no"), 1007);
    fake_instance_destroy(json);
    fake_instance_destroy(small);
}

static void refuses_options_that_make_no_sense(void **state)
{
    (void)state;
    assert_refused("{types: []}", "types is empty");
    assert_refused("{types: [image]}", "types");
    assert_refused("{types: [binary], json: true}", "add text to types");
    assert_refused("{min_size: 10, max_size: 9}", "min_size is greater than max_size");
    assert_refused("{required: {a: string}}", "required has no meaning without json");
    assert_refused("{json: true, required: {}}", "required is empty");
    assert_refused("{json: true, required: {a: str}}", "the type of \"a\" has to be one of");
    assert_refused("{json: true, required: {a: null}}", "required.a");
    assert_refused("{json: true, required: {a: 5}}", "in quotation marks");
    assert_refused("{json: true, required: {a: [string]}}", "the type of \"a\"");
    assert_refused("{json: true, required: {aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa: any}}",
                   "longer than 64 bytes");
    assert_refused("{json: true, notify: true}", "leave one of them out");
    assert_refused("{json: true, max_depth: 1001}", "max_depth");
    assert_refused("{jsn: true}", "json");
}

static void refuses_options_that_would_do_nothing(void **state)
{
    (void)state;
    assert_refused("{unique_members: true}", "unique_members has no meaning without json");
    assert_refused("{schema: x.json}", "schema has no meaning without json");
    assert_refused("{max_depth: 5}", "max_depth has no meaning without json");
    assert_refused("{max_values: 5}", "max_values has no meaning without json");
    assert_refused("{max_members: 5}", "max_members has no meaning without json");
    assert_refused("{max_string: 5}", "max_string has no meaning without json");
    assert_refused("{max_number: 5}", "max_number has no meaning without json");
    assert_refused("{json: true, schema_folder: /}", "schema_folder has no meaning");
    assert_refused("{json: true, discriminator: kind}", "discriminator has no meaning");
    assert_refused("{json: true, formats: assert}", "formats has no meaning");
    assert_refused("{types: [binary], deny_patterns: [a]}", "types lets none pass");
    assert_refused("{types: [binary], control_characters: refuse}", "types lets none pass");
    assert_refused("{types: [binary], allow_pattern: a}", "types lets none pass");
    fake_instance_destroy(instance_with("{json: false, max_depth: 32, formats: ignore}"));
}

static void survives_every_failing_allocation(void **state)
{
    unsigned long failures;
    (void)state;
    struct fake_instance *instance = fake_instance_survive(
        plugin, "{json: true, required: {a: string}, deny_patterns: [x], escape_html: [b]}",
        &failures);
    assert_true(failures >= 1);
    fake_instance_destroy(instance);
    assert_int_equal(fake_live_allocations(), 0);
}

int run_validate_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(refuses_types_that_are_not_listed, set_up),
        cmocka_unit_test_setup(a_type_that_nobody_knows_never_passes, set_up),
        cmocka_unit_test_setup(refuses_sizes_out_of_bounds, set_up),
        cmocka_unit_test_setup(json_means_text_unless_types_say_more, set_up),
        cmocka_unit_test_setup(checks_nothing_and_says_so, set_up),
        cmocka_unit_test_setup(tells_the_client_why_if_asked_to, set_up),
        cmocka_unit_test_setup(the_longest_reason_fits_a_close_frame, set_up),
        cmocka_unit_test_setup(two_instances_have_their_own_rules, set_up),
        cmocka_unit_test_setup(refuses_options_that_make_no_sense, set_up),
        cmocka_unit_test_setup(refuses_options_that_would_do_nothing, set_up),
        cmocka_unit_test_setup(survives_every_failing_allocation, set_up),
    };
    return cmocka_run_group_tests_name("validate", tests, NULL, NULL);
}
