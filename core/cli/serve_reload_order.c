/*
 * Who asks for reloads: a signal on the main thread, and the admin API on other threads, which wait
 * for what has come of it.
 */
#include "base/log.h"
#include "cli/serve_reload.h"
#include "hub/hub.h"
#include "hub/reload.h"

#include <semaphore.h>
#include <stdlib.h>

/* -- SIGHUP -- */

struct signal_job {
    struct reload_job job; /* first */
    struct reload_order order;
    struct diagnostics diagnostics;
};

static void end_signal_job(struct reload_job *job, int result)
{
    struct signal_job *signal = (struct signal_job *)job;
    (void)result; /* The log says it. */
    diagnostics_deinit(&signal->diagnostics);
    free(signal);
}

/* One that has not begun reads what the file says now, too. */
static bool is_waiting_for_signal(const struct server_parts *parts)
{
    const struct reload_job *job = parts->jobs;
    while (job != NULL && (job->is_begun || job->end != end_signal_job))
        job = job->next;
    return job != NULL;
}

void serve_reload_for_signal(struct server_parts *parts)
{
    if (is_waiting_for_signal(parts))
        return;
    struct signal_job *signal = calloc(1, sizeof *signal);
    if (signal == NULL) {
        log_error("serve", "SIGHUP: not reloaded, out of memory");
        return;
    }
    diagnostics_init(&signal->diagnostics);
    signal->order = (struct reload_order){.who = "SIGHUP", .diagnostics = &signal->diagnostics};
    signal->job = (struct reload_job){.order = &signal->order, .end = end_signal_job};
    serve_reload(parts, &signal->job);
}

/* -- from other threads -- */

struct request {
    struct mail mail; /* first */
    struct reload_job job;
    struct server_parts *parts;
    int result;
    sem_t is_done;
};

static void end_request(struct reload_job *job, int result)
{
    struct request *request = (struct request *)((char *)job - offsetof(struct request, job));
    request->result = result;
    sem_post(&request->is_done);
}

static void deliver(struct loop *loop, struct mail *mail)
{
    struct request *request = (struct request *)mail;
    (void)loop;
    serve_reload(request->parts, &request->job);
}

/* Under the lock, so that a request is either refused or found by serve_reload_end. */
static bool post(struct server_parts *parts, struct request *request)
{
    pthread_mutex_lock(&parts->lock);
    bool is_stopping = parts->is_stopping;
    if (!is_stopping)
        hub_post_control(parts->hub, &request->mail);
    pthread_mutex_unlock(&parts->lock);
    return !is_stopping;
}

int serve_reload_from_elsewhere(void *context, struct reload_order *order)
{
    struct server_parts *parts = context;
    struct request request = {
        .mail.deliver = deliver, .job = {.order = order, .end = end_request}, .parts = parts};
    sem_init(&request.is_done, 0, 0);
    if (!post(parts, &request)) {
        sem_destroy(&request.is_done);
        return ERR_CLOSED;
    }
    while (sem_wait(&request.is_done) != 0)
        continue; /* Interrupted by a signal. */
    sem_destroy(&request.is_done);
    return request.result;
}

void serve_reload_end(struct server_parts *parts)
{
    pthread_mutex_lock(&parts->lock);
    parts->is_stopping = true;
    pthread_mutex_unlock(&parts->lock);
    hub_run_control(parts->hub);
    serve_reload_give_up(parts);
}
