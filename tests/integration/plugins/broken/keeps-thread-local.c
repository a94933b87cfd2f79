/*
 * keeps-thread-local: has a thread-local object with a destructor, as `thread_local std::string` in
 * C++ is one, so that the loader keeps the file for as long as a thread of the server runs.
 */
#include <sluice/plugin.h>

extern int __cxa_thread_atexit_impl(void (*destroy)(void *object), void *object, void *file);
extern void *__dso_handle;

static _Thread_local bool is_made;

static void destroy_object(void *object)
{
    *(bool *)object = false;
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    (void)self;
    (void)client;
    (void)message;
    if (!is_made)
        is_made = __cxa_thread_atexit_impl(destroy_object, &is_made, &__dso_handle) == 0;
    return SL_CONTINUE;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "keeps-thread-local",
    .version = "1.0.0", .summary = "A plugin with a mistake",
    .license = "MIT",   .on_message = on_message,
};
