/*
 * The metrics of the pipelines: counts of the core for each instance, and the plugins' own metrics.
 *
 * Any thread.
 */
#ifndef SLUICE_ADMIN_METRICS_PLUGINS_H
#define SLUICE_ADMIN_METRICS_PLUGINS_H

#include "admin/metrics_writer.h"

struct hub;

void metrics_write_plugins(struct metrics_writer *writer, struct hub *hub);

#endif
