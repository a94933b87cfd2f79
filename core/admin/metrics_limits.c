#include "admin/metrics_limits.h"

#include "admin/metrics_writer.h"
#include "front/front.h"
#include "hub/hub.h"
#include "pipeline/worker_pool.h"

#include <inttypes.h>
#include <stdio.h>

static void put_limit(struct metrics_writer *writer, const char *name, const char *key,
                      uint64_t value)
{
    char help[96];
    snprintf(help, sizeof help, "What %s allows.", key);
    metrics_put_number(writer, name, "gauge", help, value);
}

static void write_endpoints(struct metrics_writer *writer, struct hub *hub)
{
    char path[METRICS_LABEL_MAX];
    metrics_describe(writer, "sluice_endpoint_clients_limit", "gauge", "What clients.max allows.");
    for (size_t i = 0; i < hub_endpoint_count(hub); i++)
        metrics_put(writer, "sluice_endpoint_clients_limit{endpoint=\"%s\"} %" PRIu32 "\n",
                    metrics_label(hub->endpoints[i]->path, path),
                    atomic_load_explicit(&hub->endpoints[i]->clients_max, memory_order_relaxed));
}

void metrics_write_limits(struct metrics_writer *writer, struct hub *hub, struct front *front)
{
    struct front_handshakes handshakes;
    struct worker_stats workers;
    front_handshakes(front, &handshakes);
    worker_pool_read(hub->set.pipeline.workers, &workers);
    put_limit(writer, "sluice_clients_limit", "limits.clients",
              atomic_load_explicit(&hub->limit_clients, memory_order_relaxed));
    write_endpoints(writer, hub);
    put_limit(writer, "sluice_queued_limit_bytes", "limits.queue_bytes",
              memory_account_limit(&hub->set.delivery.queued));
    put_limit(writer, "sluice_input_limit_bytes", "limits.input_bytes",
              memory_account_limit(&hub->set.input));
    put_limit(writer, "sluice_handshake_limit_bytes", "limits.handshake_bytes",
              handshakes.bytes_limit);
    put_limit(writer, "sluice_offload_waiting_limit", "offload.queue", workers.waiting_limit);
    put_limit(writer, "sluice_offload_running_limit", "offload.threads", workers.running_limit);
}
