#include "admin/metrics_loops.h"

#include "admin/metrics_sum.h"
#include "admin/metrics_writer.h"
#include "hub/hub.h"

#include <stdio.h>

/* `offset`: of a histogram in struct loop. */
static void write_histograms(struct metrics_writer *writer, struct hub *hub, const char *name,
                             size_t offset)
{
    /* From 4 us to 17 s. */
    static const struct metrics_buckets buckets = {
        .first = 12, .last = 34, .step = 2, .unit = 1e-9};
    char labels[32];
    for (unsigned i = 0; i < hub->set.count; i++) {
        struct histogram_snapshot snapshot = {.count = 0};
        histogram_merge(&snapshot, (struct histogram *)((char *)&hub->set.shards[i].loop + offset));
        snprintf(labels, sizeof labels, "loop=\"%u\"", i);
        metrics_put_histogram(writer, name, labels, &snapshot, &buckets);
    }
}

void metrics_write_loops(struct metrics_writer *writer, struct hub *hub)
{
    metrics_describe(writer, "sluice_loop_iterations_total", "counter",
                     "Iterations of the event loops.");
    metrics_put_sum(writer, "sluice_loop_iterations_total", hub, METRICS_IN_SHARD(loop.iterations));
    metrics_describe(writer, "sluice_loop_iteration_seconds", "histogram",
                     "How long an iteration of each event loop took, without its wait.");
    write_histograms(writer, hub, "sluice_loop_iteration_seconds", offsetof(struct loop, busy));
    metrics_describe(writer, "sluice_loop_lag_seconds", "histogram",
                     "How late each event loop came to timers that were due.");
    write_histograms(writer, hub, "sluice_loop_lag_seconds", offsetof(struct loop, lag));
}
