#include "admin/metrics_io.h"

#include "admin/metrics_sum.h"
#include "admin/metrics_writer.h"
#include "hub/hub.h"
#include "hub/io.h"

#define CALLS "sluice_io_calls_total"
#define LOOPS "sluice_io_loops"

static size_t sum_submission_bytes(const struct hub *hub)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < hub->set.count; i++)
        bytes += atomic_load_explicit(&hub->set.shards[i].delivery.submission_bytes,
                                      memory_order_relaxed);
    return bytes;
}

void metrics_write_io(struct metrics_writer *writer, struct hub *hub)
{
    unsigned submitting = io_count_submitting(hub);
    metrics_describe(writer, CALLS);
    metrics_put_sum(writer, CALLS "{call=\"read\"}", hub, METRICS_IN_SHARD(delivery.stats.reads));
    metrics_put_sum(writer, CALLS "{call=\"write\"}", hub, METRICS_IN_SHARD(delivery.stats.writes));
    metrics_put_sum(writer, CALLS "{call=\"submit\"}", hub,
                    METRICS_IN_SHARD(delivery.stats.submissions));
    metrics_describe(writer, "sluice_submitted_writes_total");
    metrics_put_sum(writer, "sluice_submitted_writes_total", hub,
                    METRICS_IN_SHARD(delivery.stats.submitted));
    metrics_describe(writer, LOOPS);
    metrics_put(writer, LOOPS "{io=\"io_uring\"} %u\n", submitting);
    metrics_put(writer, LOOPS "{io=\"epoll\"} %u\n", hub->set.count - submitting);
    metrics_describe(writer, "sluice_submission_bytes");
    metrics_put(writer, "sluice_submission_bytes %zu\n", sum_submission_bytes(hub));
}
