#include "admin/metrics_connections.h"

#include "admin/metrics_writer.h"
#include "hub/hub.h"

#include <inttypes.h>
#include <stdio.h>

static uint64_t load(const _Atomic uint64_t *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

static void put_closes(struct metrics_writer *writer, const char *path, const char *code,
                       uint64_t count)
{
    metrics_put(writer, "sluice_closes_total{endpoint=\"%s\",code=\"%s\"} %" PRIu64 "\n", path,
                code, count);
}

static void write_closes_of(struct metrics_writer *writer, const struct endpoint *endpoint)
{
    const struct close_counts *closes = &endpoint->closes;
    char path[METRICS_LABEL_MAX], code[16];
    metrics_label(endpoint->path, path);
    for (unsigned i = 0; i < CLOSE_COUNTS_STANDARD; i++) {
        snprintf(code, sizeof code, "%u", 1000 + i);
        put_closes(writer, path, code, load(&closes->standard[i]));
    }
    for (unsigned i = 0; i < CLOSE_COUNTS_OWN; i++) {
        uint32_t taken = atomic_load_explicit(&closes->own[i].code, memory_order_relaxed);
        if (taken == 0)
            break;
        snprintf(code, sizeof code, "%" PRIu32, taken);
        put_closes(writer, path, code, load(&closes->own[i].count));
    }
    put_closes(writer, path, "3xxx", load(&closes->other_3xxx));
    put_closes(writer, path, "4xxx", load(&closes->other_4xxx));
}

static void write_upgrades_of(struct metrics_writer *writer, const struct endpoint *endpoint)
{
    static const char *const outcomes[UPGRADE_OUTCOME_COUNT] = {
#define UPGRADE_LABEL(name, text) [name] = text,
        UPGRADE_OUTCOMES(UPGRADE_LABEL)
#undef UPGRADE_LABEL
    };
    char path[METRICS_LABEL_MAX];
    metrics_label(endpoint->path, path);
    for (size_t i = 0; i < UPGRADE_OUTCOME_COUNT; i++)
        metrics_put(writer, "sluice_upgrades_total{endpoint=\"%s\",outcome=\"%s\"} %" PRIu64 "\n",
                    path, outcomes[i], load(&endpoint->upgrades[i]));
}

static void write_durations(struct metrics_writer *writer, struct hub *hub)
{
    /* From an eighth of a second to a day and a half. */
    static const struct metrics_buckets buckets = {.first = 7, .last = 27, .step = 2, .unit = 1e-3};
    struct histogram_snapshot snapshot = {.count = 0};
    for (unsigned i = 0; i < hub->set.count; i++)
        histogram_merge(&snapshot, &hub->set.shards[i].stats.connected);
    metrics_describe(writer, "sluice_connection_duration_seconds");
    metrics_put_histogram(writer, "sluice_connection_duration_seconds", "", &snapshot, &buckets);
}

void metrics_write_connections(struct metrics_writer *writer, struct hub *hub)
{
    metrics_describe(writer, "sluice_upgrades_total");
    for (size_t i = 0; i < hub_endpoint_count(hub); i++)
        write_upgrades_of(writer, hub->endpoints[i]);
    metrics_describe(writer, "sluice_closes_total");
    for (size_t i = 0; i < hub_endpoint_count(hub); i++)
        write_closes_of(writer, hub->endpoints[i]);
    write_durations(writer, hub);
}
