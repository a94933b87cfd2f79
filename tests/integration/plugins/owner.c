/*
 * owner: takes memory for each client in on_connect and gives it back in client_free, and says at
 * its end whether that was so for each of them, once and last.
 */
#include <sluice/plugin.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct owner {
    atomic_long taken, freed, closed;
    atomic_long misused; /* calls about a client whose state is freed, or was never made */
};

struct state {
    char *memory; /* owned */
    bool is_open;
    bool is_deferred;
};

static struct owner *owner_of(const struct sl_instance *self)
{
    return self->state;
}

static struct state *state_of(const struct sl_instance *self, struct sl_client *client)
{
    return self->host->client_state(self, client);
}

static void take(struct sl_instance *self, struct state *state)
{
    state->memory = malloc(64);
    if (state->memory == NULL)
        abort();
    memset(state->memory, 'x', 64);
    atomic_fetch_add(&owner_of(self)->taken, 1);
}

static void on_cancel(struct sl_instance *self, struct sl_ticket ticket, void *context,
                      enum sl_cancel_reason reason)
{
    struct state *state = context;
    (void)ticket;
    (void)reason;
    state->is_deferred = false;
    if (state->memory == NULL)
        atomic_fetch_add(&owner_of(self)->misused, 1);
}

static bool asks_for(struct sl_instance *self, const struct sl_request *request, const char *what)
{
    struct sl_string instances;
    return self->host->request_query(request, what, &instances) && instances.len == 1 &&
           self->name[strlen(self->name) - 1] == instances.data[0];
}

static enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request)
{
    struct state *state = state_of(self, client);
    const struct sl_deferral how = {
        .struct_size = sizeof how, .context = state, .on_cancel = on_cancel};
    struct sl_ticket ticket;
    take(self, state);
    if (asks_for(self, request, "deny"))
        return self->host->deny(request, 403, "as asked");
    state->is_deferred = asks_for(self, request, "defer");
    return state->is_deferred ? self->host->defer(self, client, &how, &ticket) : SL_CONTINUE;
}

static void on_open(struct sl_instance *self, struct sl_client *client)
{
    struct state *state = state_of(self, client);
    state->is_open = true;
    if (state->memory == NULL) /* A reload has brought this instance. */
        take(self, state);
}

static void on_close(struct sl_instance *self, struct sl_client *client, const struct sl_close *how)
{
    struct state *state = state_of(self, client);
    (void)how;
    if (state->memory == NULL || !state->is_open)
        atomic_fetch_add(&owner_of(self)->misused, 1);
    state->is_open = false;
    atomic_fetch_add(&owner_of(self)->closed, 1);
}

static void client_free(struct sl_instance *self, struct sl_client *client)
{
    struct state *state = state_of(self, client);
    if (state->memory == NULL || state->is_open || state->is_deferred ||
        self->host->subscribe(client, "x", 1) == 0 || self->host->client_id(client) == 0)
        atomic_fetch_add(&owner_of(self)->misused, 1);
    free(state->memory);
    state->memory = NULL;
    atomic_fetch_add(&owner_of(self)->freed, 1);
}

static void destroy(struct sl_instance *self)
{
    const struct owner *owner = owner_of(self);
    sl_log(self, SL_LOG_INFO, "owner: taken %ld, freed %ld, closed %ld, misused %ld", owner->taken,
           owner->freed, owner->closed, owner->misused);
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "owner",
    .version = "1.0.0",
    .summary = "Owns something for each client",
    .license = "MIT",
    .instance_size = sizeof(struct owner),
    .client_size = sizeof(struct state),
    .destroy = destroy,
    .on_connect = on_connect,
    .on_open = on_open,
    .on_close = on_close,
    .client_free = client_free,
};
