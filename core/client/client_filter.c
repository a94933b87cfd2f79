#include "client/client_filter.h"

#include "client/client.h"
#include "delivery/topic.h"

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

bool client_filter_matches(const struct client_filter *filter, const struct client *client)
{
    if (filter->endpoint != NULL && client_endpoint(client) != filter->endpoint)
        return false;
    if (filter->has_address && !sl_prefix_holds(&filter->address, client->address.bytes))
        return false;
    if (filter->identity[0] != '\0' && !has_identity(client, filter->identity))
        return false;
    return filter->topic[0] == '\0' ||
           topic_has(&client->receiver, filter->topic, strlen(filter->topic));
}
