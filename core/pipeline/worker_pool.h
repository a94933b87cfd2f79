/*
 * A pool of threads for work that blocks, with a bounded queue.
 *
 * Any thread posts. The threads are started by the first job, so that a server whose plugins never
 * offload anything has none.
 */
#ifndef SLUICE_PIPELINE_WORKER_POOL_H
#define SLUICE_PIPELINE_WORKER_POOL_H

#include "base/error.h"

#include <stdint.h>

/* The first member of a larger struct, which `run` or `abandon` knows, and owns from then on. */
struct worker_job {
    struct worker_job *next;
    void (*run)(struct worker_job *job);     /* on a thread of the pool */
    void (*abandon)(struct worker_job *job); /* instead, if the pool is stopped before its turn */
};

struct worker_pool;

struct worker_stats {
    uint32_t waiting; /* jobs in the queue */
    uint32_t running;
    uint32_t waiting_limit;
    uint32_t running_limit; /* threads */
    uint64_t done;
    uint64_t refused; /* because the queue was full */
};

/* A pool of `threads` threads, of which `queue_max` jobs may wait. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int worker_pool_create(unsigned threads, uint32_t queue_max, struct worker_pool **out);

/* Hands a job over. Any thread. Returns 0, ERR_LIMIT (the queue is full), ERR_CLOSED (the pool has
 * been stopped) or ERR_SYSTEM (no thread could be started). */
MUST_CHECK int worker_pool_post(struct worker_pool *pool, struct worker_job *job);

/* Takes no more jobs, abandons those that are queued, which is logged, and waits for those that
 * run: the end of a server must not be as far away as its queue is long. NULL is fine. */
void worker_pool_stop(struct worker_pool *pool);

/* Stops and frees. NULL is fine. */
void worker_pool_destroy(struct worker_pool *pool);

/* Any thread. */
void worker_pool_read(struct worker_pool *pool, struct worker_stats *out);

#endif
