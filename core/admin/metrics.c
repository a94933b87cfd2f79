#include "admin/metrics.h"

#include "admin/metrics_compression.h"
#include "admin/metrics_configuration.h"
#include "admin/metrics_connections.h"
#include "admin/metrics_drain.h"
#include "admin/metrics_limits.h"
#include "admin/metrics_loops.h"
#include "admin/metrics_plugins.h"
#include "admin/metrics_process.h"
#include "admin/metrics_sum.h"
#include "admin/metrics_writer.h"

#include "base/log.h"
#include "admin/metrics_io.h"
#include "front/front.h"
#include "hub/hub.h"
#include "pipeline/worker_pool.h"
#include "client/recorder.h"
#include "delivery/audience.h"
#include "hub/watchdog.h"

#include <inttypes.h>
#include <stddef.h>

/* The sum over an endpoint's audiences of the counter at `offset` bytes into struct audience. */
static uint64_t sum_audiences(struct hub *hub, size_t endpoint, size_t offset)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < hub->set.count; i++)
        total += counter_read(
            (counter *)((char *)&hub->endpoints[endpoint]->fanout.audiences[i] + offset));
    return total;
}

static void write_clients(struct metrics_writer *writer, struct hub *hub)
{
    char path[METRICS_LABEL_MAX];
    metrics_describe(writer, "sluice_clients", "gauge", "Connected clients.");
    for (size_t i = 0; i < hub_endpoint_count(hub); i++)
        metrics_put(writer, "sluice_clients{endpoint=\"%s\"} %u\n",
                    metrics_label(hub->endpoints[i]->path, path),
                    hub_client_count(hub, hub->endpoints[i]));
}

static void write_messages(struct metrics_writer *writer, struct hub *hub)
{
    char path[METRICS_LABEL_MAX];
    metrics_describe(writer, "sluice_messages_total", "counter",
                     "Messages received from clients, and broadcast messages delivered to them.");
    for (unsigned i = 0; i < hub_endpoint_count(hub); i++) {
        metrics_label(hub->endpoints[i]->path, path);
        metrics_put(writer, "sluice_messages_total{endpoint=\"%s\",direction=\"in\"} %" PRIu64 "\n",
                    path, sum_audiences(hub, i, offsetof(struct audience, messages_in)));
        metrics_put(writer,
                    "sluice_messages_total{endpoint=\"%s\",direction=\"out\"} %" PRIu64 "\n", path,
                    sum_audiences(hub, i, offsetof(struct audience, messages_out)));
    }
}

static void write_transport(struct metrics_writer *writer, struct hub *hub)
{
    metrics_describe(writer, "sluice_bytes_total", "counter",
                     "Bytes read from and written to clients.");
    metrics_put_sum(writer, "sluice_bytes_total{direction=\"in\"}", hub,
                    METRICS_IN_SHARD(delivery.stats.bytes_in));
    metrics_put_sum(writer, "sluice_bytes_total{direction=\"out\"}", hub,
                    METRICS_IN_SHARD(delivery.stats.bytes_out));
    metrics_describe(writer, "sluice_input_pauses_total", "counter",
                     "Times that a client's input waited for the others' turn, since what it made "
                     "the server send, or inflate, was much.");
    metrics_put_sum(writer, "sluice_input_pauses_total", hub, METRICS_IN_SHARD(stats.input_pauses));
    metrics_describe(writer, "sluice_pings_total", "counter", "Heartbeat pings sent.");
    metrics_put_sum(writer, "sluice_pings_total", hub, METRICS_IN_SHARD(stats.pings));
    metrics_put_number(
        writer, "sluice_queued_bytes", "gauge",
        "Memory held for what waits to be sent to slow clients (limit: limits.queue_bytes).",
        memory_account_bytes(&hub->set.delivery.queued));
    metrics_put_number(
        writer, "sluice_input_bytes", "gauge",
        "Memory held of what clients have sent: incomplete messages, deferred ones and "
        "what waits behind them (limit: limits.input_bytes).",
        memory_account_bytes(&hub->set.input));
    metrics_put_number(
        writer, "sluice_forwarded_bytes", "gauge",
        "Memory for messages that not all loops have read (limit: limits.queue_bytes).",
        memory_account_bytes(&hub->set.delivery.forwarded));
}

static void write_drops(struct metrics_writer *writer, struct hub *hub)
{
    static const char *const reasons[DROP_REASON_COUNT] = {
#define DROP_LABEL(name, text) [name] = text,
        DROP_REASONS(DROP_LABEL)
#undef DROP_LABEL
    };
    metrics_describe(writer, "sluice_drops_total", "counter",
                     "Messages that went no further, and queues that were thrown away, by reason.");
    for (size_t i = 0; i < DROP_REASON_COUNT; i++)
        metrics_put(
            writer, "sluice_drops_total{reason=\"%s\"} %" PRIu64 "\n", reasons[i],
            metrics_sum(hub, offsetof(struct shard, delivery.stats.drops) + i * sizeof(counter)));
}

static void write_dropped(struct metrics_writer *writer, struct hub *hub)
{
    static const char *const policies[OVERFLOW_POLICY_COUNT] = {
#define OVERFLOW_LABEL(name, text) [name] = text,
        OVERFLOW_POLICIES(OVERFLOW_LABEL)
#undef OVERFLOW_LABEL
    };
    char path[METRICS_LABEL_MAX];
    metrics_describe(writer, "sluice_dropped_messages_total", "counter",
                     "Messages that clients missed, once for each client, by their endpoint's "
                     "overflow policy.");
    for (size_t i = 0; i < hub_endpoint_count(hub); i++)
        for (size_t policy = 0; policy < OVERFLOW_POLICY_COUNT; policy++)
            metrics_put(writer,
                        "sluice_dropped_messages_total{endpoint=\"%s\",policy=\"%s\"} %" PRIu64
                        "\n",
                        metrics_label(hub->endpoints[i]->path, path), policies[policy],
                        sum_audiences(
                            hub, i, offsetof(struct audience, dropped) + policy * sizeof(counter)));
}

static void write_admissions(struct metrics_writer *writer, struct hub *hub)
{
    static const char *const reasons[ADMISSION_COUNT] = {
        [ADMISSION_TOTAL_FULL] = "clients",
        [ADMISSION_ENDPOINT_FULL] = "endpoint_clients",
        [ADMISSION_ADDRESS_FULL] = "address_clients",
        [ADMISSION_NO_MEMORY] = "no_memory",
        [ADMISSION_DRAINING] = "draining",
        [ADMISSION_STUCK] = "stuck",
        [ADMISSION_DESCRIPTORS] = "descriptors",
    };
    metrics_put_number(
        writer, "sluice_upgrades_admitted_total", "counter",
        "Upgrades that the limits let through to the connect chain.",
        atomic_load_explicit(&hub->admissions[ADMISSION_GRANTED], memory_order_relaxed));
    metrics_describe(
        writer, "sluice_descriptor_limit", "gauge",
        "File descriptors that the process may have, and how many clients they allow.");
    metrics_put(writer, "sluice_descriptor_limit{use=\"all\"} %" PRIu32 "\n",
                hub->descriptors.most);
    metrics_put(writer, "sluice_descriptor_limit{use=\"clients\"} %" PRIu32 "\n",
                hub->descriptors.for_clients);
    metrics_describe(writer, "sluice_upgrades_refused_total", "counter",
                     "Upgrades refused by a limit; refusals by plugins are verdicts.");
    for (size_t i = ADMISSION_TOTAL_FULL; i < ADMISSION_COUNT; i++)
        metrics_put(writer, "sluice_upgrades_refused_total{reason=\"%s\"} %" PRIu64 "\n",
                    reasons[i], atomic_load_explicit(&hub->admissions[i], memory_order_relaxed));
}

static void write_responses(struct metrics_writer *writer, struct front *front)
{
    static const struct {
        unsigned hundreds;
        const char *label;
    } classes[] = {{1, "1xx"}, {2, "2xx"}, {4, "4xx"}, {5, "5xx"}};
    metrics_describe(
        writer, "sluice_http_responses_total", "counter",
        "HTTP requests answered by the front; 1xx: upgrades handed on to the connect chain.");
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        metrics_put(writer, "sluice_http_responses_total{status=\"%s\"} %llu\n", classes[i].label,
                    front_responses(front, classes[i].hundreds));
}

static void write_waiting(struct metrics_writer *writer, struct front *front)
{
    static const char *const reasons[PENDING_DROP_COUNT] = {
        [PENDING_DROP_TIMEOUT] = "timeout",           [PENDING_DROP_FULL] = "full",
        [PENDING_DROP_PROXY_HEADER] = "proxy_header", [PENDING_DROP_PLAIN_HTTP] = "plain_http",
        [PENDING_DROP_MEMORY] = "handshake_bytes",    [PENDING_DROP_DESCRIPTORS] = "descriptors",
    };
    metrics_put_number(writer, "sluice_front_waiting", "gauge",
                       "Connections whose TLS handshake or request head is not complete.",
                       front_pending(front));
    metrics_describe(
        writer, "sluice_front_dropped_total", "counter",
        "Connections given up before their request head was complete: over the time, the oldest "
        "when too many waited, a wrong PROXY header of a trusted proxy, plain HTTP on a TLS "
        "port, limits.handshake_bytes, or a lack of file descriptors.");
    for (unsigned i = 0; i < PENDING_DROP_COUNT; i++)
        metrics_put(writer, "sluice_front_dropped_total{reason=\"%s\"} %llu\n", reasons[i],
                    front_dropped(front, (enum pending_drop)i));
}

static void write_handshakes(struct metrics_writer *writer, struct hub *hub, struct front *front)
{
    struct front_handshakes handshakes;
    front_handshakes(front, &handshakes);
    metrics_put_number(writer, "sluice_handshake_bytes", "gauge",
                       "Memory held for TLS connections whose request is not complete (limit: "
                       "limits.handshake_bytes).",
                       handshakes.bytes);
    metrics_put_number(writer, "sluice_handshakes_total", "counter", "TLS handshakes begun.",
                       handshakes.begun);
    metrics_put_number(writer, "sluice_handshakes_delayed_total", "counter",
                       "Times that an address had to wait for limits.handshakes_per_address.",
                       handshakes.delayed);
    metrics_describe(writer, "sluice_tls_faults_total", "counter",
                     "TLS connections ended because the peer broke a rule, by rule.");
    for (unsigned i = TLS_FAULT_NONE + 1; i < TLS_FAULT_COUNT; i++) {
        size_t offset = offsetof(struct shard, stats.tls_faults) + i * sizeof(counter);
        metrics_put(writer, "sluice_tls_faults_total{reason=\"%s\"} %llu\n",
                    tls_fault_text((enum tls_fault)i),
                    handshakes.faults[i] + metrics_sum(hub, offset));
    }
}

static uint64_t pending_deferrals(struct hub *hub)
{
    uint64_t pending = 0;
    for (unsigned i = 0; i < hub->set.count; i++)
        pending += counter_read(&hub->set.shards[i].pipeline.deferrals.begun) -
                   counter_read(&hub->set.shards[i].pipeline.deferrals.ended);
    return pending;
}

static void write_topics(struct metrics_writer *writer, struct hub *hub)
{
    char path[METRICS_LABEL_MAX];
    uint32_t topics, subscriptions;
    metrics_describe(writer, "sluice_topics", "gauge", "Topics that have subscribers.");
    for (size_t i = 0; i < hub_endpoint_count(hub); i++) {
        topic_totals(&hub->endpoints[i]->fanout, &topics, &subscriptions);
        metrics_put(writer, "sluice_topics{endpoint=\"%s\"} %u\n",
                    metrics_label(hub->endpoints[i]->path, path), topics);
    }
    metrics_describe(writer, "sluice_subscriptions", "gauge", "Clients' subscriptions to topics.");
    for (size_t i = 0; i < hub_endpoint_count(hub); i++) {
        topic_totals(&hub->endpoints[i]->fanout, &topics, &subscriptions);
        metrics_put(writer, "sluice_subscriptions{endpoint=\"%s\"} %u\n",
                    metrics_label(hub->endpoints[i]->path, path), subscriptions);
    }
}

static void write_background(struct metrics_writer *writer, struct hub *hub)
{
    struct worker_stats workers;
    worker_pool_read(hub->set.pipeline.workers, &workers);
    metrics_put_number(writer, "sluice_deferrals", "gauge", "Verdicts that are awaited.",
                       pending_deferrals(hub));
    metrics_put_number(writer, "sluice_offload_waiting", "gauge",
                       "Jobs that wait for a worker thread (limit: offload.queue).",
                       workers.waiting);
    metrics_put_number(writer, "sluice_offload_running", "gauge",
                       "Jobs that run on worker threads (limit: offload.threads).",
                       workers.running);
    metrics_put_number(writer, "sluice_offload_done_total", "counter",
                       "Jobs that worker threads have done.", workers.done);
    metrics_put_number(writer, "sluice_offload_refused_total", "counter",
                       "Jobs refused because as many waited as may.", workers.refused);
}

static void write_recording(struct metrics_writer *writer, struct hub *hub)
{
    if (hub->set.recorder == NULL)
        return;
    metrics_put_number(writer, "sluice_recorded_events_total", "counter",
                       "Events that --record has written.", recorder_events(hub->set.recorder));
    metrics_put_number(
        writer, "sluice_recording_lost_events_total", "counter",
        "Events that are not in the recording: it is over, for its limit or the disk.",
        recorder_lost(hub->set.recorder));
}

static void write_server(struct metrics_writer *writer)
{
    metrics_describe(writer, "sluice_info", "gauge", "The server's version.");
    metrics_put(writer, "sluice_info{version=\"%s\"} 1\n", SLUICE_VERSION);
    metrics_put_number(writer, "sluice_log_truncated_lines_total", "counter",
                       "Log lines that were cut because they were too long.",
                       log_truncated_lines());
    metrics_put_number(writer, "sluice_log_lost_lines_total", "counter",
                       "Log lines that were lost because they could not be written fast enough "
                       "(limit: log.queue).",
                       log_lost_lines());
    metrics_put_number(writer, "sluice_log_failed_writes_total", "counter",
                       "Writes that the file of log.file refused; lines wait meanwhile.",
                       log_failed_writes());
}

static void write_watchdog(struct metrics_writer *writer, const struct watchdog_status *watched)
{
    metrics_describe(writer, "sluice_stuck_calls", "gauge",
                     "Threads that have been in one call for watchdog.warn or longer, by what the "
                     "thread is for.");
    for (unsigned kind = 0; kind < WATCHED_KIND_COUNT; kind++)
        metrics_put(writer, "sluice_stuck_calls{thread=\"%s\"} %u\n",
                    watched_kind_name((enum watched_kind)kind), watched->stuck[kind]);
    metrics_describe(writer, "sluice_stuck_seconds", "gauge",
                     "Age of the oldest of those calls; 0: there is none (/readyz fails from "
                     "watchdog.unready on).");
    metrics_put(writer, "sluice_stuck_seconds %.1f\n", (double)watched->oldest / 1e9);
    metrics_put_number(writer, "sluice_stuck_calls_total", "counter",
                       "Calls that have taken watchdog.warn or longer.", watched->stuck_total);
}

static void write_admin(struct metrics_writer *writer, const struct metrics_sources *sources)
{
    metrics_put_number(
        writer, "sluice_admin_refused_total", "counter",
        "Requests refused by the admin listener because as many were being worked on "
        "as may be (limit: admin.requests).",
        sources->admin_refused);
}

int metrics_write(const struct metrics_sources *sources, struct buffer *out)
{
    struct hub *hub = sources->hub;
    struct front *front = sources->front;
    struct metrics_writer writer = {.out = out, .error = OK};
    write_server(&writer);
    metrics_write_process(&writer, "/proc");
    write_clients(&writer, hub);
    write_messages(&writer, hub);
    write_transport(&writer, hub);
    metrics_write_loops(&writer, hub);
    metrics_write_io(&writer, hub);
    metrics_write_compression(&writer, hub);
    metrics_write_connections(&writer, hub);
    write_dropped(&writer, hub);
    write_drops(&writer, hub);
    write_admissions(&writer, hub);
    metrics_write_drain(&writer, hub);
    write_responses(&writer, front);
    write_waiting(&writer, front);
    write_handshakes(&writer, hub, front);
    metrics_write_limits(&writer, hub, front);
    write_topics(&writer, hub);
    write_background(&writer, hub);
    metrics_write_configuration(&writer, hub, front);
    write_watchdog(&writer, sources->watched);
    write_admin(&writer, sources);
    write_recording(&writer, hub);
    metrics_write_plugins(&writer, hub);
    return writer.error;
}
