/*
 * A set of descriptors that are watched, in an epoll of its own.
 *
 * A descriptor that its owner closes while it is watched may stay in the epoll, where a duplicate
 * keeps it open, and cannot be taken out any more: the epoll knows it by an id that is in no watch
 * then, and descriptor_set_renew gets rid of it. A watch for nothing stays in the epoll, too, so
 * that no other is made for its descriptor. Not for several threads at once.
 */
#ifndef SLUICE_PIPELINE_DESCRIPTOR_SET_H
#define SLUICE_PIPELINE_DESCRIPTOR_SET_H

#include "base/error.h"

#include <sluice/plugin.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DESCRIPTOR_EVENTS ((uint32_t)SL_FD_READ | (uint32_t)SL_FD_WRITE) /* to watch for */

typedef void descriptor_ready(struct sl_instance *self, uint64_t watch, int fd, uint32_t events,
                              void *context);

struct descriptor_watch {
    struct descriptor_watch *next; /* of the set's */
    uint64_t id;
    int fd;          /* not the set's */
    uint32_t events; /* DESCRIPTOR_EVENTS; 0: asleep, though in the epoll */
    descriptor_ready *ready;
    void *context;
};

struct descriptor_set {
    struct descriptor_watch *first; /* owned */
    size_t count;
    uint64_t last_id;
    int epoll_fd;       /* each event's data is the id of a watch */
    bool may_have_lost; /* the epoll may have descriptors that are in no watch */
};

/* Opens the epoll. Returns 0 or ERR_SYSTEM. */
MUST_CHECK int descriptor_set_init(struct descriptor_set *set);
void descriptor_set_deinit(struct descriptor_set *set);

/* Adds a copy of `wanted` with the next id. NULL: no memory, or its descriptor cannot be watched:
 * it is none, one of a plain file, or watched already. */
const struct descriptor_watch *descriptor_set_add(struct descriptor_set *set,
                                                  const struct descriptor_watch *wanted);

/* NULL: there is none with that id. */
struct descriptor_watch *descriptor_set_find(const struct descriptor_set *set, uint64_t id);

/* Watches for other events. Returns 0 or ERR_SYSTEM. */
MUST_CHECK int descriptor_set_change(struct descriptor_set *set, struct descriptor_watch *watch,
                                     uint32_t events);

void descriptor_set_remove(struct descriptor_set *set, struct descriptor_watch *watch);

/* Moves what is watched to another epoll, which is the set's from then on. The one before is
 * returned, for the caller to close. */
MUST_CHECK int descriptor_set_renew(struct descriptor_set *set, int epoll_fd);

/* Events of epoll as those of a plugin. */
uint32_t descriptor_events_of(uint32_t ready);

#endif
