#include "pipeline/instance_options.h"

#include "config/options.h"

#include <stdlib.h>

int options_version_create(struct option_set *set, struct options_version **out)
{
    struct options_version *version = calloc(1, sizeof *version);
    if (version == NULL) {
        option_set_destroy(set);
        return ERR_NO_MEMORY;
    }
    atomic_init(&version->references, 1);
    version->set = set;
    *out = version;
    return OK;
}

static struct options_version *options_version_ref(struct options_version *version)
{
    atomic_fetch_add_explicit(&version->references, 1, memory_order_relaxed);
    return version;
}

void options_version_unref(struct options_version *version)
{
    if (version == NULL ||
        atomic_fetch_sub_explicit(&version->references, 1, memory_order_acq_rel) > 1)
        return;
    option_set_destroy(version->set);
    free(version);
}

void instance_options_init(struct instance_options *options)
{
    atomic_init(&options->current, NULL);
    options->lent = NULL;
    pthread_mutex_init(&options->lock, NULL);
}

void instance_options_deinit(struct instance_options *options)
{
    while (options->lent != NULL) {
        struct options_version *version = options->lent;
        options->lent = version->next_lent;
        options_version_unref(version);
    }
    options_version_unref(atomic_load_explicit(&options->current, memory_order_relaxed));
    pthread_mutex_destroy(&options->lock);
}

struct options_version *instance_options_exchange(struct instance_options *options,
                                                  struct options_version *next)
{
    pthread_mutex_lock(&options->lock);
    struct options_version *before =
        atomic_exchange_explicit(&options->current, next, memory_order_acq_rel);
    pthread_mutex_unlock(&options->lock);
    return before;
}

struct option_set *instance_options_in_hook(struct instance_options *options)
{
    const struct options_version *version =
        atomic_load_explicit(&options->current, memory_order_acquire);
    return version != NULL ? version->set : NULL;
}

struct options_version *instance_options_hold(struct instance_options *options)
{
    pthread_mutex_lock(&options->lock);
    struct options_version *version =
        options_version_ref(atomic_load_explicit(&options->current, memory_order_relaxed));
    pthread_mutex_unlock(&options->lock);
    return version;
}

struct option_set *instance_options_lend(struct instance_options *options)
{
    pthread_mutex_lock(&options->lock);
    struct options_version *version = atomic_load_explicit(&options->current, memory_order_relaxed);
    if (!version->is_lent) {
        version->is_lent = 1;
        version->next_lent = options->lent;
        options->lent = options_version_ref(version);
    }
    pthread_mutex_unlock(&options->lock);
    return version->set;
}
