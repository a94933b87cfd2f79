#include "admin/metrics_plugins.h"

#include "hub/hub.h"
#include "pipeline/chain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* -- what the core counts: each family is written for all instances before the next one -- */

/* One instance in its pipeline. */
struct labelled {
    char labels[4 * METRICS_LABEL_MAX]; /* endpoint, plugin and the like, without braces */
    const struct stage *stage;
    struct instance_totals totals;
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

static void write_timeouts(struct metrics_writer *writer, const struct labelled *one)
{
    metrics_put(writer, "sluice_plugin_timeouts_total{%s} %" PRIu64 "\n", one->labels,
                one->totals.timeouts);
}

static void write_latency(struct metrics_writer *writer, const struct labelled *one)
{
    /* From 64 ns to about a second. */
    static const struct metrics_buckets buckets = {.first = 6, .last = 30, .step = 2, .unit = 1e-9};
    metrics_put_histogram(writer, "sluice_plugin_latency_seconds", one->labels,
                          &one->totals.latency, &buckets);
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
    uint64_t count = 0;
    if (metric->kind != SL_HISTOGRAM) {
        metrics_put(writer, "%s{%s} %.17g\n", name, one->labels, value);
        return;
    }
    for (size_t i = 0; i < metric->bucket_count; i++) {
        count += atomic_load_explicit(&metric->counts[i], memory_order_relaxed);
        metrics_put(writer, "%s_bucket{%s,le=\"%.17g\"} %" PRIu64 "\n", name, one->labels,
                    metric->bounds[i], count);
    }
    count += atomic_load_explicit(&metric->counts[metric->bucket_count], memory_order_relaxed);
    metrics_put(writer, "%s_bucket{%s,le=\"+Inf\"} %" PRIu64 "\n", name, one->labels, count);
    metrics_put(writer, "%s_sum{%s} %.17g\n", name, one->labels, value);
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
    metrics_describe(writer, name, kinds[metric->kind], metric->help);
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
    pthread_mutex_lock(&hub->setup_lock);
    metrics_describe(writer, "sluice_plugin_verdicts_total", "counter",
                     "What each plugin of each pipeline decided, for upgrades and messages.");
    for_each_stage(writer, hub, write_verdicts);
    metrics_describe(
        writer, "sluice_plugin_over_budget_total", "counter",
        "Calls of on_connect and on_message that took longer than the stage's budget.");
    for_each_stage(writer, hub, write_over_budget);
    metrics_describe(writer, "sluice_plugin_timeouts_total", "counter",
                     "Deferrals that missed their deadline.");
    for_each_stage(writer, hub, write_timeouts);
    metrics_describe(writer, "sluice_plugin_latency_seconds", "histogram",
                     "How long calls of on_connect and on_message took.");
    for_each_stage(writer, hub, write_latency);
    write_own_metrics(writer, hub);
    pthread_mutex_unlock(&hub->setup_lock);
}
