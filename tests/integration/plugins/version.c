/*
 * version: marks each message with the version that it was built with and the tag of its options,
 * and says how many clients it knows. Built several times, for the reload tests.
 */
#include <sluice/plugin.h>

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#ifndef VERSION
#define VERSION "1"
#endif

struct state {
    _Atomic int clients;
    char tag[32];
};

struct client_state {
    bool is_open;
    unsigned messages;
};

static struct client_state *state_of(struct sl_instance *self, struct sl_client *client)
{
    return self->host->client_state(self, client);
}

static void on_open(struct sl_instance *self, struct sl_client *client)
{
    struct state *state = self->state;
    if (state_of(self, client)->is_open || state_of(self, client)->messages != 0)
        self->host->close(self, self->host->client_id(client), 4900, "state not zeroed");
    state_of(self, client)->is_open = true;
    atomic_fetch_add(&state->clients, 1);
}

static void on_close(struct sl_instance *self, struct sl_client *client, const struct sl_close *how)
{
    struct state *state = self->state;
    (void)how;
    atomic_fetch_sub(&state->clients, state_of(self, client)->is_open ? 1 : 1000000);
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    char text[256];
    const struct state *state = self->state;
    struct sl_ticket ticket;
    struct sl_deferral delay = {
        .struct_size = sizeof delay, .is_delay = true, .timeout = 20 * INT64_C(1000000)};
    state_of(self, client)->messages++;
    int len =
        snprintf(text, sizeof text, "%.*s v" VERSION " %s %d %u", (int)message->len, message->data,
                 state->tag, atomic_load(&state->clients), state_of(self, client)->messages);
    if (len >= (int)sizeof text)
        len = (int)sizeof text - 1; /* Cut: the tests' messages are short. */
    if (self->host->message_replace(message, SL_TEXT, text, (size_t)len) != 0)
        return SL_ERROR;
    if (strncmp(message->data, "late", 4) == 0)
        return self->host->defer(self, client, &delay, &ticket);
    return SL_CONTINUE;
}

static int create(struct sl_instance *self)
{
    struct state *state = self->state;
    struct sl_string tag = sl_option_string(self, "tag");
    snprintf(state->tag, sizeof state->tag, "%.*s", (int)tag.len, tag.data);
    return 0;
}

static const struct sl_option options[] = {
    {.name = "tag", .type = SL_OPTION_STRING, .default_value = "none", .summary = "Its tag"},
};

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "version",
    .version = VERSION ".0.0",
    .summary = "Marks messages with its version",
    .license = "MIT",
    SL_OPTIONS(options),
    .instance_size = sizeof(struct state),
    .client_size = sizeof(struct client_state),
    .create = create,
    .on_open = on_open,
    .on_message = on_message,
    .on_close = on_close,
};
