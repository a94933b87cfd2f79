#include "admin/metrics_drain.h"

#include "admin/metrics_writer.h"
#include "hub/hub.h"

#include <inttypes.h>

void metrics_write_drain(struct metrics_writer *writer, struct hub *hub)
{
    char path[METRICS_LABEL_MAX];
    metrics_describe(writer, "sluice_draining");
    metrics_put(writer, "sluice_draining %d\n", hub_is_draining(hub));
    metrics_describe(writer, "sluice_endpoint_draining");
    for (size_t i = 0; i < hub_endpoint_count(hub); i++)
        metrics_put(writer, "sluice_endpoint_draining{endpoint=\"%s\"} %d\n",
                    metrics_label(hub->endpoints[i]->path, path),
                    hub_drain_refuses(hub, hub->endpoints[i]));
    metrics_describe(writer, "sluice_drained_clients_total");
    for (size_t i = 0; i < hub_endpoint_count(hub); i++)
        metrics_put(writer, "sluice_drained_clients_total{endpoint=\"%s\"} %" PRIu64 "\n",
                    metrics_label(hub->endpoints[i]->path, path),
                    atomic_load_explicit(&hub->endpoints[i]->drained, memory_order_relaxed));
}
