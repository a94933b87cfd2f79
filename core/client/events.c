/*
 * What the log says of a client: how its upgrade ended, and how it did. While nobody wants to know,
 * nothing is kept for that.
 */
#include "base/access_log.h"
#include "base/clock.h"
#include "base/event.h"
#include "client/client.h"
#include "delivery/transport.h"
#include "pipeline/chain.h"
#include "ws/request_trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is known of an open client's upgrade. */
struct client_record {
    int64_t since;  /* monotonic ns */
    bool is_access; /* its end is a line of the access log */
    char trace_id[TRACE_ID_LEN + 1];
    char request_id[]; /* zero-terminated */
};

/* Texts that the values of an event point to. */
struct event_texts {
    char id[24];
    char address[ADDRESS_TEXT_MAX];
    struct request_trace trace;
};

static void trace_request(struct request_trace *trace, const struct request *request)
{
    struct span id = {.data = NULL};
    struct span parent = {.data = NULL};
    if (!request_header(request, "X-Request-Id", &id))
        id.data = NULL;
    if (!request_header(request, "traceparent", &parent))
        parent.data = NULL;
    request_trace_read(trace, id.data, parent.data);
}

static void name_request(struct event_values *values, const char *request_id, const char *trace_id)
{
    values->texts[EVENT_FIELD_REQUEST_ID] = request_id;
    values->texts[EVENT_FIELD_TRACE_ID] = trace_id[0] != '\0' ? trace_id : NULL;
}

static void name_client(struct event_values *values, const struct client *client,
                        struct event_texts *texts)
{
    snprintf(texts->id, sizeof texts->id, "%" PRIu64, client->seen.id);
    address_text(&client->address, texts->address);
    values->texts[EVENT_FIELD_CLIENT] = texts->id;
    values->texts[EVENT_FIELD_IDENTITY] = sl_client_identity(&client->seen);
    values->texts[EVENT_FIELD_ENDPOINT] = client_endpoint(client)->path;
    values->texts[EVENT_FIELD_ADDRESS] = texts->address;
}

/* Without memory nothing will be said of the client's end. */
static void keep_record(struct client *client, const struct request_trace *trace, bool is_access)
{
    size_t size = strlen(trace->id) + 1;
    struct client_record *record = malloc(sizeof *record + size);
    if (record == NULL)
        return;
    record->since = client_shard(client)->loop.now;
    record->is_access = is_access;
    memcpy(record->trace_id, trace->trace_id, sizeof record->trace_id);
    memcpy(record->request_id, trace->id, size);
    client->record = record;
}

void client_log_accepted(struct client *client, const struct upgrade *upgrade)
{
    struct event_values values = {.texts = {NULL}};
    struct event_texts texts;
    bool is_access = access_log_takes_client();
    bool is_event = event_enabled(EVENT_UPGRADE_ACCEPTED);
    if (!is_access && !is_event)
        return;
    trace_request(&texts.trace, upgrade->request);
    keep_record(client, &texts.trace, is_access);
    if (!is_event)
        return;
    name_client(&values, client, &texts);
    name_request(&values, texts.trace.id, texts.trace.trace_id);
    event_log(EVENT_UPGRADE_ACCEPTED, "client", &values);
}

void client_log_refused(const struct client *client, const struct upgrade *upgrade,
                        const char *stage)
{
    struct event_values values = {.texts = {NULL}};
    struct event_texts texts;
    bool is_access = access_log_takes_refusal();
    if (!is_access && !event_enabled(EVENT_UPGRADE_REFUSED))
        return;
    trace_request(&texts.trace, upgrade->request);
    name_client(&values, client, &texts);
    name_request(&values, texts.trace.id, texts.trace.trace_id);
    event_set_number(&values, EVENT_FIELD_STATUS, (uint64_t)upgrade->status);
    values.texts[EVENT_FIELD_STAGE] = stage;
    values.texts[EVENT_FIELD_REASON] = upgrade->reason[0] != '\0' ? upgrade->reason : NULL;
    if (strcmp(stage, CLIENT_REFUSED_BY_PIPELINE) == 0)
        values.texts[EVENT_FIELD_INSTANCE] =
            client->seen.chain->stages[upgrade->stage - 1].instance->name;
    event_log_as(EVENT_UPGRADE_REFUSED, is_access, "client", &values);
}

void client_log_identified(const struct client *client, const char *instance)
{
    struct event_values values = {.texts = {NULL}};
    struct event_texts texts;
    if (!event_enabled(EVENT_CLIENT_IDENTIFIED))
        return;
    name_client(&values, client, &texts);
    values.texts[EVENT_FIELD_INSTANCE] = instance;
    event_log(EVENT_CLIENT_IDENTIFIED, "client", &values);
}

/* Of an open client; the request is known if its end will be told. */
static void name_open(struct event_values *values, const struct client *client,
                      struct event_texts *texts)
{
    name_client(values, client, texts);
    if (client->record != NULL)
        name_request(values, client->record->request_id, client->record->trace_id);
}

void client_log_slow(const struct client *client, bool is_closed)
{
    struct event_values values = {.texts = {NULL}};
    struct event_texts texts;
    if (!event_enabled(EVENT_CLIENT_SLOW) || client->state == CLIENT_GONE)
        return;
    name_open(&values, client, &texts);
    values.texts[EVENT_FIELD_ACTION] = is_closed ? "closed" : "dropped";
    event_set_number(&values, EVENT_FIELD_QUEUED_BYTES, receiver_held(&client->receiver));
    event_log(EVENT_CLIENT_SLOW, "client", &values);
}

void client_log_kicked(const struct client *client, uint16_t code, const char *reason,
                       const char *who)
{
    struct event_values values = {.texts = {NULL}};
    struct event_texts texts;
    if (!event_enabled(EVENT_CLIENT_KICKED))
        return;
    name_open(&values, client, &texts);
    values.texts[EVENT_FIELD_ASKED_BY] = who;
    values.texts[EVENT_FIELD_REASON] = reason;
    event_set_number(&values, EVENT_FIELD_CODE, code);
    event_log(EVENT_CLIENT_KICKED, "client", &values);
}

void client_log_expired(const struct client *client, const char *reason, size_t reason_len)
{
    char text[CLOSE_REASON_MAX + 1];
    struct event_values values = {.texts = {[EVENT_FIELD_REASON] = text}};
    struct event_texts texts;
    if (!event_enabled(EVENT_CLIENT_EXPIRED))
        return;
    name_open(&values, client, &texts);
    snprintf(text, sizeof text, "%.*s", (int)reason_len, reason);
    event_log(EVENT_CLIENT_EXPIRED, "client", &values);
}

void client_log_renewed(const struct client *client, const char *instance, const char *expires,
                        size_t expires_len)
{
    char digits[24], ends[EVENT_TIME_MAX];
    struct event_values values = {.texts = {[EVENT_FIELD_INSTANCE] = instance}};
    struct event_texts texts;
    if (!event_enabled(EVENT_CLIENT_RENEWED))
        return;
    name_open(&values, client, &texts);
    snprintf(digits, sizeof digits, "%.*s", (int)expires_len, expires);
    long long seconds = strtoll(digits, NULL, 10);
    if (seconds > 0 && seconds < INT64_MAX / NS_PER_S) {
        event_time_text(seconds * NS_PER_S, ends);
        values.texts[EVENT_FIELD_ENDS] = ends;
    }
    event_log(EVENT_CLIENT_RENEWED, "client", &values);
}

/* The kernel has counted the bytes. */
static void tell_traffic(struct event_values *values, const struct client *client)
{
    uint64_t in, out;
    event_set_number(values, EVENT_FIELD_MESSAGES_IN, client->messages_in);
    event_set_number(values, EVENT_FIELD_MESSAGES_OUT, audience_messages_to(&client->receiver));
    event_set_number(values, EVENT_FIELD_MESSAGES_DROPPED, client->receiver.dropped);
    if (!transport_ask_traffic(&client->receiver, &in, &out))
        return;
    event_set_number(values, EVENT_FIELD_BYTES_IN, in);
    event_set_number(values, EVENT_FIELD_BYTES_OUT, out);
}

static void log_closed(const struct client *client, const struct client_record *record)
{
    struct event_values values = {.texts = {NULL}};
    struct event_texts texts;
    int64_t duration = client_shard(client)->loop.now - record->since;
    name_client(&values, client, &texts);
    name_request(&values, record->request_id, record->trace_id);
    tell_traffic(&values, client);
    event_set_number(&values, EVENT_FIELD_CODE, client->close_code);
    event_set_number(&values, EVENT_FIELD_DURATION_MS, (uint64_t)(duration / NS_PER_MS));
    values.texts[EVENT_FIELD_REASON] = client->close_reason;
    values.texts[EVENT_FIELD_BY] = client->closed_by_peer ? "peer" : "server";
    event_log_as(EVENT_CLIENT_CLOSED, record->is_access, "client", &values);
}

void client_log_closed(struct client *client)
{
    struct client_record *record = client->record;
    if (record != NULL && (record->is_access || event_enabled(EVENT_CLIENT_CLOSED)))
        log_closed(client, record);
    free(record);
    client->record = NULL;
}
