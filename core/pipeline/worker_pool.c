#include "pipeline/worker_pool.h"

#include "base/crash.h"
#include "base/log.h"
#include "base/thread_trace.h"
#include "base/watched.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct worker_pool {
    pthread_mutex_t lock; /* of everything below */
    pthread_cond_t wake;
    struct worker_job *first;
    struct worker_job **last; /* where the next job is linked */
    uint32_t queue_max;
    bool is_stopped;
    struct worker_stats stats;
    _Atomic unsigned began; /* threads that have given themselves a number */
    unsigned thread_max;
    unsigned thread_count; /* started */
    pthread_t threads[];
};

int worker_pool_create(unsigned threads, uint32_t queue_max, struct worker_pool **out)
{
    struct worker_pool *pool = calloc(1, sizeof *pool + threads * sizeof(pthread_t));
    if (pool == NULL)
        return ERR_NO_MEMORY;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pool->last = &pool->first;
    pool->queue_max = pool->stats.waiting_limit = queue_max;
    pool->thread_max = pool->stats.running_limit = threads;
    *out = pool;
    return OK;
}

/* The next job, or NULL: the pool has been stopped and nothing is left. Called with the lock. */
static struct worker_job *take_job(struct worker_pool *pool)
{
    while (pool->first == NULL && !pool->is_stopped)
        pthread_cond_wait(&pool->wake, &pool->lock);
    struct worker_job *job = pool->first;
    if (job == NULL)
        return NULL;
    pool->first = job->next;
    if (pool->first == NULL)
        pool->last = &pool->first;
    pool->stats.waiting--;
    pool->stats.running++;
    return job;
}

static void *run_worker(void *argument)
{
    struct worker_pool *pool = argument;
    struct worker_job *job;
    crash_prepare_thread();
    thread_trace_allow();
    watched_begin(WATCHED_WORKER, atomic_fetch_add_explicit(&pool->began, 1, memory_order_relaxed));
    pthread_mutex_lock(&pool->lock);
    while ((job = take_job(pool)) != NULL) {
        pthread_mutex_unlock(&pool->lock);
        job->run(job);
        pthread_mutex_lock(&pool->lock);
        pool->stats.running--;
        pool->stats.done++;
    }
    pthread_mutex_unlock(&pool->lock);
    watched_end();
    crash_release_thread();
    return NULL;
}

/* Signals are the main thread's. Called with the lock. */
static bool start_thread(struct worker_pool *pool)
{
    char name[16];
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int error = pthread_create(&pool->threads[pool->thread_count], NULL, run_worker, pool);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        log_error("pipeline", "cannot start a worker thread: %s", strerror(error));
        return false;
    }
    snprintf(name, sizeof name, "worker-%u", pool->thread_count % 1000);
    pthread_setname_np(pool->threads[pool->thread_count], name);
    pool->thread_count++;
    return true;
}

/* One more thread while there are fewer than jobs and there may be more. Called with the lock.
 * Returns whether anybody will take a job. */
static bool need_threads(struct worker_pool *pool)
{
    bool all_busy = pool->stats.waiting + pool->stats.running >= pool->thread_count;
    if (all_busy && pool->thread_count < pool->thread_max)
        return start_thread(pool) || pool->thread_count > 0;
    return true;
}

int worker_pool_post(struct worker_pool *pool, struct worker_job *job)
{
    int error = OK;
    pthread_mutex_lock(&pool->lock);
    if (pool->is_stopped) {
        error = ERR_CLOSED;
    } else if (pool->stats.waiting >= pool->queue_max) {
        pool->stats.refused++;
        error = ERR_LIMIT;
    } else if (!need_threads(pool)) {
        error = ERR_SYSTEM;
    } else {
        job->next = NULL;
        *pool->last = job;
        pool->last = &job->next;
        pool->stats.waiting++;
        pthread_cond_signal(&pool->wake);
    }
    pthread_mutex_unlock(&pool->lock);
    return error;
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
    struct worker_job *queued = pool->first;
    pool->first = NULL;
    pool->last = &pool->first;
    pool->stats.waiting = 0;
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
    pthread_mutex_unlock(&pool->lock);
}
