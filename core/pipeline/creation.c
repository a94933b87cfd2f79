#include "pipeline/creation.h"

#include "base/clock.h"
#include "pipeline/instance.h"
#include "pipeline/pipeline.h"

#include <stdlib.h>
#include <string.h>

static _Thread_local const struct instance *being_created; /* on this thread, or NULL */

bool creation_runs_here(const struct instance *instance)
{
    return being_created == instance;
}

/* With the lock. Returns whether the instance was in the list. */
static bool unlink_awaited(struct creations *creations, const struct instance *instance)
{
    struct instance **link = &creations->awaited;
    while (*link != NULL && *link != instance)
        link = &(*link)->creation.next;
    if (*link == NULL)
        return false;
    *link = instance->creation.next;
    return true;
}

void creation_begin(struct instance *instance)
{
    struct creations *creations = &instance->pipeline->creations;
    pthread_mutex_lock(&creations->lock);
    instance->creation.state = CREATION_RUNNING;
    pthread_mutex_unlock(&creations->lock);
    being_created = instance;
}

enum creation_state creation_end(struct instance *instance, int result)
{
    struct creations *creations = &instance->pipeline->creations;
    being_created = NULL;
    pthread_mutex_lock(&creations->lock);
    if (result != 0)
        unlink_awaited(creations, instance);
    if (result != 0 || instance->creation.state == CREATION_RUNNING)
        instance->creation.state = CREATION_DONE;
    instance->creation.returned = clock_monotonic();
    enum creation_state state = instance->creation.state;
    pthread_mutex_unlock(&creations->lock);
    return state;
}

void creation_count_anew(struct instance *instance)
{
    struct creations *creations = &instance->pipeline->creations;
    pthread_mutex_lock(&creations->lock);
    instance->creation.returned = clock_monotonic();
    pthread_mutex_unlock(&creations->lock);
}

int creation_defer(struct sl_instance *self, struct sl_ticket *ticket)
{
    struct instance *instance = (struct instance *)self;
    struct creations *creations = &instance->pipeline->creations;
    bool is_in_create = creation_runs_here(instance);
    pthread_mutex_lock(&creations->lock);
    is_in_create = is_in_create && instance->creation.state == CREATION_RUNNING;
    if (is_in_create) {
        instance->creation.state = CREATION_AWAITED;
        instance->creation.ticket = ++creations->last_ticket;
        instance->creation.next = creations->awaited;
        creations->awaited = instance;
        *ticket = (struct sl_ticket){instance->creation.ticket, instance->pipeline};
    }
    pthread_mutex_unlock(&creations->lock);
    return is_in_create ? 0 : -1;
}

static void deliver_wake(struct loop *loop, struct mail *mail)
{
    struct creations *creations =
        (struct creations *)((char *)mail - offsetof(struct creations, wake));
    (void)loop;
    pthread_mutex_lock(&creations->lock);
    creations->is_waking = false;
    pthread_mutex_unlock(&creations->lock);
}

/* With the lock. Whoever waits looks at the instances when the mail has been delivered. */
static void wake_main_thread(struct pipeline *pipeline)
{
    struct creations *creations = &pipeline->creations;
    if (creations->is_waking)
        return;
    creations->is_waking = true;
    creations->wake.deliver = deliver_wake;
    mailbox_post(pipeline->control, &creations->wake);
}

static struct instance *find_awaited(const struct creations *creations, uint64_t ticket)
{
    struct instance *instance = creations->awaited;
    while (instance != NULL && instance->creation.ticket != ticket)
        instance = instance->creation.next;
    return instance;
}

int creation_complete(struct sl_ticket ticket, const char *error)
{
    struct pipeline *pipeline = ticket.owner;
    if (ticket.value == 0 || pipeline == NULL)
        return SL_GONE;
    pthread_mutex_lock(&pipeline->creations.lock);
    struct instance *instance = find_awaited(&pipeline->creations, ticket.value);
    if (instance != NULL) {
        unlink_awaited(&pipeline->creations, instance);
        instance->creation.state = error == NULL ? CREATION_DONE : CREATION_FAILED;
        if (error != NULL)
            instance->creation.failure = strdup(error);
        wake_main_thread(pipeline);
    }
    pthread_mutex_unlock(&pipeline->creations.lock);
    return instance != NULL ? 0 : SL_GONE;
}

enum creation_state creation_state_of(struct instance *instance)
{
    pthread_mutex_lock(&instance->pipeline->creations.lock);
    enum creation_state state = instance->creation.state;
    pthread_mutex_unlock(&instance->pipeline->creations.lock);
    return state;
}

const char *creation_failure(const struct instance *instance)
{
    const char *failure = instance->creation.failure;
    return failure != NULL && failure[0] != '\0' ? failure : "it gave no reason";
}

void creation_forget(struct instance *instance)
{
    struct creations *creations = &instance->pipeline->creations;
    pthread_mutex_lock(&creations->lock);
    unlink_awaited(creations, instance);
    pthread_mutex_unlock(&creations->lock);
}

void creation_each(struct pipeline *pipeline,
                   void (*visit)(void *context, const struct instance *instance), void *context)
{
    pthread_mutex_lock(&pipeline->creations.lock);
    for (const struct instance *instance = pipeline->creations.awaited; instance != NULL;
         instance = instance->creation.next)
        visit(context, instance);
    pthread_mutex_unlock(&pipeline->creations.lock);
}
