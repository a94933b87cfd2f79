/*
 * enrich: adds who has sent a message, and when, to JSON objects. What a client says about that
 * itself is replaced, so that receivers can rely on it.
 */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <sluice/plugin.h>

#include <stdio.h>
#include <string.h>

/* Option values live as long as their instance. */
struct state {
    const char *sender; /* the member's name; empty: none */
    const char *time;
};

static int create(struct sl_instance *self)
{
    struct state *state = self->state;
    state->sender = sl_option_string(self, "sender").data; /* zero-terminated, as options are */
    state->time = sl_option_string(self, "time").data;
    return 0;
}

static cJSON *sender_of(const struct sl_instance *self, const struct sl_client *client)
{
    char text[256];
    struct sl_string identity = self->host->client_identity(client);
    if (identity.len > 0)
        snprintf(text, sizeof text, "%.*s", (int)identity.len, identity.data);
    else
        snprintf(text, sizeof text, "%" PRIu64, self->host->client_id(client));
    return cJSON_CreateString(text);
}

/* Replaces a member, whoever had put it there. */
static bool set_member(cJSON *object, const char *name, cJSON *value)
{
    if (name[0] == '\0') {
        cJSON_Delete(value);
        return true;
    }
    while (cJSON_GetObjectItemCaseSensitive(object, name) != NULL)
        cJSON_DeleteItemFromObjectCaseSensitive(object, name);
    return cJSON_AddItemToObject(object, name, value);
}

static enum sl_verdict replace(const struct sl_instance *self, const struct sl_message *message,
                               const cJSON *object)
{
    char *text = cJSON_PrintUnformatted(object);
    if (text == NULL)
        return SL_ERROR;
    int error = self->host->message_replace(message, SL_TEXT, text, strlen(text));
    cJSON_free(text);
    return error == 0 ? SL_CONTINUE : SL_ERROR;
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    const struct state *state = self->state;
    cJSON *object = cJSON_ParseWithLength(message->data, message->len);
    enum sl_verdict verdict = SL_CONTINUE;
    if (message->type == SL_TEXT && cJSON_IsObject(object)) {
        int64_t now = self->host->time_wall() / 1000000;
        bool done = set_member(object, state->sender, sender_of(self, client)) &&
                    set_member(object, state->time, cJSON_CreateNumber((double)now));
        verdict = done ? replace(self, message, object) : SL_ERROR;
    }
    cJSON_Delete(object);
    return verdict;
}

static const struct sl_option options[] = {
    {.name = "sender",
     .type = SL_OPTION_STRING,
     .default_value = "from",
     .summary = "The member that gets the sender's identity or number"},
    {.name = "time",
     .type = SL_OPTION_STRING,
     .default_value = "time",
     .summary = "The member that gets the time in milliseconds"},
};

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "enrich",
    .version = "1.0.0",
    .summary = "Adds sender and time to JSON objects",
    .license = "MIT",
    SL_OPTIONS(options),
    .instance_size = sizeof(struct state),
    .create = create,
    .on_message = on_message,
};
