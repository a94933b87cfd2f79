#include "admin/metrics_configuration.h"

#include "admin/metrics_writer.h"
#include "base/clock.h"
#include "front/front.h"
#include "hub/hub.h"

#include <inttypes.h>

#define URL_MAX 256

static void put_seconds(struct metrics_writer *writer, const char *name, const _Atomic int64_t *ns)
{
    metrics_describe(writer, name);
    metrics_put(writer, "%s %.6f\n", name,
                (double)atomic_load_explicit(ns, memory_order_relaxed) / 1e9);
}

static void write_generation(struct metrics_writer *writer, const struct hub *hub)
{
    metrics_describe(writer, "sluice_configuration_generation");
    metrics_put(writer, "sluice_configuration_generation %" PRIu64 "\n",
                atomic_load_explicit(&hub->generation, memory_order_relaxed));
    put_seconds(writer, "sluice_configuration_timestamp_seconds", &hub->reloads.in_force_at);
}

static void write_reloads(struct metrics_writer *writer, const struct hub_reloads *reloads)
{
    metrics_describe(writer, "sluice_reloads_total");
    metrics_put(writer, "sluice_reloads_total{result=\"done\"} %" PRIu64 "\n",
                atomic_load_explicit(&reloads->done, memory_order_relaxed));
    metrics_put(writer, "sluice_reloads_total{result=\"failed\"} %" PRIu64 "\n",
                atomic_load_explicit(&reloads->failed, memory_order_relaxed));
    metrics_describe(writer, "sluice_last_reload_failed");
    metrics_put(writer, "sluice_last_reload_failed %d\n",
                atomic_load_explicit(&reloads->last_failed, memory_order_relaxed) ? 1 : 0);
    put_seconds(writer, "sluice_last_reload_timestamp_seconds", &reloads->last_at);
    put_seconds(writer, "sluice_last_reload_duration_seconds", &reloads->last_took);
}

static void count_awaited(void *count, const struct instance *instance)
{
    (void)instance;
    ++*(uint64_t *)count;
}

static void write_awaited(struct metrics_writer *writer, struct hub *hub)
{
    uint64_t count = 0;
    creation_each(&hub->set.pipeline, count_awaited, &count);
    metrics_put_number(writer, "sluice_awaited_instances", count);
}

static void write_certificates(struct metrics_writer *writer, struct front *front)
{
    char url[URL_MAX], label[METRICS_LABEL_MAX];
    int64_t end = 0;
    metrics_describe(writer, "sluice_certificate_not_after_timestamp_seconds");
    for (size_t i = 0; front_certificate_end(front, i, &end, url, sizeof url); i++)
        if (end != 0)
            metrics_put(writer,
                        "sluice_certificate_not_after_timestamp_seconds{listener=\"%s\"} %" PRId64
                        "\n",
                        metrics_label(url, label), end / NS_PER_S);
}

void metrics_write_configuration(struct metrics_writer *writer, struct hub *hub,
                                 struct front *front)
{
    write_generation(writer, hub);
    write_reloads(writer, &hub->reloads);
    write_awaited(writer, hub);
    write_certificates(writer, front);
}
