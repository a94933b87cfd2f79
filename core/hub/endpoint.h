/*
 * An endpoint: a path, what it accepts, its pipeline, and how many clients it has.
 *
 * Made before the loops start; only the atomic counters change afterwards, so any thread may read.
 */
#ifndef SLUICE_HUB_ENDPOINT_H
#define SLUICE_HUB_ENDPOINT_H

#include "config/config.h"
#include "ws/frame.h"

#include <stdatomic.h>

struct chain;
struct hub;

struct endpoint {
    const struct endpoint_config *config;
    struct hub *hub;
    struct chain *chain; /* the pipeline; owned by the hub */
    unsigned index;      /* among the hub's endpoints */
    struct frame_limits limits;
    _Atomic uint32_t admitted;  /* clients that hold a place, connecting ones included */
    _Atomic uint32_t connected; /* clients that are open or closing */
};

#endif
