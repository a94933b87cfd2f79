#include "admin/metrics_sum.h"

#include "admin/metrics_writer.h"
#include "hub/hub.h"

#include <inttypes.h>

uint64_t metrics_sum(struct hub *hub, size_t offset)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < hub->set.count; i++)
        total += counter_read((counter *)((char *)&hub->set.shards[i] + offset));
    return total;
}

void metrics_put_sum(struct metrics_writer *writer, const char *sample, struct hub *hub,
                     size_t offset)
{
    metrics_put(writer, "%s %" PRIu64 "\n", sample, metrics_sum(hub, offset));
}
