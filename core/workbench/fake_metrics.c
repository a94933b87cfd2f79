/*
 * Metrics that plugins register, which are the server's own: mistakes that the server passes over
 * in silence are failures.
 */
#include "workbench/fake_internal.h"

#include "pipeline/creation.h"

static struct sl_metric *register_metric(struct sl_instance *self, enum sl_metric_kind kind,
                                         const char *name, const char *help, const double *buckets,
                                         size_t bucket_count)
{
    struct instance *instance = (struct instance *)self;
    fake_require_hook("metric");
    if (!creation_runs_here(instance))
        fake_fail("host->metric was called outside create, where metrics are registered");
    return plugin_metric_create(&instance->metrics, kind, name, help, buckets, bucket_count);
}

static void add_to_metric(struct sl_metric *metric, double amount)
{
    if (metric != NULL && metric->kind == SL_COUNTER && amount < 0)
        fake_fail("the counter '%s' was made smaller; a counter only grows, use a gauge",
                  metric->name);
    plugin_metric_add(metric, amount);
}

static void set_metric(struct sl_metric *metric, double value)
{
    if (metric != NULL && metric->kind != SL_GAUGE)
        fake_fail("'%s' was set, but is no gauge", metric->name);
    plugin_metric_set(metric, value);
}

static void observe_metric(struct sl_metric *metric, double value)
{
    if (metric != NULL && metric->kind != SL_HISTOGRAM)
        fake_fail("'%s' observed a value, but is no histogram", metric->name);
    plugin_metric_observe(metric, value);
}

void fake_metrics_provide(struct sl_host *host)
{
    host->metric = register_metric;
    host->metric_add = add_to_metric;
    host->metric_set = set_metric;
    host->metric_observe = observe_metric;
}

static double observation_count(const struct sl_metric *metric)
{
    double count = 0;
    for (size_t i = 0; i <= metric->bucket_count; i++)
        count += (double)metric->counts[i];
    return count;
}

bool fake_metric(const struct fake_instance *instance, const char *name, double *value)
{
    const struct sl_metric *metric = fake_tested(instance)->metrics.first;
    while (metric != NULL && strcmp(metric->name, name) != 0)
        metric = metric->next;
    if (metric != NULL)
        *value = metric->kind == SL_HISTOGRAM ? observation_count(metric) : metric->value;
    return metric != NULL;
}
