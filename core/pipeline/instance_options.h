/*
 * The options of an instance over time: a reload replaces them while threads of every kind may be
 * reading the ones before.
 *
 * Who reads decides how long a set stays:
 * - a hook, on a loop or on the main thread: the set outlives the hook, since a reload gives it up
 *   only when every loop has been between two hooks;
 * - offloaded work: the first set that the work reads is its set until the work ends;
 * - a thread of the plugin's own, of which the server knows no end: the set stays as long as the
 *   instance. Such sets are kept only where such threads exist.
 */
#ifndef SLUICE_PIPELINE_INSTANCE_OPTIONS_H
#define SLUICE_PIPELINE_INSTANCE_OPTIONS_H

#include "base/error.h"

#include <pthread.h>
#include <stdatomic.h>

struct option_set;

/* One set of options, shared by those who may still read it. */
struct options_version {
    _Atomic unsigned references;
    struct option_set *set;            /* owned; NULL: a plugin without options */
    struct options_version *next_lent; /* in instance_options.lent */
    int is_lent;                       /* to a thread of the plugin's own; under the lock */
};

struct instance_options {
    _Atomic(struct options_version *) current; /* one reference; NULL before the first */
    struct options_version *lent;              /* one reference each; under the lock */
    pthread_mutex_t lock; /* held to read `current` on a thread that no loop waits for */
};

/* Wraps a set, which it takes also after an error, with one reference. Returns 0 or ERR_NO_MEMORY.
 */
MUST_CHECK int options_version_create(struct option_set *set, struct options_version **out);

/* One reference less; the last one frees the set. Any thread. NULL is fine. */
void options_version_unref(struct options_version *version);

void instance_options_init(struct instance_options *options);

/* Gives all sets up; nobody may read any more. */
void instance_options_deinit(struct instance_options *options);

/* Makes `next` current (taking its reference) and returns the one before, whose reference is the
 * caller's. Main thread. */
struct options_version *instance_options_exchange(struct instance_options *options,
                                                  struct options_version *next);

/* The set for a hook. */
struct option_set *instance_options_in_hook(struct instance_options *options);

/* The current version with a reference for the caller: for offloaded work. Any thread. */
struct options_version *instance_options_hold(struct instance_options *options);

/* The set for a thread of the plugin's own. */
struct option_set *instance_options_lend(struct instance_options *options);

#endif
