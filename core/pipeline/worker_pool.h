/*
 * A pool of threads for work that blocks, with bounded queues.
 *
 * Jobs come from sources. None of them has more than its share of the threads and of the queue, and
 * those that have jobs waiting take turns: a source whose jobs hang holds up itself and no other.
 *
 * Any thread posts. The threads are started by the first job, so that a server whose plugins never
 * offload anything has none.
 */
#ifndef SLUICE_PIPELINE_WORKER_POOL_H
#define SLUICE_PIPELINE_WORKER_POOL_H

#include "base/error.h"
#include "base/histogram.h"

#include <stdint.h>

/* The first member of a larger struct, which `finish` or `abandon` knows, and owns from then on. */
struct worker_job {
    struct worker_job *next;
    int64_t posted;                          /* when, of clock_monotonic */
    void (*run)(struct worker_job *job);     /* on a thread of the pool */
    void (*finish)(struct worker_job *job);  /* then: its source may go with it */
    void (*abandon)(struct worker_job *job); /* instead, if the pool is stopped before its turn */
};

/* Whose jobs they are. Zeroed before the first job; it stays as long as jobs of it wait or run. All
 * of it is the pool's. */
struct worker_source {
    struct worker_source *next; /* that has jobs waiting */
    struct worker_job *first, *last;
    uint32_t waiting;
    uint32_t running;
    uint64_t taken; /* jobs, in all */
    uint64_t refused;
};

struct worker_pool;

struct worker_limits {
    unsigned threads;        /* in all */
    unsigned source_threads; /* that one source may have at once */
    uint32_t queue;          /* jobs that may wait in all */
    uint32_t source_queue;   /* those of one source */
};

struct worker_stats {
    uint32_t waiting; /* jobs in the queue */
    uint32_t running;
    uint64_t done;
    uint64_t refused; /* because the queue, or their source's share of it, was full */
    struct worker_limits limits;
    struct histogram_snapshot waited; /* how long jobs have waited before they ran */
};

/* Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int worker_pool_create(const struct worker_limits *limits, struct worker_pool **out);

/* Hands a job over. Any thread. Returns 0, ERR_LIMIT (a queue is full), ERR_CLOSED (the pool has
 * been stopped) or ERR_SYSTEM (no thread could be started). */
MUST_CHECK int worker_pool_post(struct worker_pool *pool, struct worker_source *source,
                                struct worker_job *job);

/* Takes no more jobs, abandons those that are queued, which is logged, and waits for those that
 * run: the end of a server must not be as far away as its queue is long. NULL is fine. */
void worker_pool_stop(struct worker_pool *pool);

/* Stops and frees. NULL is fine. */
void worker_pool_destroy(struct worker_pool *pool);

/* Any thread. */
void worker_pool_read(struct worker_pool *pool, struct worker_stats *out);

/* What a source has at this moment. Any thread. */
void worker_pool_read_source(struct worker_pool *pool, const struct worker_source *source,
                             struct worker_source *out);

#endif
