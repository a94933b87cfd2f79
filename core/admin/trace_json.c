#include "admin/trace_json.h"

#include "base/clock.h"
#include "client/json_bytes.h"
#include "ws/frame.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static const char *const event_names[] = {
    [TRACE_OPENED] = "opened", [TRACE_RECEIVED] = "received", [TRACE_RESUMED] = "resumed",
    [TRACE_SENT] = "sent",     [TRACE_CLOSED] = "closed",
};

static const char *const outcome_names[] = {
    [TRACE_DELIVERED] = "delivered", [TRACE_DROPPED] = "dropped",   [TRACE_HANDLED] = "handled",
    [TRACE_CLOSES] = "closed",       [TRACE_FAILED] = "failed",     [TRACE_DEFERRED] = "deferred",
    [TRACE_NO_MEMORY] = "no_memory", [TRACE_NOT_OPEN] = "not_open",
};

static const char *type_name(unsigned opcode)
{
    switch (opcode) {
    case OPCODE_TEXT:
        return "text";
    case OPCODE_BINARY:
        return "binary";
    case OPCODE_CLOSE:
        return "close";
    case OPCODE_PING:
        return "ping";
    default:
        return "pong";
    }
}

static void add_time(cJSON *object, int64_t at)
{
    char text[64];
    struct tm utc;
    time_t seconds = (time_t)(at / NS_PER_S);
    gmtime_r(&seconds, &utc);
    size_t len = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + len, sizeof text - len, ".%06dZ", (int)(at % NS_PER_S / 1000));
    cJSON_AddStringToObject(object, "time", text);
}

static void add_steps(cJSON *object, const struct trace_record *record)
{
    const struct trace_step *steps = trace_record_steps(record);
    cJSON *list = cJSON_AddArrayToObject(object, "plugins");
    for (unsigned i = 0; i < record->step_count; i++) {
        cJSON *step = cJSON_CreateObject();
        cJSON_AddStringToObject(step, "instance", steps[i].instance);
        cJSON_AddStringToObject(step, "verdict",
                                verdict_slot_name((enum verdict_slot)steps[i].verdict));
        cJSON_AddStringToObject(step, "mode", steps[i].is_shadow ? "shadow" : "enforce");
        cJSON_AddNumberToObject(step, "ns", (double)steps[i].ns);
        cJSON_AddItemToArray(list, step);
    }
    if (record->steps_left_out)
        cJSON_AddBoolToObject(object, "plugins_left_out", true);
}

/* A text may have been cut inside a character. */
static size_t whole_characters(const struct trace_record *record, const uint8_t *payload)
{
    size_t len = record->payload_len;
    bool is_cut = len < record->len && record->opcode == OPCODE_TEXT;
    for (unsigned i = 0; is_cut && i < 3 && len > 0 && !json_bytes_is_text(payload, len); i++)
        len--;
    return len;
}

static void add_payload(cJSON *object, const struct trace_record *record)
{
    const uint8_t *payload = trace_record_payload(record);
    if (record->payload_len == 0)
        return;
    if (record->opcode == OPCODE_TEXT && !record->is_compressed)
        json_bytes_add(object, "payload", "payload_base64", payload,
                       whole_characters(record, payload));
    else
        cJSON_AddItemToObject(object, "payload_base64",
                              json_bytes_base64(payload, record->payload_len));
    if (record->payload_len < record->len)
        cJSON_AddBoolToObject(object, "payload_cut", true);
}

static void add_outcome(cJSON *object, const struct trace_record *record)
{
    add_steps(object, record);
    cJSON_AddStringToObject(object, "outcome", outcome_names[record->outcome]);
    if (record->outcome != TRACE_DELIVERED)
        return;
    cJSON_AddNumberToObject(object, "receivers", record->receivers);
    cJSON_AddNumberToObject(object, "bytes_out", (double)record->len_out);
    if (record->topic_len > 0)
        cJSON_AddStringToObject(object, "topic", trace_record_topic(record));
}

static void add_message(cJSON *object, const struct trace_record *record)
{
    cJSON_AddStringToObject(object, "direction", record->event == TRACE_SENT ? "out" : "in");
    cJSON_AddStringToObject(object, "type", type_name(record->opcode));
    cJSON_AddNumberToObject(object, "bytes", (double)record->len);
    if (record->is_compressed)
        cJSON_AddBoolToObject(object, "compressed", true);
    if (record->event != TRACE_SENT)
        add_outcome(object, record);
    add_payload(object, record);
}

cJSON *trace_json_describe(const struct trace_record *record)
{
    char id[24];
    cJSON *object = cJSON_CreateObject();
    add_time(object, record->at);
    snprintf(id, sizeof id, "%" PRIu64, record->client);
    cJSON_AddStringToObject(object, "client", id);
    cJSON_AddStringToObject(object, "event", event_names[record->event]);
    if (record->event != TRACE_OPENED && record->event != TRACE_CLOSED)
        add_message(object, record);
    if (record->code != 0) {
        cJSON_AddNumberToObject(object, "code", record->code);
        json_bytes_add(object, "reason", "reason_base64", trace_record_reason(record),
                       record->reason_len);
    }
    if (record->event == TRACE_CLOSED)
        cJSON_AddStringToObject(object, "by", record->by_peer ? "peer" : "server");
    return object;
}
