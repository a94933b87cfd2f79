/*
 * talkative: calls the host wherever it may: in create, on_open, on_close and destroy, and from a
 * thread of its own that lives from create to destroy.
 */
#include <sluice/plugin.h>

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#define PACE 200000 /* ns between two rounds of the thread */

struct talkative {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool end;
    _Atomic uint64_t last; /* the id of the client that has opened last */
};

static void talk(const struct sl_instance *self)
{
    const struct talkative *talkative = self->state;
    static const char text[] = "about nothing";
    self->host->broadcast(self, NULL, SL_TEXT, text, sizeof text - 1);
    self->host->broadcast(self, "*", SL_BINARY, text, sizeof text - 1);
    self->host->send(self, atomic_load(&talkative->last), SL_TEXT, text, sizeof text - 1);
    self->host->close(self, UINT64_C(0xffffff00), 4000, text); /* nobody's id */
    self->host->client_count(self, NULL);
    self->host->client_count(self, "*");
}

static void wait_a_moment(struct talkative *talkative)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += PACE;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    pthread_cond_timedwait(&talkative->ended, &talkative->lock, &until);
}

static void *talk_on(void *argument)
{
    struct sl_instance *self = argument;
    struct talkative *talkative = self->state;
    pthread_mutex_lock(&talkative->lock);
    while (!talkative->end) {
        pthread_mutex_unlock(&talkative->lock);
        talk(self);
        pthread_mutex_lock(&talkative->lock);
        if (!talkative->end)
            wait_a_moment(talkative);
    }
    pthread_mutex_unlock(&talkative->lock);
    return NULL;
}

static int create(struct sl_instance *self)
{
    struct talkative *talkative = self->state;
    talk(self);
    pthread_mutex_init(&talkative->lock, NULL);
    pthread_cond_init(&talkative->ended, NULL);
    if (pthread_create(&talkative->thread, NULL, talk_on, self) != 0)
        return sl_fail(self, "cannot start a thread");
    return 0;
}

static void destroy(struct sl_instance *self)
{
    struct talkative *talkative = self->state;
    talk(self);
    pthread_mutex_lock(&talkative->lock);
    talkative->end = true;
    pthread_cond_signal(&talkative->ended);
    pthread_mutex_unlock(&talkative->lock);
    pthread_join(talkative->thread, NULL);
    pthread_cond_destroy(&talkative->ended);
    pthread_mutex_destroy(&talkative->lock);
    talk(self);
}

static void on_open(struct sl_instance *self, struct sl_client *client)
{
    struct talkative *talkative = self->state;
    atomic_store(&talkative->last, self->host->client_id(client));
    talk(self);
}

static void on_close(struct sl_instance *self, struct sl_client *client, const struct sl_close *how)
{
    (void)client;
    (void)how;
    talk(self);
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "talkative",
    .version = "1.0.0", .summary = "Calls the host from every place",
    .license = "MIT",   .instance_size = sizeof(struct talkative),
    .create = create,   .destroy = destroy,
    .on_open = on_open, .on_close = on_close,
};
