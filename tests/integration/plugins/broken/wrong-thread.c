/*
 * wrong-thread: asks for a client's identity on a thread of its own.
 */
#include <sluice/plugin.h>

#include <pthread.h>

struct question {
    const struct sl_host *host;
    struct sl_client *client;
};

static void *ask(void *context)
{
    const struct question *question = context;
    question->host->client_identity(question->client);
    return NULL;
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    struct question question = {self->host, client};
    pthread_t thread;
    (void)message;
    if (pthread_create(&thread, NULL, ask, &question) == 0)
        pthread_join(thread, NULL);
    return SL_CONTINUE;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "wrong-thread",
    .version = "1.0.0", .summary = "A plugin with a mistake",
    .license = "MIT",   .on_message = on_message,
};
