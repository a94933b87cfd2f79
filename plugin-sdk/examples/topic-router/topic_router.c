/*
 * topic-router: clients say which topics they want, and messages that name a topic go there.
 */
#include <cjson/cJSON.h>
#include <sluice/plugin.h>

#include <string.h>

static void answer(const struct sl_instance *self, struct sl_client *client, const char *member,
                   const char *value)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, member, value);
    char *text = cJSON_PrintUnformatted(object);
    if (text != NULL)
        self->host->client_send(client, SL_TEXT, text, strlen(text));
    cJSON_free(text);
    cJSON_Delete(object);
}

/* What the server could not do is said to the client: it may be a typing mistake. */
static enum sl_verdict subscribe(const struct sl_instance *self, struct sl_client *client,
                                 const char *topic)
{
    if (self->host->subscribe(client, topic, strlen(topic)) == 0)
        answer(self, client, "subscribed", topic);
    else
        answer(self, client, "error", "this topic cannot be subscribed to");
    return SL_HANDLED; /* Done, and nobody else's business. */
}

static enum sl_verdict unsubscribe(const struct sl_instance *self, struct sl_client *client,
                                   const char *topic)
{
    self->host->unsubscribe(client, topic, strlen(topic));
    answer(self, client, "unsubscribed", topic);
    return SL_HANDLED;
}

static const char *member(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static enum sl_verdict route(const struct sl_instance *self, struct sl_client *client,
                             const struct sl_message *message, const cJSON *object)
{
    const char *topic = member(object, "subscribe");
    if (topic != NULL)
        return subscribe(self, client, topic);
    topic = member(object, "unsubscribe");
    if (topic != NULL)
        return unsubscribe(self, client, topic);
    topic = member(object, "topic");
    if (topic == NULL)
        return SL_CONTINUE; /* To all clients, as without this plugin. */
    return self->host->message_topic(message, topic, strlen(topic)) == 0 ? SL_CONTINUE : SL_DROP;
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    cJSON *object = cJSON_ParseWithLength(message->data, message->len);
    enum sl_verdict verdict =
        cJSON_IsObject(object) ? route(self, client, message, object) : SL_CONTINUE;
    cJSON_Delete(object);
    return verdict;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "topic-router",
    .version = "1.0.0", .summary = "Clients choose their topics",
    .license = "MIT",   .on_message = on_message,
};
