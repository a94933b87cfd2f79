#include "admin/metrics.h"

#include "admin/metrics_admin.h"
#include "admin/metrics_bans.h"
#include "admin/metrics_compression.h"
#include "admin/metrics_configuration.h"
#include "admin/metrics_connections.h"
#include "admin/metrics_drain.h"
#include "admin/metrics_limits.h"
#include "admin/metrics_loops.h"
#include "admin/metrics_messages.h"
#include "admin/metrics_plugins.h"
#include "admin/metrics_storage.h"
#include "admin/metrics_process.h"
#include "admin/metrics_sum.h"
#include "admin/metrics_writer.h"

#include "base/log.h"
#include "admin/metrics_io.h"
#include "front/front.h"
#include "http/http_client.h"
#include "hub/hub.h"
#include "pipeline/worker_pool.h"
#include "client/recorder.h"
#include "hub/watchdog.h"

#include <inttypes.h>
#include <stddef.h>

static void write_clients(struct metrics_writer *writer, struct hub *hub)
{
    char path[METRICS_LABEL_MAX];
    metrics_describe(writer, "sluice_clients");
    for (size_t i = 0; i < hub_endpoint_count(hub); i++)
        metrics_put(writer, "sluice_clients{endpoint=\"%s\"} %u\n",
                    metrics_label(hub->endpoints[i]->path, path),
                    hub_client_count(hub, hub->endpoints[i]));
}

static void write_transport(struct metrics_writer *writer, struct hub *hub)
{
    metrics_describe(writer, "sluice_input_pauses_total");
    metrics_put_sum(writer, "sluice_input_pauses_total", hub, METRICS_IN_SHARD(stats.input_pauses));
    metrics_describe(writer, "sluice_pings_total");
    metrics_put_sum(writer, "sluice_pings_total", hub, METRICS_IN_SHARD(stats.pings));
    metrics_put_number(writer, "sluice_queued_bytes",
                       memory_account_bytes(&hub->set.delivery.queued));
    metrics_put_number(writer, "sluice_input_bytes", memory_account_bytes(&hub->set.input));
    metrics_put_number(writer, "sluice_forwarded_bytes",
                       memory_account_bytes(&hub->set.delivery.forwarded));
}

static void write_drops(struct metrics_writer *writer, struct hub *hub)
{
    static const char *const reasons[DROP_REASON_COUNT] = {
#define DROP_LABEL(name, text) [name] = text,
        DROP_REASONS(DROP_LABEL)
#undef DROP_LABEL
    };
    metrics_describe(writer, "sluice_drops_total");
    for (size_t i = 0; i < DROP_REASON_COUNT; i++)
        metrics_put(
            writer, "sluice_drops_total{reason=\"%s\"} %" PRIu64 "\n", reasons[i],
            metrics_sum(hub, offsetof(struct shard, delivery.stats.drops) + i * sizeof(counter)));
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
        [ADMISSION_BANNED] = "banned",
        [ADMISSION_STARTING] = "starting",
    };
    metrics_put_number(
        writer, "sluice_upgrades_admitted_total",
        atomic_load_explicit(&hub->admissions[ADMISSION_GRANTED], memory_order_relaxed));
    metrics_describe(writer, "sluice_descriptor_limit");
    metrics_put(writer, "sluice_descriptor_limit{use=\"all\"} %" PRIu32 "\n",
                hub->descriptors.most);
    metrics_put(writer, "sluice_descriptor_limit{use=\"clients\"} %" PRIu32 "\n",
                hub->descriptors.for_clients);
    metrics_describe(writer, "sluice_upgrades_refused_total");
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
    metrics_describe(writer, "sluice_http_responses_total");
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
    metrics_put_number(writer, "sluice_front_waiting", front_pending(front));
    metrics_describe(writer, "sluice_front_dropped_total");
    for (unsigned i = 0; i < PENDING_DROP_COUNT; i++)
        metrics_put(writer, "sluice_front_dropped_total{reason=\"%s\"} %llu\n", reasons[i],
                    front_dropped(front, (enum pending_drop)i));
}

static void write_handshakes(struct metrics_writer *writer, struct hub *hub, struct front *front)
{
    struct front_handshakes handshakes;
    front_handshakes(front, &handshakes);
    metrics_put_number(writer, "sluice_handshake_bytes", handshakes.bytes);
    metrics_put_number(writer, "sluice_handshakes_total", handshakes.begun);
    metrics_put_number(writer, "sluice_handshakes_delayed_total", handshakes.delayed);
    metrics_describe(writer, "sluice_tls_faults_total");
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
    metrics_describe(writer, "sluice_topics");
    for (size_t i = 0; i < hub_endpoint_count(hub); i++) {
        topic_totals(&hub->endpoints[i]->fanout, &topics, &subscriptions);
        metrics_put(writer, "sluice_topics{endpoint=\"%s\"} %u\n",
                    metrics_label(hub->endpoints[i]->path, path), topics);
    }
    metrics_describe(writer, "sluice_subscriptions");
    for (size_t i = 0; i < hub_endpoint_count(hub); i++) {
        topic_totals(&hub->endpoints[i]->fanout, &topics, &subscriptions);
        metrics_put(writer, "sluice_subscriptions{endpoint=\"%s\"} %u\n",
                    metrics_label(hub->endpoints[i]->path, path), subscriptions);
    }
}

static void write_background(struct metrics_writer *writer, struct hub *hub)
{
    /* From 16 us to 17 s. */
    static const struct metrics_buckets waits = {.first = 14, .last = 34, .step = 2, .unit = 1e-9};
    struct worker_stats workers;
    struct http_client_stats requests;
    worker_pool_read(hub->set.pipeline.workers, &workers);
    http_client_read(hub->set.pipeline.http, &requests);
    metrics_put_number(writer, "sluice_deferrals", pending_deferrals(hub));
    metrics_put_number(writer, "sluice_offload_waiting", workers.waiting);
    metrics_put_number(writer, "sluice_offload_running", workers.running);
    metrics_put_number(writer, "sluice_offload_done_total", workers.done);
    metrics_put_number(writer, "sluice_offload_refused_total", workers.refused);
    metrics_describe(writer, "sluice_offload_wait_seconds");
    metrics_put_histogram(writer, "sluice_offload_wait_seconds", "", &workers.waited, &waits);
    metrics_put_number(writer, "sluice_http_in_flight", requests.under_way);
    metrics_put_number(writer, "sluice_http_in_flight_limit", requests.limits.under_way);
    metrics_put_number(writer, "sluice_http_waiting", requests.waiting);
    metrics_put_number(writer, "sluice_http_hanging_lookups", requests.hanging_lookups);
}

static void write_recording(struct metrics_writer *writer, struct hub *hub)
{
    if (hub->set.recorder == NULL)
        return;
    metrics_put_number(writer, "sluice_recorded_events_total", recorder_events(hub->set.recorder));
    metrics_put_number(writer, "sluice_recording_lost_events_total",
                       recorder_lost(hub->set.recorder));
}

static void write_server(struct metrics_writer *writer)
{
    metrics_describe(writer, "sluice_info");
    metrics_put(writer, "sluice_info{version=\"%s\"} 1\n", SLUICE_VERSION);
    metrics_put_number(writer, "sluice_log_truncated_lines_total", log_truncated_lines());
    metrics_put_number(writer, "sluice_log_lost_lines_total", log_lost_lines());
    metrics_put_number(writer, "sluice_log_failed_writes_total", log_failed_writes());
}

static void write_watchdog(struct metrics_writer *writer, const struct watchdog_status *watched)
{
    metrics_describe(writer, "sluice_stuck_calls");
    for (unsigned kind = 0; kind < WATCHED_KIND_COUNT; kind++)
        metrics_put(writer, "sluice_stuck_calls{thread=\"%s\"} %u\n",
                    watched_kind_name((enum watched_kind)kind), watched->stuck[kind]);
    metrics_describe(writer, "sluice_stuck_seconds");
    metrics_put(writer, "sluice_stuck_seconds %.1f\n", (double)watched->oldest / 1e9);
    metrics_put_number(writer, "sluice_stuck_calls_total", watched->stuck_total);
}

int metrics_write(const struct metrics_sources *sources, struct buffer *out)
{
    struct hub *hub = sources->hub;
    struct front *front = sources->front;
    struct metrics_writer writer = {.out = out, .error = OK};
    write_server(&writer);
    metrics_write_process(&writer, "/proc");
    write_clients(&writer, hub);
    metrics_write_messages(&writer, hub);
    write_transport(&writer, hub);
    metrics_write_loops(&writer, hub);
    metrics_write_io(&writer, hub);
    metrics_write_compression(&writer, hub);
    metrics_write_connections(&writer, hub);
    write_drops(&writer, hub);
    write_admissions(&writer, hub);
    metrics_write_bans(&writer, hub);
    metrics_write_drain(&writer, hub);
    write_responses(&writer, front);
    write_waiting(&writer, front);
    write_handshakes(&writer, hub, front);
    metrics_write_limits(&writer, hub, front);
    write_topics(&writer, hub);
    write_background(&writer, hub);
    metrics_write_configuration(&writer, hub, front);
    write_watchdog(&writer, sources->watched);
    metrics_write_admin(&writer, sources->admin_refused, sources->admin_denials);
    write_recording(&writer, hub);
    metrics_write_plugins(&writer, hub);
    metrics_write_storage(&writer, hub);
    return writer.error;
}
