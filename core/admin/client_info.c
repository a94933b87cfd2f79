#include "admin/client_info.h"

#include "base/clock.h"
#include "client/client.h"
#include "delivery/subscription_set.h"
#include "delivery/transport.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool client_info_is_shown(const struct client *client)
{
    return client->state == CLIENT_OPEN || client->state == CLIENT_CLOSING;
}

void client_info_read(const struct client *client, struct client_info *out)
{
    const struct shard *shard = client_shard(client);
    const char *identity = sl_client_identity(&client->seen);
    *out = (struct client_info){.id = client->seen.id,
                                .endpoint = client_setup(client)->endpoint,
                                .identity = identity != NULL ? strdup(identity) : NULL,
                                .address = client->address,
                                .subscriptions = client->receiver.subscriptions != NULL
                                                     ? client->receiver.subscriptions->named
                                                     : 0,
                                .queued_bytes = receiver_queued(&client->receiver),
                                .silent_ns = shard->loop.now - client->last_heard,
                                .age_ns = shard_age_of(shard, client),
                                .messages_in = client->messages_in,
                                .messages_out = audience_messages_to(&client->receiver),
                                .dropped = client->receiver.dropped,
                                .is_tls = client->receiver.tls != NULL,
                                .is_closing = client->state == CLIENT_CLOSING};
    out->has_traffic = transport_ask_traffic(&client->receiver, &out->bytes_in, &out->bytes_out);
}

static void add_milliseconds(cJSON *object, const char *name, int64_t ns)
{
    int64_t ms = ns / NS_PER_MS;
    cJSON_AddNumberToObject(object, name, (double)ms);
}

cJSON *client_info_describe(const struct client_info *info)
{
    char id[24];
    char address[ADDRESS_TEXT_MAX];
    cJSON *object = cJSON_CreateObject();
    /* An id has 64 bits, of which a JSON reader may lose the last ones. */
    snprintf(id, sizeof id, "%" PRIu64, info->id);
    address_text(&info->address, address);
    cJSON_AddStringToObject(object, "id", id);
    cJSON_AddStringToObject(object, "endpoint", info->endpoint->path);
    if (info->identity != NULL)
        cJSON_AddStringToObject(object, "identity", info->identity);
    else
        cJSON_AddNullToObject(object, "identity");
    cJSON_AddStringToObject(object, "address", address);
    cJSON_AddNumberToObject(object, "port", info->address.port);
    cJSON_AddBoolToObject(object, "tls", info->is_tls);
    cJSON_AddStringToObject(object, "state", info->is_closing ? "closing" : "open");
    cJSON_AddNumberToObject(object, "topics", info->subscriptions);
    cJSON_AddNumberToObject(object, "queued_bytes", (double)info->queued_bytes);
    add_milliseconds(object, "silent_ms", info->silent_ns);
    add_milliseconds(object, "age_ms", info->age_ns);
    cJSON_AddNumberToObject(object, "messages_in", info->messages_in);
    cJSON_AddNumberToObject(object, "messages_out", info->messages_out);
    cJSON_AddNumberToObject(object, "messages_dropped", info->dropped);
    if (info->has_traffic) {
        cJSON_AddNumberToObject(object, "bytes_in", (double)info->bytes_in);
        cJSON_AddNumberToObject(object, "bytes_out", (double)info->bytes_out);
    }
    return object;
}
