#include "pipeline/offload.h"

#include "pipeline/hook.h"
#include "pipeline/instance_client.h"
#include "pipeline/worker_pool.h"

#include <stdlib.h>

/* On its way to a worker, and then, as mail, to the loop. */
struct job {
    struct worker_job base; /* first */
    struct mail mail;
    struct instance *instance; /* one reference */
    uint64_t client_id;        /* 0: no client's */
    void (*work)(struct sl_instance *self, void *context);
    void (*done)(struct sl_instance *self, struct sl_client *client, void *context);
    void *context;
    struct options_version *options; /* one reference: what `work` has read; NULL: nothing */
};

static _Thread_local struct job *current_job; /* whose `work` runs on this thread */

static void deliver_done(struct loop *loop, struct mail *mail)
{
    struct job *job = (struct job *)((char *)mail - offsetof(struct job, mail));
    if (job->done != NULL) {
        struct sl_client *client = instance_client(loop, job->instance, job->client_id);
        const struct stage *stage =
            client != NULL ? chain_stage_of(client->chain, job->instance) : NULL;
        hook_begin(job->instance, stage, job->client_id, "offload (done)");
        job->done(&job->instance->seen, client, job->context);
        hook_end();
    }
    instance_unref(job->instance);
    free(job);
}

/* Comes back even if there is nothing to be done, so that the reference is given up on a loop. */
static void send_home(struct job *job, struct loop *loop)
{
    job->mail.deliver = deliver_done;
    loop_post(loop, &job->mail);
}

static void run_job(struct worker_job *base)
{
    struct job *job = (struct job *)base;
    hook_begin(job->instance, NULL, job->client_id, "offload");
    current_job = job;
    job->work(&job->instance->seen, job->context);
    current_job = NULL;
    hook_end();
    options_version_unref(job->options);
}

static void finish_job(struct worker_job *base)
{
    struct job *job = (struct job *)base;
    send_home(job, instance_loop_of(job->instance, job->client_id));
}

/* The server ends first: `done` frees the context, and must not take it for the result of `work`,
 * so it gets no client. */
static void abandon_job(struct worker_job *base)
{
    struct job *job = (struct job *)base;
    struct loop *loop = instance_loop_of(job->instance, job->client_id);
    job->client_id = 0;
    send_home(job, loop);
}

int offload_post(struct instance *instance, uint64_t client_id,
                 void (*work)(struct sl_instance *self, void *context),
                 void (*done)(struct sl_instance *self, struct sl_client *client, void *context),
                 void *context)
{
    if (work == NULL)
        return ERR_INVALID;
    struct job *job = malloc(sizeof *job);
    if (job == NULL)
        return ERR_NO_MEMORY;
    if (!instance_try_ref(instance)) {
        free(job);
        return ERR_CLOSED;
    }
    *job = (struct job){.base = {.run = run_job, .finish = finish_job, .abandon = abandon_job},
                        .instance = instance,
                        .client_id = client_id,
                        .work = work,
                        .done = done,
                        .context = context};
    int error = worker_pool_post(instance->pipeline->workers, &instance->offloaded, &job->base);
    if (error != OK) {
        instance_unref(instance);
        free(job);
    }
    return error;
}

struct option_set *offload_options(struct instance *instance)
{
    struct instance_options *options = &instance->options;
    struct job *job = current_job;
    if (job != NULL && job->instance == instance) {
        if (job->options == NULL)
            job->options = instance_options_hold(options);
        return job->options->set;
    }
    /* A stage's hook outside of a loop is on_publish, perhaps on a plugin's own thread. */
    bool in_hook = job == NULL &&
                   (loop_current() != NULL || (hook_instance() != NULL && hook_stage() == NULL));
    return in_hook ? instance_options_in_hook(options) : instance_options_lend(options);
}
