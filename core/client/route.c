/*
 * Where a message goes that the pipeline lets pass.
 */
#include "client/client.h"
#include "client/endpoint.h"
#include "client/shard.h"
#include "delivery/topic_publishing.h"
#include "pipeline/chain.h"
#include "pipeline/chain_topics.h"
#include "pipeline/message.h"

#include <string.h>

/* There was no memory to publish a message, and its sender is not told: those that it was for are.
 */
static void note_missed(const struct client *client, const struct message *message)
{
    struct fanout *fanout = &client_endpoint(client)->fanout;
    const char *topic = message->topic;
    const struct topic_key key = {.fanout = fanout,
                                  .kind = topic != NULL ? TOPIC_NAMED : TOPIC_ALL,
                                  .name = topic != NULL ? topic : "",
                                  .len = topic != NULL ? strlen(topic) : 0};
    for (unsigned i = 0; i < fanout->delivery->loop_count; i++)
        missed_note(&fanout->audiences[i], &key, 1, message->seen.len);
}

/* To all clients of the endpoint, or to the topic that a plugin has chosen; to the sender too, if
 * the endpoint says so. Returns 0 or ERR_NO_MEMORY. */
static int publish_message(struct client *client, const struct message *message)
{
    struct receiver *sender = &client->receiver;
    struct receiver *except = client_setup(client)->config->echo ? NULL : sender;
    int error = message->topic != NULL
                    ? topic_publish_from(sender, message->topic, message_opcode(message),
                                         message->seen.data, message->seen.len, except)
                    : audience_publish(sender->audience, message_opcode(message),
                                       message->seen.data, message->seen.len, except);
    if (error == OK)
        return OK;
    shard_count_drop(client_shard(client), DROP_NO_MEMORY);
    note_missed(client, message);
    return ERR_NO_MEMORY;
}

/* Whether the plugins let the message go to its topic; as what, is in it afterwards. */
static bool may_publish(struct client *client, struct message *message)
{
    const struct publication publication = {.chain = client->seen.chain,
                                            .loop = &client_shard(client)->pipeline,
                                            .origin = &client->seen,
                                            .topic = message->topic,
                                            .len = strlen(message->topic),
                                            .message = message};
    if (chain_lets_publish(&publication))
        return client->state == CLIENT_OPEN; /* A hook may have closed it. */
    shard_count_drop(client_shard(client), DROP_PLUGIN);
    return false;
}

int client_route_message(struct client *client, struct message *message)
{
    bool is_asked_about = message->topic != NULL && client->seen.chain->has_on_publish;
    if (is_asked_about && !may_publish(client, message))
        return ERR_CLOSED;
    return publish_message(client, message);
}
