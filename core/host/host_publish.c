#include "host/host_publish.h"

#include "delivery/topic.h"
#include "delivery/topic_publishing.h"
#include "host/host_internal.h"
#include "hub/hub.h"
#include "pipeline/chain_events.h"
#include "pipeline/chain_topics.h"
#include "pipeline/pipeline.h"

/* Who is asked, and about whom. */
struct asked {
    struct pipeline_loop *loop; /* whose thread this is, or NULL */
    struct sl_client *origin;   /* of that endpoint, or NULL */
    const struct chain *chain;  /* NULL: nobody */
    struct endpoint_setup *held;
};

/* The client whose hook this thread runs, if it is open and a reload does not take it from that
 * instance: others that go may have had their on_close. */
static struct sl_client *client_of_hook(struct pipeline_loop *loop)
{
    uint64_t id = hook_client_id();
    if (loop == NULL || hook_instance() == NULL || hook_stage() == NULL || id == 0)
        return NULL;
    struct sl_client *client = loop->pipeline->calls->find(loop, id);
    return client != NULL && client->is_open && !client->is_leaving ? client : NULL;
}

/* On a loop its own set-up stays until the hook has returned; a client may still be on the one
 * before. */
static void find_asked_on_loop(struct endpoint *endpoint, struct asked *asked)
{
    const struct endpoint_setup *setup = endpoint->loop_setups[asked->loop->index];
    struct sl_client *client = client_of_hook(asked->loop);
    if (client != NULL && client_endpoint(client_of(client)) == endpoint) {
        asked->origin = client;
        asked->chain = client->chain;
    } else if (setup != NULL) {
        asked->chain = setup->chain;
    }
}

static struct asked find_asked(const struct instance *by, struct endpoint *endpoint)
{
    struct asked asked = {.loop = NULL};
    const struct loop *loop = loop_current();
    if (loop != NULL) {
        asked.loop = by->pipeline->loops[loop->index];
        find_asked_on_loop(endpoint, &asked);
    } else {
        asked.held = hub_hold_setup(endpoint);
        asked.chain = asked.held != NULL ? asked.held->chain : NULL;
    }
    return asked;
}

static int publish(struct endpoint *endpoint, struct sl_string topic, enum sl_message_type type,
                   const char *data, size_t len)
{
    int error = topic_publish(&endpoint->fanout, TOPIC_NAMED, topic.data, topic.len,
                              opcode_of(type), data, len);
    return error == OK ? 0 : -1;
}

static int ask_and_publish(const struct instance *by, struct endpoint *endpoint,
                           const struct asked *asked, struct sl_string topic,
                           enum sl_message_type type, struct sl_string payload)
{
    struct message message;
    const struct publication publication = {.chain = asked->chain,
                                            .loop = asked->loop,
                                            .by = by,
                                            .origin = asked->origin,
                                            .topic = topic.data,
                                            .len = topic.len,
                                            .message = &message};
    message_init(&message, asked->chain->message_max, opcode_of(type),
                 (const uint8_t *)payload.data, payload.len);
    int result = SL_REFUSED;
    if (chain_lets_publish(&publication))
        result = publish(endpoint, topic, message.seen.type, message.seen.data, message.seen.len);
    message_deinit(&message);
    return result;
}

int host_publish_asking(const struct instance *by, struct endpoint *endpoint,
                        struct sl_string topic, enum sl_message_type type, struct sl_string payload)
{
    if (!atomic_load_explicit(&endpoint->has_on_publish, memory_order_relaxed))
        return publish(endpoint, topic, type, payload.data, payload.len);
    struct asked asked = find_asked(by, endpoint);
    int result = asked.chain != NULL ? ask_and_publish(by, endpoint, &asked, topic, type, payload)
                                     : publish(endpoint, topic, type, payload.data, payload.len);
    if (asked.held != NULL)
        hub_give_setup_back(endpoint, asked.held);
    return result;
}

/* -- events -- */

/* The client that the emitter hands on, if it is one that others may be told of, as in
 * client_of_hook. Then its own chain is the one that hears of it. */
static struct sl_client *client_to_tell_of(const struct instance *by, struct sl_client *client,
                                           struct asked *asked)
{
    if (client == NULL || asked->loop == NULL || !client->is_open || client->is_leaving ||
        !chain_has(client->chain, by))
        return NULL;
    asked->chain = client->chain;
    return client;
}

int host_event_emit(const struct sl_instance *self, struct sl_client *client, struct sl_string name,
                    struct sl_string payload)
{
    const struct instance *by = instance_of(self);
    struct endpoint *endpoint = by->endpoint;
    if (!atomic_load_explicit(&endpoint->has_listeners, memory_order_relaxed))
        return 0;
    if (!topic_is_name(name.data, name.len) || payload.len > SL_EVENT_PAYLOAD_MAX)
        return -1;
    struct asked asked = find_asked(by, endpoint);
    struct sl_client *told_of = client_to_tell_of(by, client, &asked);
    if (payload.len == 0)
        payload.data = "";
    const struct emission emission = {.chain = asked.chain,
                                      .loop = asked.loop,
                                      .by = by,
                                      .emitter = by->name,
                                      .client = told_of,
                                      .name = name,
                                      .payload = payload,
                                      .is_shadow = host_is_watching(self) || host_is_shadowed()};
    int error = asked.chain != NULL ? chain_emit(&emission) : OK;
    if (asked.held != NULL)
        hub_give_setup_back(endpoint, asked.held);
    return error == OK ? 0 : -1;
}
