#include "worker.h"

#include <pthread.h>

#define ARENA_MAX ((size_t)64 << 20)   /* bytes that one message may need */
#define ARENA_KEPT ((size_t)256 << 10) /* bytes that are kept for the next one */

static void worker_destroy(const struct sl_host *host, struct worker *worker)
{
    arena_deinit(&worker->arena);
    schema_context_destroy(worker->context);
    matcher_deinit(&worker->matcher);
    host->release(worker);
}

static struct worker *worker_create(const struct sl_host *host, uint32_t match_limit)
{
    const struct schema_limits limits = SCHEMA_LIMITS_DEFAULT;
    struct worker *worker = host->allocate(sizeof *worker);
    if (worker == NULL)
        return NULL;
    *worker = (struct worker){.context = NULL};
    arena_init(&worker->arena, ARENA_MAX, host->allocate, host->release);
    if (matcher_init(&worker->matcher, match_limit))
        worker->context = schema_context_create(&limits, &worker->matcher);
    if (worker->context != NULL)
        return worker;
    worker_destroy(host, worker);
    return NULL;
}

void worker_pool_init(struct worker_pool *pool, const struct sl_host *host, uint32_t match_limit)
{
    pool->host = host;
    pool->match_limit = match_limit;
}

void worker_pool_deinit(struct worker_pool *pool)
{
    for (size_t i = 0; i < WORKER_SLOTS; i++) {
        struct worker *worker = atomic_exchange(&pool->slots[i].worker, NULL);
        if (worker != NULL)
            worker_destroy(pool->host, worker);
    }
}

/* Where a thread looks first. Threads' addresses differ above their stacks' sizes. */
static size_t first_slot(void)
{
    uintptr_t thread = (uintptr_t)pthread_self();
    return (thread >> 12 ^ thread >> 23) % WORKER_SLOTS;
}

struct worker *worker_take(struct worker_pool *pool)
{
    size_t first = first_slot();
    for (size_t i = 0; i < WORKER_SLOTS; i++) {
        _Atomic(struct worker *) *slot = &pool->slots[(first + i) % WORKER_SLOTS].worker;
        if (atomic_load_explicit(slot, memory_order_relaxed) == NULL)
            continue;
        struct worker *worker = atomic_exchange(slot, NULL);
        if (worker != NULL)
            return worker;
    }
    return worker_create(pool->host, pool->match_limit);
}

void worker_give(struct worker_pool *pool, struct worker *worker)
{
    size_t first = first_slot();
    arena_shrink(&worker->arena, ARENA_KEPT);
    for (size_t i = 0; i < WORKER_SLOTS; i++) {
        struct worker *none = NULL;
        if (atomic_compare_exchange_strong(&pool->slots[(first + i) % WORKER_SLOTS].worker, &none,
                                           worker))
            return;
    }
    worker_destroy(pool->host, worker);
}
