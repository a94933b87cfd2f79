/*
 * outlives-destroy: begins a thread in create and leaves it running.
 */
#include <sluice/plugin.h>

#include <pthread.h>
#include <time.h>

static void *run(void *context)
{
    struct timespec time = {.tv_nsec = 1000000};
    (void)context;
    pthread_setname_np(pthread_self(), "left-over");
    for (;;)
        nanosleep(&time, NULL);
    return NULL;
}

static int create(struct sl_instance *self)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, NULL) != 0)
        return sl_fail(self, "no thread");
    pthread_detach(thread);
    return 0;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "outlives-destroy",
    .version = "1.0.0", .summary = "A plugin with a mistake",
    .license = "MIT",   .create = create,
};
