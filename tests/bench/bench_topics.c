/*
 * bench-topics: the benchmark's topics. A client is subscribed to the topic that its URL names
 * (?topic=NAME), and what it sends goes to that topic's subscribers.
 */
#include <sluice/plugin.h>

#include <string.h>

#define PREFIX "topic="
#define PREFIX_LEN (sizeof PREFIX - 1)

struct topic {
    char name[32];
    size_t len;
};

static enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request)
{
    struct topic *topic = self->host->client_state(self, client);
    struct sl_string query = request->query;
    if (query.len <= PREFIX_LEN || query.len - PREFIX_LEN > sizeof topic->name ||
        memcmp(query.data, PREFIX, PREFIX_LEN) != 0)
        return SL_DENY;
    topic->len = query.len - PREFIX_LEN;
    memcpy(topic->name, query.data + PREFIX_LEN, topic->len);
    return SL_CONTINUE;
}

static void on_open(struct sl_instance *self, struct sl_client *client)
{
    const struct topic *topic = self->host->client_state(self, client);
    if (self->host->subscribe(client, topic->name, topic->len) != 0)
        sl_log(self, SL_LOG_ERROR, "a client could not be subscribed");
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    const struct topic *topic = self->host->client_state(self, client);
    return self->host->message_topic(message, topic->name, topic->len) == 0 ? SL_CONTINUE
                                                                            : SL_ERROR;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,         .name = "bench-topics",
    .version = "1.0.0",       .summary = "Subscribes each client to the topic of its URL",
    .license = "MIT",         .client_size = sizeof(struct topic),
    .on_connect = on_connect, .on_open = on_open,
    .on_message = on_message,
};
