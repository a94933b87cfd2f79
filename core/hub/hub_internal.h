/*
 * What the parts of the hub, the clients and the metrics know of it beyond hub.h.
 */
#ifndef SLUICE_HUB_HUB_INTERNAL_H
#define SLUICE_HUB_HUB_INTERNAL_H

#include "hub/address_counts.h"
#include "hub/endpoint.h"
#include "hub/hub.h"
#include "hub/shard.h"
#include "pipeline/plugin.h"

#include <stdatomic.h>

#define ADMISSION_COUNT (ADMISSION_DRAINING + 1)

struct hub {
    const struct config *config;
    struct endpoint *endpoints;
    size_t endpoint_count;
    struct shard *shards;
    unsigned shard_count;
    bool is_started;
    struct plugin_set plugins;
    struct address_counts addresses;
    _Atomic uint32_t admitted;
    _Atomic size_t queued_bytes;    /* memory held for slow clients and incomplete messages */
    _Atomic size_t forwarded_bytes; /* memory on its way from one loop to another */
    _Atomic bool is_draining;
    _Atomic uint64_t admissions[ADMISSION_COUNT]; /* by enum admission: granted and refused */
};

/* Where memory that is held for clients is counted. */
static inline _Atomic size_t *hub_queued_bytes(struct hub *hub)
{
    return &hub->queued_bytes;
}

/* Whether limits.queue_bytes is reached. */
static inline bool hub_is_queue_full(struct hub *hub)
{
    return atomic_load_explicit(&hub->queued_bytes, memory_order_relaxed) >
           hub->config->limit_queue_bytes;
}

/* Hands frames that were published on one loop to all others (`from` may be NULL: to all).
 * Returns 0, ERR_LIMIT (loops take their mail too slowly: limits.queue_bytes is reached) or
 * ERR_NO_MEMORY; some loops may have got them even then. */
MUST_CHECK int hub_forward(struct hub *hub, const struct shard *from, unsigned endpoint_index,
                           const void *frames, size_t len, uint32_t messages);

#endif
