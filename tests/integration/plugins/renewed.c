/*
 * renewed: says whether it takes new options live, and how its create ends, by its options. Each
 * message is answered with the tag that it has been created with or has taken since, and with how
 * many messages it and those before it have seen; "reloads" with how often on_reload was called.
 */
#include <sluice/plugin.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct state {
    _Atomic(const char *) tag;
    atomic_ulong messages;
    atomic_ulong reloads;
    struct sl_ticket ticket; /* of a create that finishes later */
    pthread_t thread;        /* which completes it */
    bool has_thread;
    char gate[256]; /* the file that it waits for */
    atomic_bool is_over;
};

/* Tags outlive their options. */
static const char *const tags[] = {"a", "b", "c", NULL};

static bool is(const struct sl_instance *self, const char *option, const char *value)
{
    struct sl_string found = sl_option_string(self, option);
    return found.len == strlen(value) && memcmp(found.data, value, found.len) == 0;
}

static void take_tag(struct sl_instance *self)
{
    struct state *state = self->state;
    for (const char *const *tag = tags; *tag != NULL; tag++)
        if (is(self, "tag", *tag))
            atomic_store(&state->tag, *tag);
}

/* Until the gate is there, or there is no one who waits for it. One with `nothing` in its name
 * is a gate behind which nothing can begin. */
static void *wait_for_gate(void *argument)
{
    struct sl_instance *self = argument;
    struct state *state = self->state;
    while (!atomic_load(&state->is_over) && access(state->gate, F_OK) != 0)
        usleep(1000);
    self->host->create_complete(state->ticket, strstr(state->gate, "nothing") != NULL
                                                   ? "nothing is behind the gate"
                                                   : NULL);
    return NULL;
}

static int create_later(struct sl_instance *self)
{
    struct state *state = self->state;
    struct sl_string gate = sl_option_string(self, "gate");
    snprintf(state->gate, sizeof state->gate, "%.*s", (int)gate.len, gate.data);
    if (self->host->create_defer(self, &state->ticket) != 0)
        return sl_fail(self, "no ticket");
    if (gate.len == 0)
        return 0; /* Nobody ever completes it. */
    state->has_thread = pthread_create(&state->thread, NULL, wait_for_gate, self) == 0;
    return state->has_thread ? 0 : sl_fail(self, "no thread");
}

static int create(struct sl_instance *self)
{
    take_tag(self);
    if (is(self, "create", "later"))
        return create_later(self);
    return is(self, "create", "fail") ? sl_fail(self, "not created, as was asked") : 0;
}

static void destroy(struct sl_instance *self)
{
    struct state *state = self->state;
    atomic_store(&state->is_over, true);
    if (state->has_thread)
        pthread_join(state->thread, NULL);
    sl_log(self, SL_LOG_INFO, "destroyed, completing it says %d",
           self->host->create_complete(state->ticket, NULL));
}

static int on_reload(struct sl_instance *self)
{
    struct state *state = self->state;
    atomic_fetch_add(&state->reloads, 1);
    if (is(self, "reload", "refuse"))
        return sl_fail(self, "not taken, as was asked");
    if (is(self, "reload", "replace"))
        return SL_RELOAD_REPLACE;
    take_tag(self);
    return 0;
}

static void on_handover(struct sl_instance *self, const struct sl_handover *from)
{
    struct state *state = self->state, *old = from->state;
    atomic_fetch_add(&state->messages, atomic_load(&old->messages));
    sl_log(self, SL_LOG_INFO, "took over from tag %s", atomic_load(&old->tag));
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    char text[64];
    struct state *state = self->state;
    bool is_about_reloads = message->len == 7 && memcmp(message->data, "reloads", 7) == 0;
    int len = is_about_reloads
                  ? snprintf(text, sizeof text, "reloads %lu", atomic_load(&state->reloads))
                  : snprintf(text, sizeof text, "%s %lu", atomic_load(&state->tag),
                             atomic_fetch_add(&state->messages, 1) + 1);
    self->host->client_send(client, SL_TEXT, text, (size_t)len);
    return SL_HANDLED;
}

static const char *const reloads[] = {"take", "refuse", "replace", NULL};
static const char *const creates[] = {"succeed", "fail", "later", NULL};

static const struct sl_option options[] = {
    {.name = "tag",
     .type = SL_OPTION_CHOICE,
     .default_value = "a",
     .choices = tags,
     .summary = "Its tag"},
    {.name = "reload",
     .type = SL_OPTION_CHOICE,
     .default_value = "take",
     .choices = reloads,
     .summary = "What on_reload says to these options"},
    {.name = "create",
     .type = SL_OPTION_CHOICE,
     .default_value = "succeed",
     .choices = creates,
     .summary = "How create ends with these options"},
    {.name = "gate",
     .type = SL_OPTION_STRING,
     .summary = "The file whose appearance ends a create that finishes later; none: nothing does"},
};

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "renewed",
    .version = "1.0.0",
    .summary = "Takes new options, or asks for a new instance",
    .license = "MIT",
    SL_OPTIONS(options),
    .instance_size = sizeof(struct state),
    .create = create,
    .destroy = destroy,
    .on_reload = on_reload,
    .on_handover = on_handover,
    .on_message = on_message,
};
