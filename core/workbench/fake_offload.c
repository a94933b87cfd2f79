/*
 * Offloaded work: it waits until it is run, each job on a thread of its own.
 */
#include "workbench/fake_internal.h"

struct fake_job {
    struct fake_job *next;
    struct instance *instance;
    uint64_t client_id;
    void (*work)(struct sl_instance *, void *);
    void (*done)(struct sl_instance *, struct sl_client *, void *);
    void *context;
};

static struct fake_job *first_job;
static struct fake_job **last_link = &first_job;

static int offload(struct sl_instance *self, uint64_t client_id,
                   void (*work)(struct sl_instance *, void *),
                   void (*done)(struct sl_instance *, struct sl_client *, void *), void *context)
{
    struct fake_job *job = fake_zalloc(sizeof *job);
    if (work == NULL)
        fake_fail("host->offload was called without work to do");
    *job = (struct fake_job){.instance = (struct instance *)self,
                             .client_id = client_id,
                             .work = work,
                             .done = done,
                             .context = context};
    fake_lock();
    *last_link = job;
    last_link = &job->next;
    fake_unlock();
    return 0;
}

bool fake_has_offloaded(void)
{
    fake_lock();
    bool has_any = first_job != NULL;
    fake_unlock();
    return has_any;
}

static struct fake_job *take_job(void)
{
    fake_lock();
    struct fake_job *job = first_job;
    if (job != NULL)
        first_job = job->next;
    if (first_job == NULL)
        last_link = &first_job;
    fake_unlock();
    return job;
}

static void *run_job(void *argument)
{
    struct fake_job *job = argument;
    job->work(&job->instance->seen, job->context);
    return NULL;
}

static void run_jobs(void)
{
    struct fake_job *job;
    while ((job = take_job()) != NULL) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, run_job, job) != 0)
            abort();
        pthread_join(thread, NULL);
        if (job->done != NULL) {
            fake_enter("offload's done", fake_hook_limit);
            job->done(&job->instance->seen, fake_client_by_id(job->client_id), job->context);
            fake_leave();
        }
        free(job);
    }
}

void fake_run_offloaded(void)
{
    do
        run_jobs();
    while (fake_http_deliver());
}

void fake_offload_provide(struct sl_host *host)
{
    host->offload = offload;
}
