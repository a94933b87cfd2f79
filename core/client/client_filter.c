#include "client/client_filter.h"

#include "client/client.h"
#include "delivery/subscription_set.h"

#include <string.h>

bool client_filter_is_empty(const struct client_filter *filter)
{
    return filter->endpoint == NULL && !filter->has_address && filter->identity[0] == '\0' &&
           filter->topic[0] == '\0';
}

static bool has_identity(const struct client *client, const char *wanted)
{
    const char *identity = sl_client_identity(&client->seen);
    return identity != NULL && strcmp(identity, wanted) == 0;
}

static bool is_subscribed(const struct client *client, const char *name)
{
    const struct receiver *receiver = &client->receiver;
    if (receiver->subscriptions == NULL)
        return false;
    struct topic_key key =
        topic_key_of(receiver->audience->fanout, TOPIC_NAMED, name, strlen(name));
    const struct topic *topic = topic_find(receiver->loop, &key);
    return topic != NULL && subscription_set_find(receiver->subscriptions, topic) != NULL;
}

bool client_filter_matches(const struct client_filter *filter, const struct client *client)
{
    if (filter->endpoint != NULL && client_endpoint(client) != filter->endpoint)
        return false;
    if (filter->has_address && !sl_prefix_holds(&filter->address, client->address.bytes))
        return false;
    if (filter->identity[0] != '\0' && !has_identity(client, filter->identity))
        return false;
    return filter->topic[0] == '\0' || is_subscribed(client, filter->topic);
}
