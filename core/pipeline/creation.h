/*
 * Instances whose create finishes later: it asks for a ticket (host->create_defer), returns, and
 * says with it whether the instance can begin (host->create_complete), from any thread.
 *
 * The pipeline keeps a list of those that are awaited; the main thread is woken when one of them
 * has been completed. A ticket whose instance is gone, or completed already, is not in the list any
 * more, so completing it is harmless. Any thread, where nothing else is said.
 */
#ifndef SLUICE_PIPELINE_CREATION_H
#define SLUICE_PIPELINE_CREATION_H

#include "loop/mailbox.h"

#include <sluice/plugin.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct instance;
struct pipeline;

enum creation_state {
    CREATION_DONE,    /* also before create is called */
    CREATION_RUNNING, /* create is running, and has not asked for a ticket */
    CREATION_AWAITED, /* it has, which is not completed */
    CREATION_FAILED   /* completed with an error */
};

/* Of an instance; under the pipeline's lock. */
struct creation {
    enum creation_state state;
    uint64_t ticket;
    int64_t returned;      /* ns, monotonic: when create has, or its time counts anew from */
    char *failure;         /* owned: why; NULL: no memory for it, or not failed */
    struct instance *next; /* in the list of those that are awaited */
};

/* Of a pipeline. All zero is a list without anybody. */
struct creations {
    pthread_mutex_t lock;
    struct instance *awaited;
    uint64_t last_ticket;
    struct mail wake; /* to the main thread */
    bool is_waking;   /* it is on its way */
};

/* create is called, and has returned `result`. Returns the state then. Main thread. */
void creation_begin(struct instance *instance);
enum creation_state creation_end(struct instance *instance, int result);

/* Whether this is the instance's create, or what it calls: not a timer, offloaded work or another
 * callback that runs on another thread meanwhile. */
bool creation_runs_here(const struct instance *instance);

/* The time of one that is awaited counts from now. Main thread. */
void creation_count_anew(struct instance *instance);

/* As sl_host says: 0, or -1. */
int creation_defer(struct sl_instance *self, struct sl_ticket *ticket);

/* As sl_host says: 0, or SL_GONE. */
int creation_complete(struct sl_ticket ticket, const char *error_cstr);

enum creation_state creation_state_of(struct instance *instance);

/* Why it has failed. Main thread, when it has. */
const char *creation_failure(const struct instance *instance);

/* The instance is not awaited any more, if it was; its ticket is worth nothing. */
void creation_forget(struct instance *instance);

/* Calls `visit` for each instance that is awaited; it must not call anything of this file. */
void creation_each(struct pipeline *pipeline,
                   void (*visit)(void *context, const struct instance *instance), void *context);

#endif
