#include "admin/metrics_bans.h"

#include "admin/metrics_writer.h"
#include "hub/hub.h"

#include <inttypes.h>

void metrics_write_bans(struct metrics_writer *writer, struct hub *hub)
{
    const struct ban_list *list = &hub->bans.list;
    metrics_describe(writer, "sluice_bans");
    metrics_put(writer, "sluice_bans{of=\"identity\"} %" PRIu32 "\n",
                atomic_load_explicit(&list->identities, memory_order_relaxed));
    metrics_put(writer, "sluice_bans{of=\"address\"} %" PRIu32 "\n",
                atomic_load_explicit(&list->addresses, memory_order_relaxed));
    metrics_put_number(writer, "sluice_bans_limit",
                       atomic_load_explicit(&list->max, memory_order_relaxed));
    metrics_put_number(writer, "sluice_bans_failed_writes_total",
                       atomic_load_explicit(&hub->bans.failed_writes, memory_order_relaxed));
}
