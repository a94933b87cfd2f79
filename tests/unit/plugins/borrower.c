/*
 * borrower: calls the service of lender from its hooks, from a thread of its own without end, and
 * in destroy. A message is answered with "lent". Hears the events of lender, and looks whether it
 * is told of them when it is gone, and of its client exactly when its message is lent something.
 */
#include "loans.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ALIVE 0x11fe11fe

struct state {
    atomic_uint sign;
    const struct sl_service *service;
    atomic_bool is_ending;
    pthread_t thread;
};

static void borrow(const struct sl_instance *self, struct sl_client *client)
{
    const struct state *state = self->state;
    const struct loans *loans = state->service->table;
    if (loans->lend(state->service->provider, client) != LOAN)
        abort();
}

static void *borrow_on(void *argument)
{
    const struct sl_instance *self = argument;
    struct state *state = self->state;
    const struct timespec pause = {.tv_nsec = 20000};
    while (!atomic_load(&state->is_ending)) {
        for (int i = 0; i < 20; i++)
            borrow(self, NULL);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

static int create(struct sl_instance *self)
{
    struct state *state = self->state;
    atomic_store(&state->sign, ALIVE);
    state->service = self->host->service_find(self, "loans", 1, 0);
    if (state->service == NULL || self->host->event_listen(self, sl_string_of("lent")) != 0)
        return SL_ERROR;
    borrow(self, NULL);
    return pthread_create(&state->thread, NULL, borrow_on, self) == 0
               ? 0
               : sl_fail(self, "there is no thread");
}

static void destroy(struct sl_instance *self)
{
    struct state *state = self->state;
    atomic_store(&state->is_ending, true);
    pthread_join(state->thread, NULL);
    borrow(self, NULL);
    atomic_store(&state->sign, 0);
}

static void on_event(struct sl_instance *self, struct sl_client *client,
                     const struct sl_event *event)
{
    struct state *state = self->state;
    if (atomic_load(&state->sign) != ALIVE || strcmp(event->name.data, "lent") != 0)
        abort();
    if (client != NULL)
        ++*(int *)self->host->client_state(self, client);
}

static enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request)
{
    (void)request;
    borrow(self, client);
    return SL_CONTINUE;
}

static void on_open(struct sl_instance *self, struct sl_client *client)
{
    borrow(self, client);
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    const int *heard = self->host->client_state(self, client);
    int before = *heard;
    (void)message;
    borrow(self, client);
    if (*heard != before + 1)
        abort();
    self->host->client_send(client, SL_TEXT, "lent", 4);
    return SL_HANDLED;
}

static void on_close(struct sl_instance *self, struct sl_client *client, const struct sl_close *how)
{
    (void)how;
    borrow(self, client);
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,     .name = "borrower",         .version = "1.0.0",
    .summary = "Borrows", .license = "MIT",           .instance_size = sizeof(struct state),
    .create = create,     .destroy = destroy,         .on_connect = on_connect,
    .on_open = on_open,   .on_message = on_message,   .on_close = on_close,
    .on_event = on_event, .client_size = sizeof(int),
};
