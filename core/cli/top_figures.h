/*
 * What `sluice top` shows of an interval, computed from the metrics at both of its ends.
 *
 * Pure.
 */
#ifndef SLUICE_CLI_TOP_FIGURES_H
#define SLUICE_CLI_TOP_FIGURES_H

#include "cli/samples.h"

#include <cjson/cJSON.h>

struct top_interval {
    const struct samples *before;
    const struct samples *after;
    double seconds;
};

/* An object for cJSON_Delete: rates are a second; plugins are sorted by what they cost, loops are
 * in their order. `clients` is the answer of GET /api/v1/clients: those that have a queue are
 * copied. NULL, or an object that lacks members: no memory. */
cJSON *top_figures(const struct top_interval *interval, const cJSON *clients);

#endif
