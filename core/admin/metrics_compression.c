#include "admin/metrics_compression.h"

#include "admin/metrics_sum.h"
#include "admin/metrics_writer.h"
#include "hub/hub.h"

#define DEFLATED(member) METRICS_IN_SHARD(delivery.compressor.stats.member)
#define BYTES "sluice_compressed_bytes_total"

void metrics_write_compression(struct metrics_writer *writer, struct hub *hub)
{
    metrics_describe(writer, "sluice_compressed_messages_total");
    metrics_put_sum(writer, "sluice_compressed_messages_total{direction=\"in\"}", hub,
                    METRICS_IN_SHARD(stats.inflated_messages));
    metrics_put_sum(writer, "sluice_compressed_messages_total{direction=\"out\"}", hub,
                    DEFLATED(messages));
    metrics_describe(writer, BYTES);
    metrics_put_sum(writer, BYTES "{direction=\"in\",form=\"compressed\"}", hub,
                    METRICS_IN_SHARD(stats.inflated_bytes_in));
    metrics_put_sum(writer, BYTES "{direction=\"in\",form=\"plain\"}", hub,
                    METRICS_IN_SHARD(stats.inflated_bytes_out));
    metrics_put_sum(writer, BYTES "{direction=\"out\",form=\"compressed\"}", hub,
                    DEFLATED(bytes_out));
    metrics_put_sum(writer, BYTES "{direction=\"out\",form=\"plain\"}", hub, DEFLATED(bytes_in));
    metrics_describe(writer, "sluice_not_compressed_total");
    metrics_put_sum(writer, "sluice_not_compressed_total", hub, DEFLATED(not_shorter));
}
