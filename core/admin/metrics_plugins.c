#include "admin/metrics_plugins.h"

#include "http/http_client.h"
#include "hub/hub.h"
#include "pipeline/chain.h"
#include "pipeline/chain_events.h"
#include "pipeline/pipeline.h"
#include "pipeline/descriptor_watch.h"
#include "pipeline/plugin_request.h"
#include "pipeline/worker_pool.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* -- what the core counts: each family is written for all instances before the next one -- */

/* One instance in its pipeline. */
struct labelled {
    char labels[4 * METRICS_LABEL_MAX]; /* endpoint, plugin and the like, without braces */
    const struct stage *stage;
    struct instance_totals totals;
    struct worker_source offloaded;
};

typedef void write_one(struct metrics_writer *writer, const struct labelled *one);

static void label_stage(const struct stage *stage, size_t position, struct labelled *out)
{
    char path[METRICS_LABEL_MAX];
    char plugin[METRICS_LABEL_MAX];
    metrics_label(stage->instance->seen.endpoint, path);
    char instance[METRICS_LABEL_MAX];
    metrics_label(stage->instance->plugin->table.name, plugin);
    metrics_label(stage->instance->name, instance);
    snprintf(out->labels, sizeof out->labels,
             "endpoint=\"%s\",plugin=\"%s\",position=\"%zu\",instance=\"%s\",mode=\"%s\"", path,
             plugin, position, instance, stage->is_shadow ? "shadow" : "enforce");
    out->stage = stage;
    instance_totals(stage->instance, &out->totals);
    worker_pool_read_source(stage->instance->pipeline->workers, &stage->instance->offloaded,
                            &out->offloaded);
}

/* With hub->setup_lock. */
static void for_each_stage(struct metrics_writer *writer, struct hub *hub, write_one *write)
{
    struct labelled one;
    for (size_t i = 0; i < hub_endpoint_count(hub); i++) {
        const struct endpoint_setup *setup = hub->endpoints[i]->setup;
        for (size_t j = 0; setup != NULL && j < setup->chain->count; j++) {
            label_stage(&setup->chain->stages[j], j + 1, &one);
            write(writer, &one);
        }
    }
}

static void write_verdicts(struct metrics_writer *writer, const struct labelled *one)
{
    for (int slot = 0; slot < VERDICT_SLOT_COUNT; slot++)
        metrics_put(writer, "sluice_plugin_verdicts_total{%s,verdict=\"%s\"} %" PRIu64 "\n",
                    one->labels, verdict_slot_name((enum verdict_slot)slot),
                    one->totals.verdicts[slot]);
}

static void write_over_budget(struct metrics_writer *writer, const struct labelled *one)
{
    metrics_put(writer, "sluice_plugin_over_budget_total{%s} %" PRIu64 "\n", one->labels,
                one->totals.over_budget);
}

static void write_events(struct metrics_writer *writer, const struct labelled *one)
{
    metrics_put(writer, "sluice_plugin_events_total{%s} %" PRIu64 "\n", one->labels,
                instance_events_heard(one->stage->instance));
}

static void write_timeouts(struct metrics_writer *writer, const struct labelled *one)
{
    metrics_put(writer, "sluice_plugin_timeouts_total{%s} %" PRIu64 "\n", one->labels,
                one->totals.timeouts);
}

static void write_shadow_clients(struct metrics_writer *writer, const struct labelled *one)
{
    if (one->stage->shadow_bit != 0)
        metrics_put(writer, "sluice_plugin_shadow_refused_clients_total{%s} %" PRIu64 "\n",
                    one->labels, one->totals.shadow_clients);
}

static void write_latency(struct metrics_writer *writer, const struct labelled *one)
{
    /* From 64 ns to about a second. */
    static const struct metrics_buckets buckets = {.first = 6, .last = 30, .step = 2, .unit = 1e-9};
    metrics_put_histogram(writer, "sluice_plugin_latency_seconds", one->labels,
                          &one->totals.latency, &buckets);
}

/* -- offloaded work, of instances that have had any -- */

static void write_offload(struct metrics_writer *writer, const struct labelled *one,
                          const char *name, uint64_t value)
{
    if (one->offloaded.taken > 0)
        metrics_put(writer, "%s{%s} %" PRIu64 "\n", name, one->labels, value);
}

static void write_offload_waiting(struct metrics_writer *writer, const struct labelled *one)
{
    write_offload(writer, one, "sluice_plugin_offload_waiting", one->offloaded.waiting);
}

static void write_offload_running(struct metrics_writer *writer, const struct labelled *one)
{
    write_offload(writer, one, "sluice_plugin_offload_running", one->offloaded.running);
}

static void write_offload_refused(struct metrics_writer *writer, const struct labelled *one)
{
    write_offload(writer, one, "sluice_plugin_offload_refused_total", one->offloaded.refused);
}

/* -- descriptors, of instances that have watched any -- */

static void write_watched(struct metrics_writer *writer, const struct labelled *one)
{
    struct descriptor_watch_stats stats;
    if (descriptor_watches_read(one->stage->instance, &stats))
        metrics_put(writer, "sluice_plugin_watched_descriptors{%s} %zu\n", one->labels,
                    stats.watched);
}

static void write_watches_refused(struct metrics_writer *writer, const struct labelled *one)
{
    struct descriptor_watch_stats stats;
    if (descriptor_watches_read(one->stage->instance, &stats))
        metrics_put(writer, "sluice_plugin_watches_refused_total{%s} %" PRIu64 "\n", one->labels,
                    stats.refused);
}

/* -- HTTP requests, of instances that have made any -- */

static void write_http_requests(struct metrics_writer *writer, const struct labelled *one)
{
    static const char name[] = "sluice_plugin_http_requests_total";
    static const char *const outcomes[HTTP_OUTCOMES] = {
        [SL_HTTP_ANSWERED] = "answered", [SL_HTTP_FAILED] = "failed",
        [SL_HTTP_TIMEOUT] = "timeout",   [SL_HTTP_TOO_LARGE] = "too_large",
        [SL_HTTP_REFUSED] = "refused",   [SL_HTTP_CANCELLED] = "cancelled"};
    struct http_owner_stats stats;
    if (!plugin_request_read(one->stage->instance, &stats))
        return;
    for (int i = SL_HTTP_ANSWERED; i < HTTP_OUTCOMES; i++)
        metrics_put(writer, "%s{%s,outcome=\"%s\"} %" PRIu64 "\n", name, one->labels, outcomes[i],
                    stats.outcomes[i]);
    metrics_put(writer, "%s{%s,outcome=\"rejected\"} %" PRIu64 "\n", name, one->labels,
                stats.rejected);
}

static void write_http_in_flight(struct metrics_writer *writer, const struct labelled *one)
{
    struct http_owner_stats stats;
    if (plugin_request_read(one->stage->instance, &stats))
        metrics_put(writer, "sluice_plugin_http_in_flight{%s} %u\n", one->labels, stats.under_way);
}

static void write_http_waiting(struct metrics_writer *writer, const struct labelled *one)
{
    struct http_owner_stats stats;
    if (plugin_request_read(one->stage->instance, &stats))
        metrics_put(writer, "sluice_plugin_http_waiting{%s} %u\n", one->labels, stats.waiting);
}

static void write_http_open_breakers(struct metrics_writer *writer, const struct labelled *one)
{
    struct http_owner_stats stats;
    if (plugin_request_read(one->stage->instance, &stats))
        metrics_put(writer, "sluice_plugin_http_open_breakers{%s} %u\n", one->labels,
                    stats.open_breakers);
}

static void write_http_seconds(struct metrics_writer *writer, const struct labelled *one)
{
    /* From 131 µs to about 35 s. */
    static const struct metrics_buckets buckets = {
        .first = 17, .last = 35, .step = 2, .unit = 1e-9};
    struct http_owner_stats stats;
    if (plugin_request_read(one->stage->instance, &stats))
        metrics_put_histogram(writer, "sluice_plugin_http_seconds", one->labels, &stats.took,
                              &buckets);
}

static void write_http(struct metrics_writer *writer, struct hub *hub)
{
    metrics_describe(writer, "sluice_plugin_http_requests_total");
    for_each_stage(writer, hub, write_http_requests);
    metrics_describe(writer, "sluice_plugin_http_in_flight");
    for_each_stage(writer, hub, write_http_in_flight);
    metrics_describe(writer, "sluice_plugin_http_waiting");
    for_each_stage(writer, hub, write_http_waiting);
    metrics_describe(writer, "sluice_plugin_http_open_breakers");
    for_each_stage(writer, hub, write_http_open_breakers);
    metrics_describe(writer, "sluice_plugin_http_seconds");
    for_each_stage(writer, hub, write_http_seconds);
}

/* -- the plugins' own metrics -- */

static void own_name(const struct instance *instance, const struct sl_metric *metric,
                     char name[METRICS_LABEL_MAX])
{
    snprintf(name, METRICS_LABEL_MAX, "sluice_plugin_%s_%s", instance->plugin->table.name,
             metric->name);
    for (char *at = name; *at != '\0'; at++)
        if (*at == '-')
            *at = '_';
}

static void write_own_value(struct metrics_writer *writer, const char *name,
                            const struct labelled *one, struct sl_metric *metric)
{
    double value = atomic_load_explicit(&metric->value, memory_order_relaxed);
    char text[METRICS_VALUE_MAX];
    uint64_t count = 0;
    if (metric->kind != SL_HISTOGRAM) {
        metrics_put(writer, "%s{%s} %s\n", name, one->labels, metrics_value(value, text));
        return;
    }
    for (size_t i = 0; i < metric->bucket_count; i++) {
        count += atomic_load_explicit(&metric->counts[i], memory_order_relaxed);
        metrics_put(writer, "%s_bucket{%s,le=\"%s\"} %" PRIu64 "\n", name, one->labels,
                    metrics_value(metric->bounds[i], text), count);
    }
    count += atomic_load_explicit(&metric->counts[metric->bucket_count], memory_order_relaxed);
    metrics_put(writer, "%s_bucket{%s,le=\"+Inf\"} %" PRIu64 "\n", name, one->labels, count);
    metrics_put(writer, "%s_sum{%s} %s\n", name, one->labels, metrics_value(value, text));
    metrics_put(writer, "%s_count{%s} %" PRIu64 "\n", name, one->labels, count);
}

static struct sl_metric *find_own(const struct instance *instance, const char *name)
{
    struct sl_metric *metric = instance->metrics.first;
    while (metric != NULL && strcmp(metric->name, name) != 0)
        metric = metric->next;
    return metric;
}

/* A family of all instances of a plugin; false if one before it in the walk has written it. */
static bool is_first_of_family(struct hub *hub, const struct instance *instance, const char *name)
{
    for (size_t i = 0; i < hub_endpoint_count(hub); i++) {
        const struct endpoint_setup *setup = hub->endpoints[i]->setup;
        for (size_t j = 0; setup != NULL && j < setup->chain->count; j++) {
            const struct instance *other = setup->chain->stages[j].instance;
            if (strcmp(other->plugin->table.name, instance->plugin->table.name) == 0 &&
                find_own(other, name) != NULL)
                return other == instance;
        }
    }
    return false;
}

static void write_family(struct metrics_writer *writer, struct hub *hub,
                         const struct instance *instance, const struct sl_metric *metric)
{
    static const char *const kinds[] = {
        [SL_COUNTER] = "counter", [SL_GAUGE] = "gauge", [SL_HISTOGRAM] = "histogram"};
    char name[METRICS_LABEL_MAX];
    struct labelled one;
    own_name(instance, metric, name);
    metrics_describe_as(writer, name, kinds[metric->kind], metric->help);
    for (size_t i = 0; i < hub_endpoint_count(hub); i++) {
        const struct endpoint_setup *setup = hub->endpoints[i]->setup;
        for (size_t j = 0; setup != NULL && j < setup->chain->count; j++) {
            const struct stage *stage = &setup->chain->stages[j];
            struct sl_metric *own = find_own(stage->instance, metric->name);
            if (strcmp(stage->instance->plugin->table.name, instance->plugin->table.name) != 0 ||
                own == NULL || own->kind != metric->kind)
                continue;
            label_stage(stage, j + 1, &one);
            write_own_value(writer, name, &one, own);
        }
    }
}

static void write_own_metrics(struct metrics_writer *writer, struct hub *hub)
{
    for (size_t i = 0; i < hub_endpoint_count(hub); i++) {
        const struct endpoint_setup *setup = hub->endpoints[i]->setup;
        for (size_t j = 0; setup != NULL && j < setup->chain->count; j++) {
            const struct instance *instance = setup->chain->stages[j].instance;
            for (const struct sl_metric *metric = instance->metrics.first; metric != NULL;
                 metric = metric->next)
                if (is_first_of_family(hub, instance, metric->name))
                    write_family(writer, hub, instance, metric);
        }
    }
}

void metrics_write_plugins(struct metrics_writer *writer, struct hub *hub)
{
    static const struct {
        const char *name;
        write_one *write;
    } families[] = {
        {"sluice_plugin_verdicts_total", write_verdicts},
        {"sluice_plugin_over_budget_total", write_over_budget},
        {"sluice_plugin_timeouts_total", write_timeouts},
        {"sluice_plugin_shadow_refused_clients_total", write_shadow_clients},
        {"sluice_plugin_latency_seconds", write_latency},
        {"sluice_plugin_events_total", write_events},
        {"sluice_plugin_offload_waiting", write_offload_waiting},
        {"sluice_plugin_offload_running", write_offload_running},
        {"sluice_plugin_offload_refused_total", write_offload_refused},
        {"sluice_plugin_watched_descriptors", write_watched},
        {"sluice_plugin_watches_refused_total", write_watches_refused},
    };
    pthread_mutex_lock(&hub->setup_lock);
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        metrics_describe(writer, families[i].name);
        for_each_stage(writer, hub, families[i].write);
    }
    write_http(writer, hub);
    write_own_metrics(writer, hub);
    pthread_mutex_unlock(&hub->setup_lock);
}
