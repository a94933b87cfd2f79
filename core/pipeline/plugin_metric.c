#include "pipeline/plugin_metric.h"

#include "base/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void plugin_metrics_init(struct plugin_metrics *metrics)
{
    *metrics = (struct plugin_metrics){.first = NULL};
}

static void metric_destroy(struct sl_metric *metric)
{
    free(metric->help);
    free(metric->bounds);
    free(metric->counts);
    free(metric);
}

void plugin_metrics_deinit(struct plugin_metrics *metrics)
{
    while (metrics->first != NULL) {
        struct sl_metric *metric = metrics->first;
        metrics->first = metric->next;
        metric_destroy(metric);
    }
}

static bool is_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    static const char all[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    size_t len = name != NULL ? strnlen(name, PLUGIN_METRIC_NAME_MAX + 1) : 0;
    return len > 0 && len <= PLUGIN_METRIC_NAME_MAX && strchr(letters, name[0]) != NULL &&
           strspn(name, all) == len;
}

static bool are_buckets(enum sl_metric_kind kind, const double *buckets, size_t count)
{
    if (kind != SL_HISTOGRAM)
        return buckets == NULL && count == 0;
    if (buckets == NULL || count == 0 || count > PLUGIN_METRIC_BUCKETS_MAX)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!isfinite(buckets[i]) || (i > 0 && buckets[i] <= buckets[i - 1]))
            return false;
    return true;
}

static bool is_taken(const struct plugin_metrics *metrics, const char *name)
{
    for (const struct sl_metric *metric = metrics->first; metric != NULL; metric = metric->next)
        if (strcmp(metric->name, name) == 0)
            return true;
    return false;
}

/* A line of /metrics has room for so much. */
static char *copy_help(const char *help)
{
    size_t len = strnlen(help, PLUGIN_METRIC_HELP_MAX + 1);
    return strndup(help, utf8_cut(help, len, PLUGIN_METRIC_HELP_MAX));
}

static bool copy_parts(struct sl_metric *metric, const char *help, const double *buckets)
{
    metric->help = copy_help(help != NULL ? help : "");
    if (metric->kind == SL_HISTOGRAM) {
        metric->bounds = calloc(metric->bucket_count, sizeof *metric->bounds);
        metric->counts = calloc(metric->bucket_count + 1, sizeof *metric->counts);
        if (metric->bounds == NULL || metric->counts == NULL)
            return false;
        memcpy(metric->bounds, buckets, metric->bucket_count * sizeof *buckets);
    }
    if (metric->help == NULL)
        return false;
    for (char *at = metric->help; *at != '\0'; at++)
        if ((unsigned char)*at < ' ' || *at == '\\')
            *at = ' '; /* One line, and nothing to be escaped. */
    return true;
}

struct sl_metric *plugin_metric_create(struct plugin_metrics *metrics, enum sl_metric_kind kind,
                                       const char *name, const char *help, const double *buckets,
                                       size_t bucket_count)
{
    bool is_kind = kind == SL_COUNTER || kind == SL_GAUGE || kind == SL_HISTOGRAM;
    if (!is_kind || !is_name(name) || !are_buckets(kind, buckets, bucket_count) ||
        is_taken(metrics, name) || metrics->count == PLUGIN_METRICS_MAX)
        return NULL;
    struct sl_metric *metric = calloc(1, sizeof *metric);
    if (metric == NULL)
        return NULL;
    metric->kind = kind;
    metric->bucket_count = bucket_count;
    memcpy(metric->name, name, strlen(name));
    if (!copy_parts(metric, help, buckets)) {
        metric_destroy(metric);
        return NULL;
    }
    struct sl_metric **link = &metrics->first;
    while (*link != NULL)
        link = &(*link)->next;
    *link = metric;
    metrics->count++;
    return metric;
}

static void add_atomically(_Atomic double *value, double amount)
{
    double before = atomic_load_explicit(value, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(value, &before, before + amount,
                                                  memory_order_relaxed, memory_order_relaxed))
        continue;
}

void plugin_metric_add(struct sl_metric *metric, double amount)
{
    if (metric == NULL || metric->kind == SL_HISTOGRAM || !isfinite(amount) ||
        (metric->kind == SL_COUNTER && amount < 0))
        return;
    add_atomically(&metric->value, amount);
}

void plugin_metric_set(struct sl_metric *metric, double value)
{
    if (metric != NULL && metric->kind == SL_GAUGE && isfinite(value))
        atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}

void plugin_metric_observe(struct sl_metric *metric, double value)
{
    size_t bucket = 0;
    if (metric == NULL || metric->kind != SL_HISTOGRAM || !isfinite(value))
        return;
    while (bucket < metric->bucket_count && value > metric->bounds[bucket])
        bucket++;
    atomic_fetch_add_explicit(&metric->counts[bucket], 1, memory_order_relaxed);
    add_atomically(&metric->value, value);
}
