#include "admin/metrics_limits.h"

#include "admin/metrics_writer.h"
#include "front/front.h"
#include "hub/hub.h"
#include "pipeline/worker_pool.h"

#include <inttypes.h>

static void write_endpoints(struct metrics_writer *writer, struct hub *hub)
{
    char path[METRICS_LABEL_MAX];
    metrics_describe(writer, "sluice_endpoint_clients_limit");
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
    metrics_put_number(writer, "sluice_clients_limit",
                       atomic_load_explicit(&hub->limit_clients, memory_order_relaxed));
    write_endpoints(writer, hub);
    metrics_put_number(writer, "sluice_queued_limit_bytes",
                       memory_account_limit(&hub->set.delivery.queued));
    metrics_put_number(writer, "sluice_input_limit_bytes", memory_account_limit(&hub->set.input));
    metrics_put_number(writer, "sluice_handshake_limit_bytes", handshakes.bytes_limit);
    metrics_put_number(writer, "sluice_offload_waiting_limit", workers.limits.queue);
    metrics_put_number(writer, "sluice_offload_running_limit", workers.limits.threads);
}
