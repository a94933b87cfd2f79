#include "pipeline/worker_pool.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/thread.h"
#include "base/thread_trace.h"
#include "base/watched.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct worker_pool {
    pthread_mutex_t lock; /* of everything below, and of all sources */
    pthread_cond_t wake;
    struct worker_source *first, *last; /* sources with jobs waiting, whose turn is next first */
    bool is_stopped;
    struct worker_stats stats; /* without `waited` */
    struct histogram waited;
    _Atomic unsigned began; /* threads that have given themselves a number */
    unsigned thread_count;  /* started */
    pthread_t threads[];
};

int worker_pool_create(const struct worker_limits *limits, struct worker_pool **out)
{
    struct worker_pool *pool = calloc(1, sizeof *pool + limits->threads * sizeof(pthread_t));
    if (pool == NULL)
        return ERR_NO_MEMORY;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pool->stats.limits = *limits;
    *out = pool;
    return OK;
}

/* -- the queue: sources that take turns; all with the lock -- */

static void append_source(struct worker_pool *pool, struct worker_source *source)
{
    source->next = NULL;
    if (pool->last != NULL)
        pool->last->next = source;
    else
        pool->first = source;
    pool->last = source;
}

/* Takes the first source that may run one more job out of the list. NULL: there is none. */
static struct worker_source *take_source(struct worker_pool *pool)
{
    struct worker_source *before = NULL;
    struct worker_source *source = pool->first;
    while (source != NULL && source->running >= pool->stats.limits.source_threads) {
        before = source;
        source = source->next;
    }
    if (source == NULL)
        return NULL;
    if (before != NULL)
        before->next = source->next;
    else
        pool->first = source->next;
    if (pool->last == source)
        pool->last = before;
    return source;
}

static void append_job(struct worker_pool *pool, struct worker_source *source,
                       struct worker_job *job)
{
    job->next = NULL;
    job->posted = clock_monotonic();
    if (source->first == NULL) {
        source->first = job;
        append_source(pool, source);
    } else {
        source->last->next = job;
    }
    source->last = job;
    source->waiting++;
    source->taken++;
    pool->stats.waiting++;
}

/* The next job of a source that take_source has returned, whose next turn is behind the others. */
static struct worker_job *take_job(struct worker_pool *pool, struct worker_source *source)
{
    struct worker_job *job = source->first;
    source->first = job->next;
    if (source->first != NULL)
        append_source(pool, source);
    source->waiting--;
    source->running++;
    pool->stats.waiting--;
    pool->stats.running++;
    int64_t waited = clock_monotonic() - job->posted;
    histogram_add(&pool->waited, waited > 0 ? (uint64_t)waited : 0);
    return job;
}

/* Waits for a source that may run a job. NULL: the pool has been stopped. */
static struct worker_source *wait_for_source(struct worker_pool *pool)
{
    struct worker_source *source;
    while ((source = take_source(pool)) == NULL && !pool->is_stopped)
        pthread_cond_wait(&pool->wake, &pool->lock);
    return source;
}

/* -- threads -- */

/* The source may be gone when `finish` has been called, since what holds it may be the job. */
static void run_job(struct worker_pool *pool, struct worker_source *source)
{
    struct worker_job *job = take_job(pool, source);
    pthread_mutex_unlock(&pool->lock);
    job->run(job);
    pthread_mutex_lock(&pool->lock);
    source->running--;
    pthread_mutex_unlock(&pool->lock);
    job->finish(job);
    pthread_mutex_lock(&pool->lock);
    pool->stats.running--; /* Whoever waits for all work waits for what `finish` does, too. */
    pool->stats.done++;
}

static void *run_worker(void *argument)
{
    struct worker_pool *pool = argument;
    struct worker_source *source;
    crash_prepare_thread();
    thread_trace_allow();
    watched_begin(WATCHED_WORKER, atomic_fetch_add_explicit(&pool->began, 1, memory_order_relaxed));
    pthread_mutex_lock(&pool->lock);
    while ((source = wait_for_source(pool)) != NULL)
        run_job(pool, source);
    pthread_mutex_unlock(&pool->lock);
    watched_end();
    crash_release_thread();
    return NULL;
}

/* Called with the lock. */
static bool start_thread(struct worker_pool *pool)
{
    char name[16];
    snprintf(name, sizeof name, "worker-%u", pool->thread_count % 1000);
    int error = thread_begin(&pool->threads[pool->thread_count], name, run_worker, pool);
    if (error != 0) {
        log_error("pipeline", "cannot start a worker thread: %s", strerror(error));
        return false;
    }
    pool->thread_count++;
    return true;
}

/* One more thread if this source's next job may run, all threads may be busy and there may be more.
 * Called with the lock. Returns whether anybody will take the job. */
static bool need_threads(struct worker_pool *pool, const struct worker_source *source)
{
    bool may_run = source->waiting + source->running < pool->stats.limits.source_threads;
    bool all_busy = pool->stats.waiting + pool->stats.running >= pool->thread_count;
    if (may_run && all_busy && pool->thread_count < pool->stats.limits.threads)
        return start_thread(pool) || pool->thread_count > 0;
    return true;
}

static bool is_full(const struct worker_pool *pool, const struct worker_source *source)
{
    return pool->stats.waiting >= pool->stats.limits.queue ||
           source->waiting >= pool->stats.limits.source_queue;
}

int worker_pool_post(struct worker_pool *pool, struct worker_source *source, struct worker_job *job)
{
    int error = OK;
    pthread_mutex_lock(&pool->lock);
    if (pool->is_stopped) {
        error = ERR_CLOSED;
    } else if (is_full(pool, source)) {
        source->refused++;
        pool->stats.refused++;
        error = ERR_LIMIT;
    } else if (!need_threads(pool, source)) {
        error = ERR_SYSTEM;
    } else {
        append_job(pool, source, job);
        pthread_cond_signal(&pool->wake);
    }
    pthread_mutex_unlock(&pool->lock);
    return error;
}

/* -- the end -- */

/* Takes all jobs that wait, as one list. Called with the lock. */
static struct worker_job *take_all(struct worker_pool *pool)
{
    struct worker_job *all = NULL;
    struct worker_job **end = &all;
    for (struct worker_source *source = pool->first; source != NULL; source = source->next) {
        *end = source->first;
        end = &source->last->next;
        source->first = source->last = NULL;
        source->waiting = 0;
    }
    pool->first = pool->last = NULL;
    pool->stats.waiting = 0;
    return all;
}

static void abandon_jobs(struct worker_job *job)
{
    unsigned count = 0;
    while (job != NULL) {
        struct worker_job *next = job->next;
        job->abandon(job);
        job = next;
        count++;
    }
    if (count > 0)
        log_warn("pipeline",
                 "gave up %u offloaded jobs of plugins that had not begun; a longer "
                 "shutdown.grace gives them time",
                 count);
}

void worker_pool_stop(struct worker_pool *pool)
{
    if (pool == NULL)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->is_stopped = true;
    struct worker_job *queued = take_all(pool);
    unsigned count = pool->thread_count;
    pool->thread_count = 0; /* They are joined once. */
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    abandon_jobs(queued);
    for (unsigned i = 0; i < count; i++)
        pthread_join(pool->threads[i], NULL);
}

void worker_pool_destroy(struct worker_pool *pool)
{
    if (pool == NULL)
        return;
    worker_pool_stop(pool);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

void worker_pool_read(struct worker_pool *pool, struct worker_stats *out)
{
    pthread_mutex_lock(&pool->lock);
    *out = pool->stats;
    histogram_merge(&out->waited, &pool->waited);
    pthread_mutex_unlock(&pool->lock);
}

void worker_pool_read_source(struct worker_pool *pool, const struct worker_source *source,
                             struct worker_source *out)
{
    pthread_mutex_lock(&pool->lock);
    *out = *source;
    pthread_mutex_unlock(&pool->lock);
}
