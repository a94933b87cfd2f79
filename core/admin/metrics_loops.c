#include "admin/metrics_loops.h"

#include "admin/metrics_sum.h"
#include "admin/metrics_writer.h"
#include "hub/hub.h"

#include <stdio.h>

void metrics_write_loop_histogram(struct metrics_writer *writer, struct hub *hub, const char *name,
                                  size_t offset)
{
    /* From 4 us to 17 s. */
    static const struct metrics_buckets buckets = {
        .first = 12, .last = 34, .step = 2, .unit = 1e-9};
    char labels[32];
    metrics_describe(writer, name);
    for (unsigned i = 0; i < hub->set.count; i++) {
        struct histogram_snapshot snapshot = {.count = 0};
        histogram_merge(&snapshot, (struct histogram *)((char *)&hub->set.shards[i] + offset));
        snprintf(labels, sizeof labels, "loop=\"%u\"", i);
        metrics_put_histogram(writer, name, labels, &snapshot, &buckets);
    }
}

void metrics_write_loops(struct metrics_writer *writer, struct hub *hub)
{
    metrics_describe(writer, "sluice_loop_iterations_total");
    metrics_put_sum(writer, "sluice_loop_iterations_total", hub, METRICS_IN_SHARD(loop.iterations));
    metrics_write_loop_histogram(writer, hub, "sluice_loop_iteration_seconds",
                                 METRICS_IN_SHARD(loop.busy));
    metrics_write_loop_histogram(writer, hub, "sluice_loop_lag_seconds",
                                 METRICS_IN_SHARD(loop.lag));
}
