/*
 * Metrics that plugins register.
 */
#include "workbench/fake_internal.h"

#include <ctype.h>
#include <stdio.h>

struct sl_metric {
    struct sl_metric *next;
    enum sl_metric_kind kind;
    char name[64];
    double value; /* of a histogram: how many observations */
};

static struct sl_metric *metrics;

static struct sl_metric *register_metric(struct sl_instance *self, enum sl_metric_kind kind,
                                         const char *name, const char *help, const double *buckets,
                                         size_t bucket_count)
{
    const struct fake_instance *instance = (const struct fake_instance *)self;
    if (instance->is_created)
        fake_fail("host->metric was called outside create, where metrics are registered");
    if (help == NULL || (kind == SL_HISTOGRAM) != (buckets != NULL && bucket_count > 0) ||
        !islower((unsigned char)name[0]) ||
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(name))
        return NULL;
    struct sl_metric *metric = fake_zalloc(sizeof *metric);
    metric->kind = kind;
    snprintf(metric->name, sizeof metric->name, "%s", name);
    fake_lock();
    metric->next = metrics;
    metrics = metric;
    fake_unlock();
    return metric;
}

static void add_to_metric(struct sl_metric *metric, double amount)
{
    if (metric == NULL)
        return;
    if (metric->kind == SL_COUNTER && amount < 0)
        fake_fail("the counter '%s' was made smaller; a counter only grows, use a gauge",
                  metric->name);
    fake_lock();
    metric->value += amount;
    fake_unlock();
}

static void set_metric(struct sl_metric *metric, double value)
{
    if (metric == NULL)
        return;
    if (metric->kind != SL_GAUGE)
        fake_fail("'%s' was set, but is no gauge", metric->name);
    fake_lock();
    metric->value = value;
    fake_unlock();
}

static void observe_metric(struct sl_metric *metric, double value)
{
    (void)value;
    if (metric == NULL)
        return;
    if (metric->kind != SL_HISTOGRAM)
        fake_fail("'%s' observed a value, but is no histogram", metric->name);
    fake_lock();
    metric->value++;
    fake_unlock();
}

void fake_metrics_provide(struct sl_host *host)
{
    host->metric = register_metric;
    host->metric_add = add_to_metric;
    host->metric_set = set_metric;
    host->metric_observe = observe_metric;
}

double fake_metric(const char *name, bool *found)
{
    double sum = 0;
    *found = false;
    fake_lock();
    for (const struct sl_metric *metric = metrics; metric != NULL; metric = metric->next) {
        if (strcmp(metric->name, name) != 0)
            continue;
        *found = true;
        sum += metric->value;
    }
    fake_unlock();
    return sum;
}
