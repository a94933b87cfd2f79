#include "admin/metrics_drain.h"

#include "admin/metrics_writer.h"
#include "hub/hub.h"

#include <inttypes.h>

void metrics_write_drain(struct metrics_writer *writer, struct hub *hub)
{
    char path[METRICS_LABEL_MAX];
    metrics_describe(writer, "sluice_draining", "gauge",
                     "1 while the whole server drains, or is about to stop.");
    metrics_put(writer, "sluice_draining %d\n", hub_is_draining(hub));
    metrics_describe(writer, "sluice_endpoint_draining", "gauge",
                     "1 while new clients of the endpoint are refused for a drain.");
    for (size_t i = 0; i < hub_endpoint_count(hub); i++)
        metrics_put(writer, "sluice_endpoint_draining{endpoint=\"%s\"} %d\n",
                    metrics_label(hub->endpoints[i]->path, path),
                    hub_drain_refuses(hub, hub->endpoints[i]));
    metrics_describe(writer, "sluice_drained_clients_total", "counter",
                     "Clients that drains have closed, the stopping server's included.");
    for (size_t i = 0; i < hub_endpoint_count(hub); i++)
        metrics_put(writer, "sluice_drained_clients_total{endpoint=\"%s\"} %" PRIu64 "\n",
                    metrics_label(hub->endpoints[i]->path, path),
                    atomic_load_explicit(&hub->endpoints[i]->drained, memory_order_relaxed));
}
