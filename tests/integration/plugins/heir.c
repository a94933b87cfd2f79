/*
 * heir: counts messages, and hands its count over to the instance that replaces it. It looks
 * whether anything of the old instance still runs, and says in the log what it has found. Built in
 * two versions, of which the second has a larger state. `count` is answered with the count; `late`
 * is delayed, so that its client's verdict is awaited for a while.
 */
#include <sluice/plugin.h>

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

struct state {
    atomic_ulong count;
    atomic_int running; /* hooks */
    atomic_int clients;
    char *mark; /* from the host's heap; moves from one to the next */
#if VERSION == 2
    char more[256];
#endif
};

static void on_open(struct sl_instance *self, struct sl_client *client)
{
    struct state *state = self->state;
    (void)client;
    atomic_fetch_add(&state->clients, 1);
}

static void on_close(struct sl_instance *self, struct sl_client *client, const struct sl_close *how)
{
    struct state *state = self->state;
    (void)client;
    (void)how;
    atomic_fetch_sub(&state->clients, 1);
}

static void answer(struct sl_instance *self, struct sl_client *client)
{
    char text[64];
    struct state *state = self->state;
    int len = snprintf(text, sizeof text, "%lu v%d", atomic_load(&state->count), VERSION);
    self->host->client_send(client, SL_TEXT, text, (size_t)len);
}

static enum sl_verdict delay(struct sl_instance *self, struct sl_client *client)
{
    struct sl_ticket ticket;
    const struct sl_deferral how = {
        .struct_size = sizeof how, .is_delay = true, .timeout = 50 * INT64_C(1000000)};
    return self->host->defer(self, client, &how, &ticket);
}

static enum sl_verdict decide(struct sl_instance *self, struct sl_client *client,
                              const struct sl_message *message)
{
    struct state *state = self->state;
    if (message->len == 5 && memcmp(message->data, "count", 5) == 0) {
        answer(self, client);
        return SL_HANDLED;
    }
    atomic_fetch_add(&state->count, 1);
    if (message->len == 4 && memcmp(message->data, "late", 4) == 0)
        return delay(self, client);
    return SL_HANDLED;
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    struct state *state = self->state;
    atomic_fetch_add(&state->running, 1);
    enum sl_verdict verdict = decide(self, client, message);
    atomic_fetch_sub(&state->running, 1);
    return verdict;
}

static int create(struct sl_instance *self)
{
    struct state *state = self->state;
    state->mark = self->host->allocate(1);
    return state->mark != NULL ? 0 : sl_fail(self, "no memory");
}

static void destroy(struct sl_instance *self)
{
    struct state *state = self->state;
    self->host->release(state->mark);
}

/* Hooks of this instance run meanwhile: the count is added to. The mark moves. */
static void on_handover(struct sl_instance *self, const struct sl_handover *from)
{
    struct state *state = self->state, *old = from->state;
    if (from->state_size < offsetof(struct state, mark) + sizeof old->mark)
        return;
    unsigned long count = atomic_load(&old->count);
    self->host->release(state->mark);
    state->mark = old->mark;
    old->mark = NULL;
    atomic_fetch_add(&state->count, count);
    sl_log(self, SL_LOG_INFO, "took over from %s, of %u bytes: running %d, clients %d",
           from->version, (unsigned)from->state_size, atomic_load(&old->running),
           atomic_load(&old->clients));
}

#define TEXT_OF(number) #number
#define VERSION_OF(number) TEXT_OF(number) ".0.0"

static const struct sl_option options[] = {
    {.name = "tag", .type = SL_OPTION_STRING, .default_value = "none", .summary = "Its tag"},
};

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "heir",
    .version = VERSION_OF(VERSION),
    .summary = "Hands its count over",
    .license = "MIT",
    SL_OPTIONS(options),
    .instance_size = sizeof(struct state),
    .create = create,
    .destroy = destroy,
    .on_open = on_open,
    .on_close = on_close,
    .on_message = on_message,
    .on_handover = on_handover,
};
