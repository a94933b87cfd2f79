/*
 * The working memory for checking one message: an arena, a matcher and a schema context; and the
 * pool that keeps them between messages, so that a message costs no allocation once the pool is
 * warm.
 *
 * A worker belongs to one thread from worker_take to worker_give. Any thread may use the pool; it
 * takes no lock.
 */
#ifndef VALIDATE_WORKER_H
#define VALIDATE_WORKER_H

#include "json/arena.h"
#include "schema/schema.h"

#include <sluice/plugin.h>

#include <stdatomic.h>

#define WORKER_SLOTS 64 /* workers that are kept; more only if so many threads check at once */

struct worker {
    struct arena arena;
    struct matcher matcher;
    struct schema_context *context;
};

/* As long as a cache line, so that threads do not disturb each other. */
struct worker_slot {
    _Atomic(struct worker *) worker;
    char padding[64 - sizeof(struct worker *)];
};

struct worker_pool {
    const struct sl_host *host;
    uint32_t match_limit; /* steps of one match */
    struct worker_slot slots[WORKER_SLOTS];
};

/* `pool` is zeroed. */
void worker_pool_init(struct worker_pool *pool, const struct sl_host *host, uint32_t match_limit);

/* No thread may have a worker at this point. */
void worker_pool_deinit(struct worker_pool *pool);

/* A worker for one message, or NULL without memory. */
struct worker *worker_take(struct worker_pool *pool);

/* Gives the worker back; its arena is emptied. */
void worker_give(struct worker_pool *pool, struct worker *worker);

#endif
