#include "host/host_topic.h"

#include "delivery/topic.h"
#include "delivery/topic_publishing.h"
#include "host/host_internal.h"
#include "host/host_publish.h"
#include "pipeline/chain_topics.h"

int host_subscribe(struct sl_client *client, const char *topic, size_t len)
{
    struct receiver *receiver = &client_of(client)->receiver;
    if (!topic_is_name(topic, len) || client->is_leaving)
        return -1;
    if (host_is_shadowed())
        return 0;
    if (client->is_open && !topic_has(receiver, topic, len) &&
        !chain_lets_subscribe(client, hook_instance(), topic, len))
        return SL_REFUSED;
    return topic_subscribe(receiver, topic, len) == OK ? 0 : -1;
}

bool host_client_topics(const struct sl_client *client, uint64_t *cursor, struct sl_string *topic)
{
    const struct topic *next = topic_next(&client_of(client)->receiver, cursor);
    if (next != NULL)
        *topic = (struct sl_string){.data = next->name, .len = next->key.len};
    return next != NULL;
}

void host_unsubscribe(struct sl_client *client, const char *topic, size_t len)
{
    if (!host_is_shadowed())
        topic_unsubscribe(&client_of(client)->receiver, topic, len);
}

int host_message_topic(const struct sl_message *message, const char *topic, size_t len)
{
    if ((len > 0 && !topic_is_name(topic, len)) || message_of(message)->is_published)
        return -1;
    return message_set_topic(message_of(message), topic, len) == OK ? 0 : -1;
}

static int send_to_topic(const struct sl_instance *self, const char *path, enum topic_kind kind,
                         struct sl_string name, enum sl_message_type type, struct sl_string payload)
{
    struct endpoint *endpoint = host_endpoint(self, path);
    if (endpoint == NULL || !topic_is_name(name.data, name.len) ||
        !is_sendable(type, payload.data, payload.len))
        return -1;
    if (host_is_watching(self))
        return 0;
    if (kind == TOPIC_NAMED)
        return host_publish_asking(instance_of(self), endpoint, name, type, payload);
    return topic_publish(&endpoint->fanout, kind, name.data, name.len, opcode_of(type),
                         payload.data, payload.len) == OK
               ? 0
               : -1;
}

int host_publish(const struct sl_instance *self, const char *endpoint, const char *topic,
                 size_t topic_len, enum sl_message_type type, const char *data, size_t len)
{
    return send_to_topic(self, endpoint, TOPIC_NAMED, (struct sl_string){topic, topic_len}, type,
                         (struct sl_string){data, len});
}

int host_send_to_identity(const struct sl_instance *self, const char *endpoint,
                          const char *identity, size_t identity_len, enum sl_message_type type,
                          const char *data, size_t len)
{
    return send_to_topic(self, endpoint, TOPIC_IDENTITY, (struct sl_string){identity, identity_len},
                         type, (struct sl_string){data, len});
}

static int64_t count_receivers(const struct sl_instance *self, const char *path,
                               enum topic_kind kind, const char *name, size_t len)
{
    struct endpoint *endpoint = host_endpoint(self, path);
    return endpoint != NULL ? (int64_t)topic_count(&endpoint->fanout, kind, name, len) : -1;
}

int64_t host_topic_count(const struct sl_instance *self, const char *endpoint, const char *topic,
                         size_t len)
{
    return count_receivers(self, endpoint, TOPIC_NAMED, topic, len);
}

int64_t host_identity_count(const struct sl_instance *self, const char *endpoint,
                            const char *identity, size_t len)
{
    return count_receivers(self, endpoint, TOPIC_IDENTITY, identity, len);
}
