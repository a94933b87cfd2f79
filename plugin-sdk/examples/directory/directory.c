/*
 * directory: clients give themselves a name, /ws?name=ada, and plugins that come after this one in
 * the pipeline find them by it: see directory.h.
 */
#include "directory.h"

#include <pthread.h>
#include <string.h>

#define NAME_MAX_LEN 31

/* A client's state, and its place in the list of all. */
struct entry {
    struct entry *next;
    uint64_t id;
    char name[NAME_MAX_LEN + 1];
};

struct state {
    pthread_mutex_t lock; /* of the list: clients come, go and are looked for on many threads */
    struct entry *first;
};

/* -- the service -- */

static uint64_t find(struct sl_instance *self, const char *name, size_t len)
{
    struct state *state = self->state;
    uint64_t id = 0;
    pthread_mutex_lock(&state->lock);
    for (const struct entry *at = state->first; len > 0 && at != NULL && id == 0; at = at->next)
        if (strlen(at->name) == len && memcmp(at->name, name, len) == 0)
            id = at->id;
    pthread_mutex_unlock(&state->lock);
    return id;
}

/* `client` is another plugin's, in a hook of it; this plugin has a state of its own for it. */
static const char *name_of(struct sl_instance *self, struct sl_client *client)
{
    const struct entry *entry = self->host->client_state(self, client);
    return entry->name;
}

static const struct directory service = {
    .struct_size = sizeof service, .find = find, .name_of = name_of};

/* -- what others are told -- */

/* Those that listen may be before this plugin in the pipeline, too. */
static void tell(struct sl_instance *self, struct sl_client *client, const char *event)
{
    const struct entry *entry = self->host->client_state(self, client);
    if (entry->name[0] != '\0')
        self->host->event_emit(self, client, sl_string_of(event), sl_string_of(entry->name));
}

/* -- hooks -- */

static int create(struct sl_instance *self)
{
    struct state *state = self->state;
    if (self->host->service_provide(self, DIRECTORY_NAME, DIRECTORY_MAJOR, DIRECTORY_MINOR,
                                    &service) != 0)
        return SL_ERROR; /* It has been said why. */
    return pthread_mutex_init(&state->lock, NULL) == 0 ? 0 : sl_fail(self, "there is no lock");
}

/* Called after the destroy of every plugin that has found the service. */
static void destroy(struct sl_instance *self)
{
    struct state *state = self->state;
    pthread_mutex_destroy(&state->lock);
}

static enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request)
{
    struct entry *entry = self->host->client_state(self, client);
    struct sl_string name;
    if (!self->host->request_query(request, "name", &name))
        return SL_CONTINUE;
    if (name.len > NAME_MAX_LEN)
        return self->host->deny(request, 400, "a name has at most 31 bytes");
    memcpy(entry->name, name.data, name.len);
    return SL_CONTINUE;
}

static void on_open(struct sl_instance *self, struct sl_client *client)
{
    struct state *state = self->state;
    struct entry *entry = self->host->client_state(self, client);
    entry->id = self->host->client_id(client);
    pthread_mutex_lock(&state->lock);
    entry->next = state->first;
    state->first = entry;
    pthread_mutex_unlock(&state->lock);
    tell(self, client, DIRECTORY_JOINED); /* Not under the lock: who hears it may call find. */
}

static void on_close(struct sl_instance *self, struct sl_client *client, const struct sl_close *how)
{
    struct state *state = self->state;
    struct entry *entry = self->host->client_state(self, client), **link = &state->first;
    (void)how;
    pthread_mutex_lock(&state->lock);
    while (*link != entry)
        link = &(*link)->next;
    *link = entry->next;
    pthread_mutex_unlock(&state->lock);
    tell(self, client, DIRECTORY_LEFT);
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "directory",
    .version = "1.0.0",
    .summary = "Gives clients names, by which other plugins find them",
    .license = "MIT",
    .instance_size = sizeof(struct state),
    .client_size = sizeof(struct entry),
    .create = create,
    .destroy = destroy,
    .on_connect = on_connect,
    .on_open = on_open,
    .on_close = on_close,
};
