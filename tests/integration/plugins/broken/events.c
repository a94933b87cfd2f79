/* Makes the mistake with on_event that its option names. */
#include <sluice/plugin.h>

#include <string.h>

#define ROOM 128

static const char *const mistakes[] = {"none",   "event",  "name",  "payload", "emitter", "end",
                                       "write",  "empty",  "small", "room",    "client",  "defer",
                                       "emit",   "blocks", "leak",  "forget",  "late",    "state",
                                       "memory", "silent", NULL};

static const struct sl_option options[] = {
    {.name = "mistake",
     .type = SL_OPTION_CHOICE,
     .default_value = "none",
     .choices = mistakes,
     .summary = "what is done wrong"},
};

static const struct sl_event *kept_event;
static const char *kept;
static struct sl_ticket ticket;
static int heard;

static int is(const struct sl_instance *self, const char *mistake)
{
    struct sl_string name = sl_option_string(self, "mistake");
    return name.len == strlen(mistake) && memcmp(name.data, mistake, name.len) == 0;
}

static int create(struct sl_instance *self)
{
    if (is(self, "silent"))
        return 0;
    return self->host->event_listen(self, sl_string_of("something.happened"));
}

/* What was kept is read at the next call. */
static void keep(const char *text)
{
    if (kept != NULL && *kept == 'x')
        heard++;
    kept = text;
}

static void remember(struct sl_instance *self, const struct sl_event *event)
{
    if (is(self, "event")) {
        if (kept_event != NULL && kept_event->payload.len == 0)
            heard++;
        kept_event = event;
    }
    if (is(self, "name"))
        keep(event->name.data);
    if (is(self, "payload") && event->payload.len > 0)
        keep(event->payload.data);
    if (is(self, "emitter"))
        keep(event->emitter);
}

static void copy(struct sl_instance *self, const struct sl_event *event)
{
    if (is(self, "small")) {
        char small[1024];
        memcpy(small, event->payload.data, event->payload.len);
        heard += small[heard & 1023];
    }
    if (is(self, "room"))
        strcpy(self->state, event->emitter);
    if (is(self, "memory")) {
        char *memory = self->host->allocate(event->payload.len + 1);
        memcpy(memory, event->payload.data, event->payload.len);
        memory[event->payload.len] = '\0';
        heard += memory[0];
        self->host->release(memory);
    }
}

static void on_event(struct sl_instance *self, struct sl_client *client,
                     const struct sl_event *event)
{
    remember(self, event);
    copy(self, event);
    if (is(self, "end"))
        heard += strlen(event->payload.data);
    if (is(self, "write") && event->payload.len > 0)
        *(char *)event->payload.data = 'X';
    if (is(self, "empty"))
        heard += event->payload.data[0];
    if (is(self, "client"))
        heard += self->host->client_id(client) != 0;
    if (is(self, "defer"))
        self->host->defer(self, client, NULL, &ticket);
    if (is(self, "emit"))
        self->host->event_emit(self, client, event->name, event->payload);
    if (is(self, "late"))
        self->host->event_listen(self, sl_string_of("something.else"));
    while (is(self, "blocks") && event->payload.len == SL_EVENT_PAYLOAD_MAX)
        heard++;
    if (is(self, "leak") || (is(self, "forget") && client != NULL))
        self->host->allocate(40);
    if (is(self, "state")) /* of all instances */
        heard++;
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    (void)client, (void)message;
    return is(self, "state") && heard % 2 == 0 ? SL_DROP : SL_CONTINUE;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,         .name = "events",
    .version = "1.0.0",       .summary = "Mistakes with events",
    .license = "MIT",         SL_OPTIONS(options),
    .instance_size = ROOM,    .create = create,
    .on_message = on_message, .on_event = on_event,
};
