#include "client/trace.h"

#include "base/clock.h"
#include "client/client.h"
#include "client/shard.h"
#include "delivery/sent_frames.h"
#include "delivery/topic.h"
#include "pipeline/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 8u

/* -- which clients -- */

static bool means(const struct trace_plan *plan, const struct client *client)
{
    return plan->client != 0 ? plan->client == client->seen.id
                             : client_filter_matches(&plan->filter, client);
}

/* Whether the trace still wants to know of the client. */
static bool watches(const struct trace *trace, const struct client *client)
{
    return !trace->is_over && client_shard(client)->loop.now < trace->plan.until &&
           means(&trace->plan, client);
}

/* -- records -- */

const struct trace_step *trace_record_steps(const struct trace_record *record)
{
    return (const struct trace_step *)(record + 1);
}

const char *trace_record_topic(const struct trace_record *record)
{
    return (const char *)(trace_record_steps(record) + record->step_count);
}

const char *trace_record_reason(const struct trace_record *record)
{
    return trace_record_topic(record) + record->topic_len + 1;
}

const uint8_t *trace_record_payload(const struct trace_record *record)
{
    return (const uint8_t *)trace_record_reason(record) + record->reason_len + 1;
}

/* What stands behind a record. */
struct parts {
    const struct steps *steps; /* NULL: none */
    const char *topic;         /* NULL: none */
    const char *reason;        /* the same */
    const uint8_t *payload;
    size_t payload_len; /* what there is of it */
};

static void copy_steps(struct trace_step *to, const struct steps *steps)
{
    for (unsigned i = 0; i < steps->count; i++) {
        const struct stage_step *step = &steps->items[i];
        to[i] = (struct trace_step){
            .ns = step->ns, .verdict = (uint8_t)step->verdict, .is_shadow = step->stage->is_shadow};
        snprintf(to[i].instance, sizeof to[i].instance, "%s", step->stage->instance->name);
    }
}

/* The record has the lengths of its parts. */
static void write_record(uint8_t *to, const struct trace_record *record, const struct parts *parts)
{
    struct trace_record *copy = (struct trace_record *)(void *)to;
    *copy = *record;
    if (record->step_count > 0)
        copy_steps((struct trace_step *)(copy + 1), parts->steps);
    memcpy((char *)(uintptr_t)trace_record_topic(copy), parts->topic, record->topic_len + 1u);
    memcpy((char *)(uintptr_t)trace_record_reason(copy), parts->reason, record->reason_len + 1u);
    if (record->payload_len > 0)
        memcpy((uint8_t *)(uintptr_t)trace_record_payload(copy), parts->payload,
               record->payload_len);
}

static void keep_record(struct trace *trace, struct trace_record *record, const struct parts *parts)
{
    uint8_t *to;
    size_t payload_len =
        parts->payload_len < trace->plan.payload ? parts->payload_len : trace->plan.payload;
    size_t size = sizeof *record + record->step_count * sizeof(struct trace_step) +
                  record->topic_len + record->reason_len + 2u + payload_len;
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    record->size = (uint32_t)size;
    record->payload_len = (uint32_t)payload_len;
    if (buffer_extend(&trace->records, size, &to) == OK)
        write_record(to, record, parts);
    else
        trace->lost++;
}

/* Keeps it for every trace that watches the client, which is not marked any more if none does. */
static void tell(struct client *client, struct trace_record *record, struct parts parts)
{
    if (parts.topic == NULL)
        parts.topic = "";
    if (parts.reason == NULL)
        parts.reason = "";
    record->client = client->seen.id;
    record->topic_len = (uint16_t)strlen(parts.topic);
    record->reason_len = (uint16_t)strlen(parts.reason);
    if (parts.steps != NULL) {
        record->step_count = (uint8_t)parts.steps->count;
        record->steps_left_out = parts.steps->left_out > 0;
    }
    client->receiver.is_traced = false;
    for (struct trace *trace = client_shard(client)->traces; trace != NULL; trace = trace->next) {
        if (!watches(trace, client))
            continue;
        client->receiver.is_traced = true;
        keep_record(trace, record, &parts);
    }
}

/* -- a message on its way -- */

/* Whether a record has room for one trace at least; if not, it is lost for all that watch, and the
 * client is not marked any more if none does. */
static bool has_reader(struct client *client)
{
    const size_t most = sizeof(struct trace_record) + STEPS_MAX * sizeof(struct trace_step) +
                        TOPIC_NAME_MAX + CLOSE_REASON_MAX + TRACE_PAYLOAD_MAX + 2 + ALIGNMENT;
    bool is_watched = false;
    bool has_room = false;
    for (const struct trace *trace = client_shard(client)->traces; trace != NULL;
         trace = trace->next) {
        bool watched = watches(trace, client);
        is_watched = is_watched || watched;
        has_room = has_room || (watched && trace->records.len + most <= trace->plan.bytes);
    }
    client->receiver.is_traced = is_watched;
    return has_room;
}

static void count_lost(const struct client *client)
{
    for (struct trace *trace = client_shard(client)->traces; trace != NULL; trace = trace->next)
        trace->lost += watches(trace, client);
}

void trace_begin_message(struct client *client, const struct message *message,
                         enum trace_event event)
{
    struct shard *shard = client_shard(client);
    struct traced_message *traced = shard->traced;
    if (!has_reader(client)) {
        count_lost(client);
        return;
    }
    traced->steps.count = traced->steps.left_out = 0;
    traced->event = event;
    traced->at = clock_wall();
    traced->len = message->seen.len;
    traced->payload_len = 0;
    if (event == TRACE_RECEIVED) {
        traced->payload_len =
            message->seen.len < TRACE_PAYLOAD_MAX ? message->seen.len : TRACE_PAYLOAD_MAX;
        if (traced->payload_len > 0)
            memcpy(traced->payload, message->seen.data, traced->payload_len);
    }
    traced->opcode = message_opcode(message);
    shard->pipeline.steps = &traced->steps;
}

static enum trace_outcome outcome_of(const struct trace_end *end)
{
    if (end->result == CHAIN_DEFERRED)
        return TRACE_DEFERRED;
    if (end->result == CHAIN_PASSED)
        return end->routed == OK              ? TRACE_DELIVERED
               : end->routed == ERR_NO_MEMORY ? TRACE_NO_MEMORY
                                              : TRACE_NOT_OPEN;
    switch (end->verdict) {
    case SL_DROP:
        return TRACE_DROPPED;
    case SL_HANDLED:
        return TRACE_HANDLED;
    case SL_CLOSE:
        return TRACE_CLOSES;
    case SL_ERROR:
        return TRACE_FAILED;
    default:
        return TRACE_NOT_OPEN;
    }
}

/* How many clients get what is delivered. */
static uint32_t receivers_of(struct client *client, const struct message *message)
{
    struct endpoint *endpoint = client_endpoint(client);
    bool gets_it = true;
    uint32_t count;
    if (message->topic != NULL) {
        struct client_filter filter = {.endpoint = NULL};
        snprintf(filter.topic, sizeof filter.topic, "%s", message->topic);
        count = topic_count(&endpoint->fanout, TOPIC_NAMED, message->topic, strlen(message->topic));
        gets_it = client_filter_matches(&filter, client);
    } else {
        count = atomic_load_explicit(&endpoint->connected, memory_order_relaxed);
    }
    bool is_left_out = gets_it && !client_setup(client)->config->echo;
    return is_left_out && count > 0 ? count - 1 : count;
}

void trace_end_message(struct client *client, const struct trace_end *end)
{
    struct shard *shard = client_shard(client);
    const struct traced_message *traced = shard->traced;
    if (shard->pipeline.steps == NULL)
        return;
    shard->pipeline.steps = NULL;
    struct parts parts = {
        .steps = &traced->steps, .payload = traced->payload, .payload_len = traced->payload_len};
    struct trace_record record = {.at = traced->at,
                                  .len = traced->len,
                                  .event = (uint8_t)traced->event,
                                  .outcome = (uint8_t)outcome_of(end),
                                  .opcode = (uint8_t)traced->opcode};
    if (record.outcome == TRACE_DELIVERED) {
        record.receivers = receivers_of(client, end->message);
        record.len_out = end->message->seen.len;
        parts.topic = end->message->topic;
    } else if (record.outcome == TRACE_CLOSES) {
        record.code = end->message->close.code;
        parts.reason = end->message->close.reason;
    }
    tell(client, &record, parts);
}

/* -- what else clients do -- */

void trace_note_sent(struct client *client, const struct sent_frame *frame)
{
    struct trace_record record = {.at = clock_wall(),
                                  .len = frame->len,
                                  .event = TRACE_SENT,
                                  .opcode = (uint8_t)frame->opcode,
                                  .is_compressed = frame->is_compressed};
    size_t payload_len = frame->len < TRACE_PAYLOAD_MAX ? frame->len : TRACE_PAYLOAD_MAX;
    tell(client, &record, (struct parts){.payload = frame->payload, .payload_len = payload_len});
}

void trace_note_opened(struct client *client)
{
    struct trace_record record = {.at = clock_wall(), .event = TRACE_OPENED};
    tell(client, &record, (struct parts){.steps = NULL});
}

void trace_note_closed(struct client *client)
{
    struct trace_record record = {.at = clock_wall(),
                                  .event = TRACE_CLOSED,
                                  .code = client->close_code,
                                  .by_peer = client->closed_by_peer};
    tell(client, &record, (struct parts){.reason = client->close_reason});
    for (struct trace *trace = client_shard(client)->traces; trace != NULL; trace = trace->next)
        trace->is_over = trace->is_over || trace->plan.client == client->seen.id;
}

/* -- life -- */

static struct trace *trace_of(const struct shard *shard, uint64_t id)
{
    struct trace *trace = shard->traces;
    while (trace != NULL && trace->plan.id != id)
        trace = trace->next;
    return trace;
}

static void unlink_and_free(struct shard *shard, struct trace *trace)
{
    struct trace **link = &shard->traces;
    while (*link != trace)
        link = &(*link)->next;
    *link = trace->next;
    timer_stop(&trace->timer);
    buffer_release(&trace->records);
    free(trace);
    if (shard->traces != NULL)
        return;
    free(shard->traced);
    shard->traced = NULL;
}

static void on_idle(struct loop *loop, struct timer *timer)
{
    unlink_and_free(shard_of(loop), (struct trace *)timer);
}

static void restart_timer(struct shard *shard, struct trace *trace)
{
    timer_start(&shard->loop.timers, &trace->timer, shard->loop.now + TRACE_IDLE);
}

static bool has_place(const struct shard *shard, const struct trace_plan *plan)
{
    unsigned count = 0, of_readers = 0;
    for (const struct trace *other = shard->traces; other != NULL; other = other->next) {
        count++;
        of_readers += other->plan.by_reader;
    }
    return count < TRACES_MAX && (!plan->by_reader || of_readers < TRACES_OF_READERS_MAX);
}

int trace_begin(struct shard *shard, const struct trace_plan *plan)
{
    if (!has_place(shard, plan))
        return ERR_LIMIT;
    struct trace *trace = calloc(1, sizeof *trace);
    if (trace == NULL)
        return ERR_NO_MEMORY;
    if (shard->traced == NULL && (shard->traced = calloc(1, sizeof *shard->traced)) == NULL) {
        free(trace);
        return ERR_NO_MEMORY;
    }
    trace->timer.fire = on_idle;
    trace->plan = *plan;
    buffer_init(&trace->records, plan->bytes);
    trace->next = shard->traces;
    shard->traces = trace;
    restart_timer(shard, trace);
    return OK;
}

uint32_t trace_mark(struct shard *shard, const struct trace_plan *plan, uint32_t first,
                    uint32_t count)
{
    uint32_t marked = 0;
    for (uint32_t i = first; i < shard->slot_count && i - first < count; i++) {
        struct client *client = shard->slots[i].client;
        if (client == NULL || client->state == CLIENT_GONE || !client->is_registered ||
            !means(plan, client))
            continue;
        client->receiver.is_traced = true;
        marked++;
    }
    return marked;
}

int trace_read(struct shard *shard, uint64_t id, struct trace_reading *out)
{
    struct trace *trace = trace_of(shard, id);
    if (trace == NULL)
        return ERR_NOT_FOUND;
    *out =
        (struct trace_reading){.records = trace->records,
                               .lost = trace->lost,
                               .is_over = trace->is_over || shard->loop.now >= trace->plan.until};
    buffer_init(&trace->records, trace->plan.bytes);
    trace->lost = 0;
    restart_timer(shard, trace);
    return OK;
}

void trace_end(struct shard *shard, uint64_t id)
{
    struct trace *trace = trace_of(shard, id);
    if (trace != NULL)
        unlink_and_free(shard, trace);
}

void trace_end_all(struct shard *shard)
{
    while (shard->traces != NULL)
        unlink_and_free(shard, shard->traces);
}
