#include "admin/metrics_storage.h"

#include "admin/metrics_writer.h"
#include "base/clock.h"
#include "hub/hub.h"
#include "pipeline/chain.h"
#include "pipeline/storage.h"
#include "pipeline/storage_table.h"
#include "pipeline/storage_writer.h"

#include <inttypes.h>

typedef uint64_t total_of(const struct storage_totals *totals);

static uint64_t bytes_of(const struct storage_totals *totals)
{
    return totals->bytes;
}

static uint64_t entries_of(const struct storage_totals *totals)
{
    return totals->entries;
}

static uint64_t bytes_limit_of(const struct storage_totals *totals)
{
    return totals->max_bytes;
}

static uint64_t entries_limit_of(const struct storage_totals *totals)
{
    return totals->max_entries;
}

static uint64_t refused_of(const struct storage_totals *totals)
{
    return totals->refused;
}

static uint64_t expired_of(const struct storage_totals *totals)
{
    return totals->expired;
}

static void write_table(struct metrics_writer *writer, const char *name, total_of *total,
                        const struct named_table *named)
{
    char endpoint[METRICS_LABEL_MAX], table[METRICS_LABEL_MAX];
    struct storage_totals totals;
    storage_table_totals(named->table, &totals);
    metrics_put(writer, "%s{endpoint=\"%s\",table=\"%s\"} %" PRIu64 "\n", name,
                metrics_label(named->endpoint, endpoint),
                metrics_label(named->instance != NULL ? named->instance : "endpoint", table),
                total(&totals));
}

/* With hub->setup_lock: instances of set-ups hold their tables. */
static void write_tables(struct metrics_writer *writer, struct hub *hub, const char *name,
                         total_of *total)
{
    metrics_describe(writer, name);
    for (size_t i = 0; i < hub_endpoint_count(hub); i++) {
        const struct endpoint_setup *setup = hub->endpoints[i]->setup;
        if (setup == NULL || setup->chain->count == 0)
            continue;
        write_table(writer, name, total, setup->chain->stages[0].instance->endpoint_table);
        for (size_t j = 0; j < setup->chain->count; j++)
            write_table(writer, name, total, setup->chain->stages[j].instance->own_table);
    }
}

static void write_file(struct metrics_writer *writer, struct storage_writer *file)
{
    struct storage_writer_stats stats;
    if (file == NULL)
        return;
    storage_writer_read(file, &stats);
    metrics_put_number(writer, "sluice_storage_unwritten", stats.unwritten);
    metrics_describe(writer, "sluice_storage_lag_seconds");
    metrics_put(writer, "sluice_storage_lag_seconds %.3f\n", (double)stats.lag / NS_PER_S);
    metrics_put_number(writer, "sluice_storage_written_total", stats.written);
    metrics_put_number(writer, "sluice_storage_failed_writes_total", stats.failures);
    metrics_put_number(writer, "sluice_storage_file_bytes", (uint64_t)stats.file_size);
    metrics_put_number(writer, "sluice_storage_wal_bytes", (uint64_t)stats.beside);
}

void metrics_write_storage(struct metrics_writer *writer, struct hub *hub)
{
    pthread_mutex_lock(&hub->setup_lock);
    write_tables(writer, hub, "sluice_storage_bytes", bytes_of);
    write_tables(writer, hub, "sluice_storage_limit_bytes", bytes_limit_of);
    write_tables(writer, hub, "sluice_storage_entries", entries_of);
    write_tables(writer, hub, "sluice_storage_entries_limit", entries_limit_of);
    write_tables(writer, hub, "sluice_storage_refused_total", refused_of);
    write_tables(writer, hub, "sluice_storage_expired_total", expired_of);
    pthread_mutex_unlock(&hub->setup_lock);
    write_file(writer, hub->set.pipeline.storage.writer);
}
