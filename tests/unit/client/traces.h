/*
 * Traces of clients without a hub (clients.h), on their first loop, and what they have seen as a
 * text.
 */
#ifndef SLUICE_TESTS_CLIENT_TRACES_H
#define SLUICE_TESTS_CLIENT_TRACES_H

#include "client/remotes.h"
#include "client/trace.h"

#define ID 77u
#define BYTES ((size_t)1 << 16)

static inline struct shard *shard(void)
{
    return &clients.shards[0];
}

static inline struct trace_plan plan_of(const struct remote *remote)
{
    return (struct trace_plan){.id = ID,
                               .client = remote != NULL ? remote->client->seen.id : 0,
                               .until = clients_loop(0)->now + 60 * NS_PER_S,
                               .bytes = BYTES};
}

static inline void begin(const struct trace_plan *plan, uint32_t expected)
{
    assert_int_equal(trace_begin(shard(), plan), OK);
    assert_int_equal(trace_mark(shard(), plan, 0, UINT32_MAX), expected);
}

static inline void send_text(const struct remote *remote, const char *text)
{
    remote_send_text(remote, text);
    clients_settle();
}

/* -- what was seen, as a text -- */

static struct trace_reading reading;

static inline void describe_record(const struct trace_record *record, char *text, size_t size)
{
    static const char *const events[] = {"opened", "in", "resumed", "out", "closed"};
    static const char *const outcomes[] = {"delivered", "dropped",  "handled",   "closes",
                                           "failed",    "deferred", "no-memory", "not-open"};
    const struct trace_step *steps = trace_record_steps(record);
    size_t len = (size_t)snprintf(text, size, "%s", events[record->event]);
    if (record->event == TRACE_CLOSED)
        len += (size_t)snprintf(text + len, size - len, " %u %s%s", record->code,
                                trace_record_reason(record), record->by_peer ? " peer" : "");
    if (record->event == TRACE_OPENED || record->event == TRACE_CLOSED)
        return;
    len +=
        (size_t)snprintf(text + len, size - len, " %u:%u", record->opcode, (unsigned)record->len);
    for (unsigned i = 0; i < record->step_count; i++)
        len += (size_t)snprintf(text + len, size - len, " %s=%s", steps[i].instance,
                                verdict_slot_name((enum verdict_slot)steps[i].verdict));
    if (record->event != TRACE_SENT)
        len += (size_t)snprintf(text + len, size - len, " %s", outcomes[record->outcome]);
    if (record->outcome == TRACE_DELIVERED && record->event != TRACE_SENT)
        len += (size_t)snprintf(text + len, size - len, ":%u", record->receivers);
    if (record->outcome == TRACE_CLOSES)
        len += (size_t)snprintf(text + len, size - len, ":%u:%s", record->code,
                                trace_record_reason(record));
    if (record->topic_len > 0)
        len += (size_t)snprintf(text + len, size - len, " topic=%s", trace_record_topic(record));
    if (record->payload_len > 0)
        snprintf(text + len, size - len, " '%.*s'", (int)record->payload_len,
                 (const char *)trace_record_payload(record));
}

/* Reads what was seen; the records stand between "; ". */
static inline void expect_seen_of(uint64_t id, const char *expected)
{
    char text[4096] = "";
    size_t len = 0;
    assert_int_equal(trace_read(shard(), id, &reading), OK);
    for (size_t at = 0; at < reading.records.len;) {
        const struct trace_record *record = (const void *)(reading.records.data + at);
        assert_int_equal(record->size % 8, 0);
        assert_true(record->size > 0 && record->at > 0);
        len += (size_t)snprintf(text + len, sizeof text - len, "%s", len > 0 ? "; " : "");
        describe_record(record, text + len, sizeof text - len);
        len = strlen(text);
        at += record->size;
    }
    buffer_release(&reading.records);
    assert_string_equal(text, expected);
}

static inline void expect_seen(const char *expected)
{
    expect_seen_of(ID, expected);
}

#endif
