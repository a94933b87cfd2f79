#include "workbench.h"

#include "workbench/recording.h"

#include <stdlib.h>

static const struct recording recording = {.file = "r.jsonl", .line = 7};

static void read_text_and_time(void *argument)
{
    cJSON *event = cJSON_Parse("{\"us\":1500,\"client\":\"4\",\"number\":4}");
    (void)argument;
    REQUIRE(recording_time(&recording, event) == 1500);
    REQUIRE(strcmp(recording_text(event, "client"), "4") == 0);
    REQUIRE(strcmp(recording_text(event, "number"), "") == 0);
    REQUIRE(strcmp(recording_text(event, "nothing"), "") == 0);
    cJSON_Delete(event);
}

static void reads_texts_and_times(void **state)
{
    (void)state;
    assert_passes(read_text_and_time, NULL);
}

static void read_time_of(void *argument)
{
    recording_time(&recording, cJSON_Parse(argument));
}

static void a_time_that_cannot_be_is_refused_with_its_line(void **state)
{
    static const char *const events[] = {"{}", "{\"us\":\"1\"}", "{\"us\":-1}", "{\"us\":1e300}"};
    (void)state;
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        assert_fails(read_time_of, (void *)(uintptr_t)events[i],
                     "r.jsonl:7: the event has no time");
}

static void read_pairs(void *argument)
{
    cJSON *event = cJSON_Parse("{\"headers\":{\"Host\":\"a\",\"X\":\"b\"},"
                               "\"headers_base64\":[[\"WQ==\",\"/w==\"]]}");
    struct fake_pair pairs[FAKE_PAIRS_MAX] = {{NULL, NULL}};
    (void)argument;
    recording_pairs(&recording, event, "headers", "headers_base64", pairs);
    REQUIRE(strcmp(pairs[0].name, "Host") == 0 && strcmp(pairs[0].value, "a") == 0);
    REQUIRE(strcmp(pairs[1].name, "X") == 0 && strcmp(pairs[1].value, "b") == 0);
    REQUIRE(strcmp(pairs[2].name, "Y") == 0 && strcmp(pairs[2].value, "\xff") == 0);
    REQUIRE(pairs[3].name == NULL);
    cJSON_Delete(event);
}

static void reads_pairs_as_texts_and_as_base64(void **state)
{
    (void)state;
    assert_passes(read_pairs, NULL);
}

static void read_pairs_of(void *argument)
{
    struct fake_pair pairs[FAKE_PAIRS_MAX] = {{NULL, NULL}};
    recording_pairs(&recording, cJSON_Parse(argument), "h", "b", pairs);
}

static void damaged_pairs_are_refused(void **state)
{
    (void)state;
    assert_fails(read_pairs_of, (char[]){"{\"h\":{\"a\":1}}"}, "a field is no text");
    assert_fails(read_pairs_of, (char[]){"{\"b\":[[\"WQ==\"]]}"}, "no pair in base64");
    assert_fails(read_pairs_of, (char[]){"{\"b\":[[\"WQ==\",\"?\"]]}"}, "no pair in base64");
}

static void read_payloads(void *argument)
{
    cJSON *text = cJSON_Parse("{\"type\":\"text\",\"text\":\"hello\"}");
    cJSON *binary = cJSON_Parse("{\"type\":\"binary\",\"base64\":\"AP8=\"}");
    size_t len;
    (void)argument;
    char *data = recording_payload(&recording, text, &len);
    REQUIRE(len == 5 && memcmp(data, "hello", 5) == 0);
    REQUIRE(recording_type(&recording, text) == SL_TEXT);
    free(data);
    data = recording_payload(&recording, binary, &len);
    REQUIRE(len == 2 && memcmp(data, "\0\xff", 2) == 0);
    REQUIRE(recording_type(&recording, binary) == SL_BINARY);
    free(data);
    cJSON_Delete(text);
    cJSON_Delete(binary);
}

static void reads_messages(void **state)
{
    (void)state;
    assert_passes(read_payloads, NULL);
}

static void read_payload_of(void *argument)
{
    size_t len;
    recording_payload(&recording, cJSON_Parse(argument), &len);
}

static void read_type_of(void *argument)
{
    recording_type(&recording, cJSON_Parse(argument));
}

static void damaged_messages_are_refused(void **state)
{
    (void)state;
    assert_fails(read_payload_of, (char[]){"{}"}, "either a text or a base64");
    assert_fails(read_payload_of, (char[]){"{\"text\":\"a\",\"base64\":\"\"}"},
                 "either a text or a base64");
    assert_fails(read_payload_of, (char[]){"{\"base64\":\"A\"}"}, "base64 is damaged");
    assert_fails(read_type_of, (char[]){"{\"type\":\"image\"}"}, "neither text nor binary");
}

static void read_identities(void *argument)
{
    cJSON *plain = cJSON_Parse("{\"identity\":\"ada\"}");
    cJSON *bytes = cJSON_Parse("{\"identity_base64\":\"YWRh\"}");
    cJSON *none = cJSON_Parse("{}");
    (void)argument;
    REQUIRE(strcmp(recording_identity(&recording, plain), "ada") == 0);
    REQUIRE(strcmp(recording_identity(&recording, bytes), "ada") == 0);
    REQUIRE(strcmp(recording_identity(&recording, none), "") == 0);
    cJSON_Delete(plain);
    cJSON_Delete(bytes);
    cJSON_Delete(none);
}

static void reads_identities(void **state)
{
    (void)state;
    assert_passes(read_identities, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_texts_and_times),
        cmocka_unit_test(a_time_that_cannot_be_is_refused_with_its_line),
        cmocka_unit_test(reads_pairs_as_texts_and_as_base64),
        cmocka_unit_test(damaged_pairs_are_refused),
        cmocka_unit_test(reads_messages),
        cmocka_unit_test(damaged_messages_are_refused),
        cmocka_unit_test(reads_identities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
