/*
 * Measuring what one pipeline costs, in a rig of its own.
 *
 * Times are of the thread, not of the wall, so that other programs on the machine count less, and
 * the best of some rounds, since what disturbs a round only makes it longer.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

/* What to measure. */
struct subject {
    const char *build;         /* the build folder */
    const char *pipeline;      /* a YAML list in brackets */
    const char *authorization; /* the header of upgrades, or NULL */
    bool is_quick;             /* only sees whether it can be measured: the figures mean nothing */
    bool is_named; /* clients have an identity and a tenant before the pipeline is asked */
};

struct figures {
    double message_ns;
    double message_allocations;
    double upgrade_ns; /* on_connect and on_open, and on_close in the end */
    double client_bytes;
    size_t state_bytes; /* of a client, in all blocks of the pipeline */
    bool has_message;   /* some plugin has on_message, */
    bool has_upgrade;   /* a hook for clients that come and go */
};

void measure(const struct subject *subject, struct figures *figures);

/* What the hub with that pipeline takes, in bytes: the least of some, since threads and libraries
 * keep things now and then. Only differences mean something. */
long measure_hub(const struct subject *subject);

#endif
