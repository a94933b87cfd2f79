#include "admin/metrics.h"

#include "base/log.h"
#include "config/config.h"
#include "front/front.h"
#include "hub/hub_internal.h"
#include "pipeline/chain.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

/* Room for a label value: what is longest is an endpoint's path, all of it escaped. */
#define LABEL_MAX (2 * 255 + 1)

/* Text under construction; the first failure is remembered and ends it. */
struct writer {
    struct buffer *out;
    int error;
};

static void put(struct writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void put(struct writer *writer, const char *format, ...)
{
    char line[2 * LABEL_MAX + 256];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (writer->error == OK && (len < 0 || len >= (int)sizeof line))
        writer->error = ERR_LIMIT;
    if (writer->error == OK)
        writer->error = buffer_append(writer->out, line, (size_t)len);
}

static void describe(struct writer *writer, const char *name, const char *type, const char *help)
{
    put(writer, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label value; a quote, backslash or line end is escaped. */
static const char *label(const char *text, char escaped[LABEL_MAX])
{
    size_t len = 0;
    for (; *text != '\0' && len < LABEL_MAX - 2; text++) {
        if (*text == '"' || *text == '\\' || *text == '\n')
            escaped[len++] = '\\';
        escaped[len++] = *text == '\n' ? 'n' : *text;
    }
    escaped[len] = '\0';
    return escaped;
}

/* The sum over all shards of the counter at `offset` bytes into struct shard_stats. */
static uint64_t sum_stats(struct hub *hub, size_t offset)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < hub->shard_count; i++)
        total += counter_read((counter *)((char *)&hub->shards[i].stats + offset));
    return total;
}

static uint64_t sum_iterations(struct hub *hub)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < hub->shard_count; i++)
        total += counter_read(&hub->shards[i].loop.iterations);
    return total;
}

static uint64_t sum_messages(struct hub *hub, unsigned endpoint, bool in)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < hub->shard_count; i++) {
        struct audience *audience = &hub->endpoints[endpoint]->audiences[i];
        total += counter_read(in ? &audience->messages_in : &audience->messages_out);
    }
    return total;
}

static void write_clients(struct writer *writer, struct hub *hub)
{
    char path[LABEL_MAX];
    describe(writer, "sluice_clients", "gauge", "Connected clients.");
    for (size_t i = 0; i < hub_endpoint_count(hub); i++)
        put(writer, "sluice_clients{endpoint=\"%s\"} %u\n", label(hub->endpoints[i]->path, path),
            hub_client_count(hub, hub->endpoints[i]));
}

static void write_messages(struct writer *writer, struct hub *hub)
{
    char path[LABEL_MAX];
    describe(writer, "sluice_messages_total", "counter",
             "Messages received from clients, and broadcast messages delivered to them.");
    for (unsigned i = 0; i < hub_endpoint_count(hub); i++) {
        label(hub->endpoints[i]->path, path);
        put(writer, "sluice_messages_total{endpoint=\"%s\",direction=\"in\"} %" PRIu64 "\n", path,
            sum_messages(hub, i, true));
        put(writer, "sluice_messages_total{endpoint=\"%s\",direction=\"out\"} %" PRIu64 "\n", path,
            sum_messages(hub, i, false));
    }
}

static void write_transport(struct writer *writer, struct hub *hub)
{
    describe(writer, "sluice_bytes_total", "counter", "Bytes read from and written to clients.");
    put(writer, "sluice_bytes_total{direction=\"in\"} %" PRIu64 "\n",
        sum_stats(hub, offsetof(struct shard_stats, bytes_in)));
    put(writer, "sluice_bytes_total{direction=\"out\"} %" PRIu64 "\n",
        sum_stats(hub, offsetof(struct shard_stats, bytes_out)));
    describe(writer, "sluice_io_calls_total", "counter", "Reads and writes on client sockets.");
    put(writer, "sluice_io_calls_total{call=\"read\"} %" PRIu64 "\n",
        sum_stats(hub, offsetof(struct shard_stats, reads)));
    put(writer, "sluice_io_calls_total{call=\"write\"} %" PRIu64 "\n",
        sum_stats(hub, offsetof(struct shard_stats, writes)));
    describe(writer, "sluice_loop_iterations_total", "counter", "Turns of the event loops.");
    put(writer, "sluice_loop_iterations_total %" PRIu64 "\n", sum_iterations(hub));
    describe(writer, "sluice_pings_total", "counter", "Heartbeat pings sent.");
    put(writer, "sluice_pings_total %" PRIu64 "\n",
        sum_stats(hub, offsetof(struct shard_stats, pings)));
    describe(writer, "sluice_queued_bytes", "gauge",
             "Memory held for slow clients and incomplete messages (limit: limits.queue_bytes).");
    put(writer, "sluice_queued_bytes %zu\n",
        atomic_load_explicit(&hub->queued_bytes, memory_order_relaxed));
    describe(writer, "sluice_forwarded_bytes", "gauge",
             "Memory on its way from one loop to another (limit: limits.queue_bytes).");
    put(writer, "sluice_forwarded_bytes %zu\n",
        atomic_load_explicit(&hub->forwarded_bytes, memory_order_relaxed));
}

static void write_closes(struct writer *writer, struct hub *hub)
{
    static const char *const groups[CLOSE_SLOT_COUNT] = {
        [CLOSE_SLOT_3XXX] = "3xxx",
        [CLOSE_SLOT_4XXX] = "4xxx",
        [CLOSE_SLOT_4401] = "4401",
        [CLOSE_SLOT_4429] = "4429",
    };
    describe(writer, "sluice_closes_total", "counter",
             "Clients that ended, by close code; 1005: without a code, 1006: without a goodbye.");
    for (size_t i = 0; i < CLOSE_SLOT_COUNT; i++) {
        uint64_t count = sum_stats(hub, offsetof(struct shard_stats, closes) + i * sizeof(counter));
        if (groups[i] != NULL)
            put(writer, "sluice_closes_total{code=\"%s\"} %" PRIu64 "\n", groups[i], count);
        else
            put(writer, "sluice_closes_total{code=\"%zu\"} %" PRIu64 "\n", 1000 + i, count);
    }
}

static void write_drops(struct writer *writer, struct hub *hub)
{
    static const char *const reasons[DROP_REASON_COUNT] = {
#define DROP_LABEL(name, text) [name] = text,
        DROP_REASONS(DROP_LABEL)
#undef DROP_LABEL
    };
    describe(writer, "sluice_drops_total", "counter",
             "Messages that went no further, and queues that were thrown away, by reason.");
    for (size_t i = 0; i < DROP_REASON_COUNT; i++)
        put(writer, "sluice_drops_total{reason=\"%s\"} %" PRIu64 "\n", reasons[i],
            sum_stats(hub, offsetof(struct shard_stats, drops) + i * sizeof(counter)));
}

static void write_admissions(struct writer *writer, struct hub *hub)
{
    static const char *const reasons[ADMISSION_COUNT] = {
        [ADMISSION_TOTAL_FULL] = "clients",
        [ADMISSION_ENDPOINT_FULL] = "endpoint_clients",
        [ADMISSION_ADDRESS_FULL] = "address_clients",
        [ADMISSION_NO_MEMORY] = "no_memory",
        [ADMISSION_DRAINING] = "draining",
    };
    describe(writer, "sluice_upgrades_admitted_total", "counter",
             "Upgrades that the limits let through to the connect chain.");
    put(writer, "sluice_upgrades_admitted_total %" PRIu64 "\n",
        atomic_load_explicit(&hub->admissions[ADMISSION_GRANTED], memory_order_relaxed));
    describe(writer, "sluice_upgrades_refused_total", "counter",
             "Upgrades refused by a limit; refusals by plugins are verdicts.");
    for (size_t i = ADMISSION_TOTAL_FULL; i < ADMISSION_COUNT; i++)
        put(writer, "sluice_upgrades_refused_total{reason=\"%s\"} %" PRIu64 "\n", reasons[i],
            atomic_load_explicit(&hub->admissions[i], memory_order_relaxed));
}

static void write_responses(struct writer *writer, const struct front *front)
{
    static const struct {
        unsigned hundreds;
        const char *label;
    } classes[] = {{1, "1xx"}, {2, "2xx"}, {4, "4xx"}, {5, "5xx"}};
    describe(writer, "sluice_http_responses_total", "counter",
             "HTTP requests answered by the front; 1xx: upgrades handed on to the connect chain.");
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        put(writer, "sluice_http_responses_total{status=\"%s\"} %llu\n", classes[i].label,
            front_responses(front, classes[i].hundreds));
}

static void write_waiting(struct writer *writer, const struct front *front)
{
    static const char *const reasons[WAITING_DROP_COUNT] = {
        [WAITING_TIMEOUT] = "timeout",
        [WAITING_FULL] = "full",
    };
    describe(writer, "sluice_front_waiting", "gauge",
             "Connections whose TLS handshake or request head is not complete.");
    put(writer, "sluice_front_waiting %zu\n", front_waiting(front));
    describe(writer, "sluice_front_dropped_total", "counter",
             "Connections given up before their request head was complete: over the time, or the "
             "oldest when too many waited.");
    for (unsigned i = 0; i < WAITING_DROP_COUNT; i++)
        put(writer, "sluice_front_dropped_total{reason=\"%s\"} %llu\n", reasons[i],
            front_dropped(front, (enum waiting_drop)i));
}

static void write_stage(struct writer *writer, const struct stage *stage, size_t position)
{
    struct instance_totals totals;
    char path[LABEL_MAX];
    char plugin[LABEL_MAX];
    label(stage->instance->seen.endpoint, path);
    label(stage->instance->plugin->table.name, plugin);
    instance_totals(stage->instance, &totals);
    for (int slot = 0; slot < VERDICT_SLOT_COUNT; slot++)
        put(writer,
            "sluice_plugin_verdicts_total{endpoint=\"%s\",plugin=\"%s\",position=\"%zu\","
            "verdict=\"%s\"} %" PRIu64 "\n",
            path, plugin, position, verdict_slot_name((enum verdict_slot)slot),
            totals.verdicts[slot]);
}

static void write_plugins(struct writer *writer, struct hub *hub)
{
    describe(writer, "sluice_plugin_verdicts_total", "counter",
             "What each plugin of each pipeline decided, for upgrades and messages.");
    pthread_mutex_lock(&hub->setup_lock);
    for (size_t i = 0; i < hub_endpoint_count(hub); i++) {
        const struct endpoint_setup *setup = hub->endpoints[i]->setup;
        for (size_t j = 0; setup != NULL && j < setup->chain->count; j++)
            write_stage(writer, &setup->chain->stages[j], j + 1);
    }
    pthread_mutex_unlock(&hub->setup_lock);
}

static void write_server(struct writer *writer)
{
    describe(writer, "sluice_info", "gauge", "The server's version.");
    put(writer, "sluice_info{version=\"%s\"} 1\n", SLUICE_VERSION);
    describe(writer, "sluice_log_truncated_lines_total", "counter",
             "Log lines that were cut because they were too long.");
    put(writer, "sluice_log_truncated_lines_total %llu\n", log_truncated_lines());
}

int metrics_write(struct hub *hub, const struct front *front, struct buffer *out)
{
    struct writer writer = {.out = out, .error = OK};
    write_server(&writer);
    write_clients(&writer, hub);
    write_messages(&writer, hub);
    write_transport(&writer, hub);
    write_closes(&writer, hub);
    write_drops(&writer, hub);
    write_admissions(&writer, hub);
    write_responses(&writer, front);
    write_waiting(&writer, front);
    write_plugins(&writer, hub);
    return writer.error;
}
