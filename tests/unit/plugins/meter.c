/* meter: has a metric of each kind, with values from the start. */
#include <sluice/plugin.h>

static int create(struct sl_instance *self)
{
    static const double bounds[] = {0.1, 1, 10};
    const struct sl_host *host = self->host;
    struct sl_metric *starts =
        host->metric(self, SL_COUNTER, "cold_starts_total", "How often", NULL, 0);
    struct sl_metric *level = host->metric(self, SL_GAUGE, "level", "How high", NULL, 0);
    struct sl_metric *size = host->metric(self, SL_HISTOGRAM, "size", "How large", bounds, 3);
    host->metric_add(starts, 3);
    host->metric_set(level, 2.5);
    host->metric_observe(size, 0.5);
    host->metric_observe(size, 5);
    host->metric_observe(size, 100);
    return starts != NULL && level != NULL && size != NULL ? 0 : -1;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,         .name = "meter",  .version = "1.0.0",
    .summary = "Has metrics", .license = "MIT", .create = create,
};
