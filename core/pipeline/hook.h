/*
 * Says whose hook runs on this thread: for crash reports, the watchdog, and host functions that ask
 * which instance or stage has called them.
 *
 * Any thread. Hooks do not nest.
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
