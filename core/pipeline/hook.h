/*
 * Says whose hook runs on this thread: for crash reports, the watchdog, and host functions that ask
 * which instance or stage has called them.
 *
 * Any thread. Hooks do not nest, but for on_subscribe and on_publish, which run inside of a host
 * function that another hook has called.
 */
#ifndef SLUICE_PIPELINE_HOOK_H
#define SLUICE_PIPELINE_HOOK_H

#include "base/crash.h"
#include "pipeline/instance.h"

struct stage;

/* The next hook for the client that the hook before was about. For the message path. */
static inline void hook_begin_next(const struct instance *instance, const struct stage *stage,
                                   const char *name)
{
    crash_enter_stage(&instance->crash, name, stage);
}

/* A hook begins. `stage` is NULL outside of a chain, `client_id` 0 if it is about no client, `name`
 * in static storage. */
static inline void hook_begin(const struct instance *instance, const struct stage *stage,
                              uint64_t client_id, const char *name)
{
    crash_about(client_id);
    hook_begin_next(instance, stage, name);
}

/* It has returned. */
static inline void hook_end(void)
{
    crash_leave();
}

/* What runs on this thread, while a hook inside of it takes its place. */
struct hook_outer {
    const struct crash_subject *subject;
    const char *name;
    uint64_t client_id;
    const void *stage;
};

/* Where no hook runs, what follows is a step of its own. */
static inline struct hook_outer hook_leave_outer(void)
{
    if (crash_current() == NULL)
        crash_step();
    return (struct hook_outer){
        .subject = crash_current(),
        .name = atomic_load_explicit(&crash_here.hook, memory_order_relaxed),
        .client_id = atomic_load_explicit(&crash_here.client_id, memory_order_relaxed),
        .stage = crash_here.stage};
}

/* A hook begins inside of another. To the watchdog it is a part of that one: a hook that publishes
 * for ever makes no progress. */
static inline void hook_begin_inside(const struct instance *instance, const struct stage *stage,
                                     uint64_t client_id, const char *name)
{
    crash_about(client_id);
    crash_enter_inside(&instance->crash, name, stage);
}

static inline void hook_go_on(const struct hook_outer *outer)
{
    crash_about(outer->client_id);
    crash_enter_inside(outer->subject, outer->name, outer->stage);
}

/* The id of the client that the hook on this thread is about; 0: none. */
static inline uint64_t hook_client_id(void)
{
    return atomic_load_explicit(&crash_here.client_id, memory_order_relaxed);
}

/* The instance whose hook runs on this thread, or NULL. */
static inline const struct instance *hook_instance(void)
{
    const struct crash_subject *subject = crash_current();
    if (subject == NULL)
        return NULL;
    return (const struct instance *)(const void *)((const char *)subject -
                                                   offsetof(struct instance, crash));
}

/* The stage whose hook runs on this thread; NULL: the hook that runs is not a stage's. Only while
 * hook_instance is not NULL. */
static inline const struct stage *hook_stage(void)
{
    return crash_here.stage;
}

#endif
