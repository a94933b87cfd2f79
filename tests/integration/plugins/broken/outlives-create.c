/*
 * outlives-create: begins a thread in create, which then fails.
 */
#include <sluice/plugin.h>

#include <pthread.h>
#include <unistd.h>

static void *run(void *context)
{
    for (;;)
        pause();
    return context;
}

static int create(struct sl_instance *self)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, NULL) == 0)
        pthread_detach(thread);
    return sl_fail(self, "nothing works");
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "outlives-create",
    .version = "1.0.0", .summary = "A plugin with a mistake",
    .license = "MIT",   .create = create,
};
