/*
 * Metrics that a plugin's instance keeps: counters, gauges and histograms, for /metrics.
 *
 * Made in create, on the main thread; afterwards the list is immutable, and any thread adds and
 * reads without a lock. The list owns its metrics.
 */
#ifndef SLUICE_PIPELINE_PLUGIN_METRIC_H
#define SLUICE_PIPELINE_PLUGIN_METRIC_H

#include <sluice/plugin.h>

#include <stdatomic.h>
#include <stdint.h>

#define PLUGIN_METRICS_MAX 64 /* of an instance */
#define PLUGIN_METRIC_BUCKETS_MAX 64
#define PLUGIN_METRIC_NAME_MAX 63
#define PLUGIN_METRIC_HELP_MAX 512 /* bytes; the rest is cut */

struct plugin_metrics {
    struct sl_metric *first;
    unsigned count;
};

struct sl_metric {
    struct sl_metric *next;
    enum sl_metric_kind kind;
    char name[PLUGIN_METRIC_NAME_MAX + 1];
    char *help;           /* owned, one line */
    _Atomic double value; /* of a histogram: the sum */
    size_t bucket_count;
    double *bounds;           /* owned; ascending */
    _Atomic uint64_t *counts; /* owned; one more than bounds: the last is for what is above all */
};

void plugin_metrics_init(struct plugin_metrics *metrics);

/* Frees all of them. */
void plugin_metrics_deinit(struct plugin_metrics *metrics);

/* Makes one; see sl_host's `metric`. Returns NULL if that cannot be. */
struct sl_metric *plugin_metric_create(struct plugin_metrics *metrics, enum sl_metric_kind kind,
                                       const char *name, const char *help, const double *buckets,
                                       size_t bucket_count);

/* As sl_host documents them. What makes no sense (a counter that shrinks, a value that is not a
 * number) is ignored. Any thread. */
void plugin_metric_add(struct sl_metric *metric, double amount);
void plugin_metric_set(struct sl_metric *metric, double value);
void plugin_metric_observe(struct sl_metric *metric, double value);

#endif
