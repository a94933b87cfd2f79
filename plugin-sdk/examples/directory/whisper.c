/*
 * whisper: a message "@ada hello" goes to ada alone. Who ada is, the plugin `directory` knows,
 * which stands before this one in the pipeline. With `announce: true` everybody is told who joins
 * and leaves, which `directory` emits as events.
 */
#include "directory.h"

#include <string.h>

#define TEXT_MAX 1024

struct state {
    const struct directory *directory; /* both stay until destroy has returned */
    struct sl_instance *provider;
};

static int create(struct sl_instance *self)
{
    struct state *state = self->state;
    const struct sl_service *service =
        self->host->service_find(self, DIRECTORY_NAME, DIRECTORY_MAJOR, DIRECTORY_MINOR);
    if (service == NULL)
        return SL_ERROR; /* It has been said what is missing. */
    state->directory = service->table;
    state->provider = service->provider;
    if (sl_option_bool(self, "announce") &&
        (self->host->event_listen(self, sl_string_of(DIRECTORY_JOINED)) != 0 ||
         self->host->event_listen(self, sl_string_of(DIRECTORY_LEFT)) != 0))
        return SL_ERROR;
    return 0;
}

/* The payload is the name. */
static void on_event(struct sl_instance *self, struct sl_client *client,
                     const struct sl_event *event)
{
    char text[64];
    (void)client; /* NULL when it leaves. */
    int len = snprintf(text, sizeof text, "%.*s %s", (int)event->payload.len, event->payload.data,
                       strcmp(event->name.data, DIRECTORY_JOINED) == 0 ? "joins" : "leaves");
    if (len > 0 && (size_t)len < sizeof text)
        self->host->broadcast(self, NULL, SL_TEXT, text, (size_t)len);
}

/* Writes "NAME: TEXT". Returns its length; 0: it is too long. */
static size_t make_text(char out[TEXT_MAX], const char *name, const char *text, size_t len)
{
    size_t name_len = strlen(name);
    if (name_len + 2 + len > TEXT_MAX)
        return 0;
    memcpy(out, name, name_len);
    memcpy(out + name_len, ": ", 2);
    memcpy(out + name_len + 2, text, len);
    return name_len + 2 + len;
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    char text[TEXT_MAX];
    const struct state *state = self->state;
    if (message->type != SL_TEXT || message->len == 0 || message->data[0] != '@')
        return SL_CONTINUE;
    const char *name = message->data + 1, *end = message->data + message->len;
    const char *blank = memchr(name, ' ', (size_t)(end - name));
    if (blank == NULL)
        return SL_CONTINUE;
    uint64_t id = state->directory->find(state->provider, name, (size_t)(blank - name));
    const char *from = state->directory->name_of(state->provider, client);
    size_t len =
        make_text(text, from[0] != '\0' ? from : "somebody", blank + 1, (size_t)(end - blank - 1));
    if (id == 0 || len == 0)
        return SL_DROP;
    return self->host->send(self, id, SL_TEXT, text, len) == 0 ? SL_HANDLED : SL_DROP;
}

static const struct sl_option options[] = {
    {.name = "announce",
     .type = SL_OPTION_BOOL,
     .default_value = "false",
     .summary = "Tell everybody who joins and leaves"},
};

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "whisper",
    .version = "1.0.0",
    .summary = "Sends a message that begins with @NAME to the client of that name",
    .license = "MIT",
    SL_OPTIONS(options),
    .instance_size = sizeof(struct state),
    .create = create,
    .on_message = on_message,
    .on_event = on_event,
};
