/*
 * The server's metrics in Prometheus' text format.
 *
 * Any thread: reads the counters that the loops write, without stopping them.
 */
#ifndef SLUICE_ADMIN_METRICS_H
#define SLUICE_ADMIN_METRICS_H

#include "base/buffer.h"

struct admin_denials;
struct front;
struct hub;
struct watchdog_status;

/* The sources of all metrics; borrowed. */
struct metrics_sources {
    struct hub *hub;
    struct front *front;
    const struct watchdog_status *watched;
    unsigned long long admin_refused; /* requests, because as many were worked on as may be */
    const struct admin_denials *admin_denials;
};

/* Appends all metrics to `out`. Returns 0, ERR_LIMIT or ERR_NO_MEMORY. */
MUST_CHECK int metrics_write(const struct metrics_sources *sources, struct buffer *out);

#endif
