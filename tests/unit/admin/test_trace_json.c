#include "admin/trace_json.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD                                                                                       \
    "{\"time\":\"2026-01-02T03:04:05.678901Z\",\"client\":\"18446744073709551615\",\"event\":"

/* What stands behind a record, which is filled in. */
struct tail {
    const struct trace_step *steps;
    const char *topic;
    const char *reason;
    const void *payload;
    size_t payload_len;
};

static void expect_described(struct trace_record record, const struct tail *tail,
                             const char *expected)
{
    const char *topic = tail->topic != NULL ? tail->topic : "";
    const char *reason = tail->reason != NULL ? tail->reason : "";
    size_t steps_size = record.step_count * sizeof(struct trace_step);
    size_t size = sizeof record + steps_size + strlen(topic) + strlen(reason) + 2;
    char *bytes = malloc(size + tail->payload_len);
    assert_non_null(bytes);
    record.client = UINT64_MAX;
    record.at = INT64_C(1767323045678901234);
    record.topic_len = (uint16_t)strlen(topic);
    record.reason_len = (uint16_t)strlen(reason);
    record.payload_len = (uint32_t)tail->payload_len;
    memcpy(bytes, &record, sizeof record);
    if (steps_size > 0)
        memcpy(bytes + sizeof record, tail->steps, steps_size);
    strcpy(bytes + sizeof record + steps_size, topic);
    strcpy(bytes + sizeof record + steps_size + strlen(topic) + 1, reason);
    if (tail->payload_len > 0)
        memcpy(bytes + size, tail->payload, tail->payload_len);
    cJSON *object = trace_json_describe((const struct trace_record *)(void *)bytes);
    char *text = cJSON_PrintUnformatted(object);
    assert_string_equal(text, expected);
    cJSON_free(text);
    cJSON_Delete(object);
    free(bytes);
}

static void a_message_has_its_steps_and_its_outcome(void **state)
{
    const struct trace_step steps[] = {
        {.instance = "auth#1", .ns = 1500, .verdict = VERDICT_SLOT_CONTINUE},
        {.instance = "quota#2", .ns = 7, .verdict = VERDICT_SLOT_DROP, .is_shadow = true}};
    const struct trace_record record = {.event = TRACE_RECEIVED,
                                        .outcome = TRACE_DELIVERED,
                                        .opcode = OPCODE_TEXT,
                                        .len = 5,
                                        .len_out = 9,
                                        .receivers = 12,
                                        .step_count = 2,
                                        .steps_left_out = true};
    (void)state;
    expect_described(record, &(struct tail){.steps = steps, .topic = "news"},
                     HEAD "\"received\",\"direction\":\"in\",\"type\":\"text\",\"bytes\":5,"
                          "\"plugins\":[{\"instance\":\"auth#1\",\"verdict\":\"continue\","
                          "\"mode\":\"enforce\",\"ns\":1500},{\"instance\":\"quota#2\","
                          "\"verdict\":\"drop\",\"mode\":\"shadow\",\"ns\":7}],"
                          "\"plugins_left_out\":true,\"outcome\":\"delivered\",\"receivers\":12,"
                          "\"bytes_out\":9,\"topic\":\"news\"}");
}

static void a_close_has_its_code_and_reason(void **state)
{
    const struct trace_record record = {.event = TRACE_RESUMED,
                                        .outcome = TRACE_CLOSES,
                                        .opcode = OPCODE_BINARY,
                                        .len = 1,
                                        .code = 4001};
    const struct trace_record end = {.event = TRACE_CLOSED, .code = 1006, .by_peer = true};
    (void)state;
    expect_described(record, &(struct tail){.reason = "no \"x\""},
                     HEAD "\"resumed\",\"direction\":\"in\",\"type\":\"binary\",\"bytes\":1,"
                          "\"plugins\":[],\"outcome\":\"closed\",\"code\":4001,"
                          "\"reason\":\"no \\\"x\\\"\"}");
    expect_described(end, &(struct tail){.reason = "\xff"},
                     HEAD "\"closed\",\"code\":1006,\"reason_base64\":\"/w==\",\"by\":\"peer\"}");
    expect_described((struct trace_record){.event = TRACE_OPENED}, &(struct tail){.topic = NULL},
                     HEAD "\"opened\"}");
}

static void each_outcome_has_a_word(void **state)
{
    static const char *const words[] = {
        [TRACE_DROPPED] = "dropped",     [TRACE_HANDLED] = "handled",
        [TRACE_FAILED] = "failed",       [TRACE_DEFERRED] = "deferred",
        [TRACE_NO_MEMORY] = "no_memory", [TRACE_NOT_OPEN] = "not_open"};
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char expected[256];
        if (words[i] == NULL)
            continue;
        snprintf(expected, sizeof expected,
                 HEAD "\"received\",\"direction\":\"in\",\"type\":\"text\",\"bytes\":0,"
                      "\"plugins\":[],\"outcome\":\"%s\"}",
                 words[i]);
        expect_described((struct trace_record){.event = TRACE_RECEIVED,
                                               .outcome = (uint8_t)i,
                                               .opcode = OPCODE_TEXT},
                         &(struct tail){.topic = NULL}, expected);
    }
}

static void each_frame_has_its_type(void **state)
{
    static const struct {
        enum opcode opcode;
        const char *type;
    } types[] = {{OPCODE_TEXT, "text"},
                 {OPCODE_BINARY, "binary"},
                 {OPCODE_CLOSE, "close"},
                 {OPCODE_PING, "ping"},
                 {OPCODE_PONG, "pong"}};
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char expected[256];
        snprintf(expected, sizeof expected,
                 HEAD "\"sent\",\"direction\":\"out\",\"type\":\"%s\",\"bytes\":3}", types[i].type);
        expect_described((struct trace_record){.event = TRACE_SENT,
                                               .opcode = (uint8_t)types[i].opcode,
                                               .len = 3},
                         &(struct tail){.topic = NULL}, expected);
    }
}

static void payload_is_text_where_it_is_one(void **state)
{
    static const struct {
        struct trace_record record;
        const char *payload;
        const char *expected;
    } cases[] = {
        {{.event = TRACE_SENT, .opcode = OPCODE_TEXT, .len = 2},
         "hi",
         HEAD "\"sent\",\"direction\":\"out\",\"type\":\"text\",\"bytes\":2,\"payload\":\"hi\"}"},
        {{.event = TRACE_SENT, .opcode = OPCODE_TEXT, .len = 20}, /* cut inside a character */
         "gr\xc3",
         HEAD "\"sent\",\"direction\":\"out\",\"type\":\"text\",\"bytes\":20,\"payload\":\"gr\","
              "\"payload_cut\":true}"},
        {{.event = TRACE_SENT, .opcode = OPCODE_BINARY, .len = 2},
         "hi",
         HEAD "\"sent\",\"direction\":\"out\",\"type\":\"binary\",\"bytes\":2,"
              "\"payload_base64\":\"aGk=\"}"},
        {{.event = TRACE_SENT, .opcode = OPCODE_TEXT, .len = 2, .is_compressed = true},
         "hi",
         HEAD "\"sent\",\"direction\":\"out\",\"type\":\"text\",\"bytes\":2,\"compressed\":true,"
              "\"payload_base64\":\"aGk=\"}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_described(
            cases[i].record,
            &(struct tail){.payload = cases[i].payload, .payload_len = strlen(cases[i].payload)},
            cases[i].expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_has_its_steps_and_its_outcome),
        cmocka_unit_test(a_close_has_its_code_and_reason),
        cmocka_unit_test(each_outcome_has_a_word),
        cmocka_unit_test(each_frame_has_its_type),
        cmocka_unit_test(payload_is_text_where_it_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
