/*
 * Descriptors that an instance has watched: for plugins with a client library of their own.
 *
 * The callbacks run on one loop, the instance's home, one at a time. Each instance that watches any
 * has an epoll of its own, which that loop watches: so what is ready takes turns with the loop's
 * clients, and a descriptor that a plugin closes while it is watched leaves nothing in the loop's
 * epoll. Watches are made, changed and ended on any thread, under a lock.
 */
#ifndef SLUICE_PIPELINE_DESCRIPTOR_WATCH_H
#define SLUICE_PIPELINE_DESCRIPTOR_WATCH_H

#include "pipeline/descriptor_set.h"
#include "pipeline/instance.h"

#include <stdbool.h>
#include <stdint.h>

struct descriptor_watch_stats {
    size_t watched;
    uint64_t refused; /* for want of room */
};

/* Watches a descriptor; see sl_host. Any thread. Returns the watch's id, or 0. */
uint64_t descriptor_watch(struct instance *instance, int fd, uint32_t events,
                          descriptor_ready *ready, void *context);

/* Changes what is watched for. Any thread. Returns 0, ERR_INVALID (not events), ERR_NOT_FOUND or
 * ERR_SYSTEM. */
MUST_CHECK int descriptor_watch_change(struct instance *instance, uint64_t watch, uint32_t events);

/* Ends a watch; one that is over is ignored. Any thread. */
void descriptor_unwatch(struct instance *instance, uint64_t watch);

/* Whether the instance has ever watched any; then what there is to say of that. Any thread that
 * keeps the instance. */
bool descriptor_watches_read(const struct instance *instance, struct descriptor_watch_stats *out);

/* Ends all of an instance that nobody refers to. Only on the home loop. */
void descriptor_watches_end(struct instance *instance);

#endif
