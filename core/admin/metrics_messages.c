#include "admin/metrics_messages.h"

#include "admin/metrics_loops.h"
#include "admin/metrics_sum.h"
#include "admin/metrics_writer.h"
#include "delivery/audience.h"
#include "hub/hub.h"

#include <inttypes.h>
#include <stddef.h>

/* The sum over an endpoint's audiences of the counter at `offset` bytes into struct audience. */
static uint64_t sum_audiences(const struct hub *hub, const struct endpoint *endpoint, size_t offset)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < hub->set.count; i++)
        total += counter_read((const counter *)((char *)&endpoint->fanout.audiences[i] + offset));
    return total;
}

/* A family with the two directions of each endpoint: counters at these offsets. */
static void write_directions(struct metrics_writer *writer, struct hub *hub, const char *name,
                             size_t in, size_t out)
{
    char path[METRICS_LABEL_MAX];
    for (size_t i = 0; i < hub_endpoint_count(hub); i++) {
        metrics_label(hub->endpoints[i]->path, path);
        metrics_put(writer, "%s{endpoint=\"%s\",direction=\"in\"} %" PRIu64 "\n", name, path,
                    sum_audiences(hub, hub->endpoints[i], in));
        metrics_put(writer, "%s{endpoint=\"%s\",direction=\"out\"} %" PRIu64 "\n", name, path,
                    sum_audiences(hub, hub->endpoints[i], out));
    }
}

static void write_dropped(struct metrics_writer *writer, struct hub *hub)
{
    static const char *const policies[OVERFLOW_POLICY_COUNT] = {
#define OVERFLOW_LABEL(name, text) [name] = text,
        OVERFLOW_POLICIES(OVERFLOW_LABEL)
#undef OVERFLOW_LABEL
    };
    char path[METRICS_LABEL_MAX];
    metrics_describe(writer, "sluice_dropped_messages_total");
    for (size_t i = 0; i < hub_endpoint_count(hub); i++)
        for (size_t policy = 0; policy < OVERFLOW_POLICY_COUNT; policy++)
            metrics_put(
                writer,
                "sluice_dropped_messages_total{endpoint=\"%s\",policy=\"%s\"} %" PRIu64 "\n",
                metrics_label(hub->endpoints[i]->path, path), policies[policy],
                sum_audiences(hub, hub->endpoints[i],
                              offsetof(struct audience, dropped) + policy * sizeof(counter)));
}

static void write_queues_of(struct metrics_writer *writer, const struct hub *hub,
                            const struct endpoint *endpoint)
{
    char path[METRICS_LABEL_MAX];
    uint64_t counts[QUEUE_STEPS + 1];
    counts[QUEUE_STEPS] = 0;
    for (unsigned step = QUEUE_STEPS; step-- > 0;)
        counts[step] = counts[step + 1] +
                       sum_audiences(hub, endpoint,
                                     offsetof(struct audience, queues) + step * sizeof(counter));
    metrics_label(endpoint->path, path);
    for (unsigned step = 0; step < QUEUE_STEPS; step++)
        metrics_put(writer,
                    "sluice_queueing_clients{endpoint=\"%s\",at_least=\"%zu\"} %" PRIu64 "\n", path,
                    queue_step_bytes(step), counts[step]);
}

void metrics_write_messages(struct metrics_writer *writer, struct hub *hub)
{
    metrics_describe(writer, "sluice_messages_total");
    write_directions(writer, hub, "sluice_messages_total", offsetof(struct audience, messages_in),
                     offsetof(struct audience, messages_out));
    metrics_describe(writer, "sluice_bytes_total");
    write_directions(writer, hub, "sluice_bytes_total", offsetof(struct audience, bytes_in),
                     offsetof(struct audience, bytes_out));
    write_dropped(writer, hub);
    metrics_describe(writer, "sluice_queueing_clients");
    for (size_t i = 0; i < hub_endpoint_count(hub); i++)
        write_queues_of(writer, hub, hub->endpoints[i]);
    metrics_write_loop_histogram(writer, hub, "sluice_delivery_latency_seconds",
                                 METRICS_IN_SHARD(delivery.stats.latency));
}
