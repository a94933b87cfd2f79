/*
 * From an accepted upgrade to an open client: connect chain, answer, registration (RFC 6455,
 * section 4.2.2).
 */
#include "base/log.h"
#include "client/client.h"
#include "client/transport.h"
#include "hub/endpoint.h"
#include "hub/hub_internal.h"
#include "hub/shard.h"
#include "pipeline/chain.h"
#include "ws/handshake.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define RESPONSE_MAX 2048

/* Takes over socket and TLS state. NULL: no memory, or the loop cannot watch the socket. */
static struct client *client_create(struct shard *shard, struct upgrade *upgrade)
{
    size_t size = sizeof(struct client) + upgrade->endpoint->chain->client_size;
    struct client *client = calloc(1, size);
    if (client == NULL)
        return NULL;
    client->source.on_ready = client_on_ready;
    client->timer.fire = client_on_timer;
    frame_decoder_init(&client->decoder);
    client->socket = upgrade->socket;
    client->shard = shard;
    client->audience = &shard->audiences[upgrade->endpoint->index];
    client->outgoing_first = client->outgoing_last = OUTGOING_NONE;
    client->address = upgrade->address;
    if (shard_add(shard, client) != OK) {
        free(client);
        return NULL;
    }
    if (loop_watch(&shard->loop, upgrade->socket, &client->source, EPOLLIN) != OK) {
        shard_remove(shard, client);
        free(client);
        return NULL;
    }
    client->tls = upgrade->tls;
    upgrade->tls = NULL;
    upgrade->socket = -1;
    return client;
}

static void refuse(struct client *client, const struct connect *connect)
{
    char response[RESPONSE_MAX];
    size_t len = connect_refusal(connect, response, sizeof response);
    if (shard_queue(client->shard, client, response, len, NULL, 0) != OK)
        client_abort(client);
    else
        client_linger(client);
}

/* Asks the plugins, and whether somebody had to name the client. Returns whether it may come in. */
static bool run_connect_chain(struct client *client, struct connect *connect)
{
    const struct endpoint *endpoint = client->audience->endpoint;
    if (!chain_connect(endpoint->chain, client, connect))
        return false;
    if (!endpoint->config->identity_required || client->identity != NULL)
        return true;
    connect_refuse(connect, 401, "This endpoint needs credentials");
    int error = connect_add_header(connect, "WWW-Authenticate", "Bearer");
    (void)error; /* A constant that fits. */
    return false;
}

static bool queue_response(struct client *client, const struct connect *connect)
{
    char response[RESPONSE_MAX];
    size_t len = handshake_response(connect->request,
                                    connect->subprotocol[0] != '\0' ? connect->subprotocol : NULL,
                                    response, sizeof response);
    return len > 0 && shard_queue(client->shard, client, response, len, NULL, 0) == OK;
}

/* The client is in: answer, membership, heartbeat, open hooks, in this order. */
static void open_client(struct client *client, const struct connect *connect)
{
    struct endpoint *endpoint = client->audience->endpoint;
    if (!queue_response(client, connect) || audience_join(client->audience, client) != OK) {
        client_abort(client);
        return;
    }
    client->state = CLIENT_OPEN;
    client->is_registered = true;
    atomic_fetch_add_explicit(&endpoint->connected, 1, memory_order_relaxed);
    client_start_heartbeat(client);
    chain_open(endpoint->chain, client);
}

static void answer(struct client *client, const struct upgrade *upgrade)
{
    const struct endpoint_config *config = upgrade->endpoint->config;
    struct connect connect;

    connect_init(&connect, upgrade->request, client->tls != NULL,
                 handshake_select_subprotocol(upgrade->request,
                                              (const char *const *)config->subprotocols,
                                              config->subprotocol_count));
    if (atomic_load_explicit(&client->shard->hub->is_draining, memory_order_relaxed)) {
        connect_refuse(&connect, 503, "The server is shutting down");
        refuse(client, &connect); /* It came in just as the doors closed. */
    } else if (run_connect_chain(client, &connect)) {
        open_client(client, &connect);
        client_process_early(client, upgrade->early, upgrade->early_len);
    } else {
        refuse(client, &connect);
    }
}

/* Gives back what the upgrade holds; for upgrades that never become a client. */
static void drop_upgrade(struct shard *shard, struct upgrade *upgrade)
{
    hub_leave(shard->hub, upgrade->endpoint, &upgrade->address);
    atomic_fetch_sub_explicit(&shard->load, 1, memory_order_relaxed);
    upgrade_destroy(upgrade);
}

void client_accept(struct loop *loop, struct mail *mail)
{
    struct upgrade *upgrade = (struct upgrade *)mail;
    struct shard *shard = shard_of(loop);

    if (loop_current() != loop) {
        drop_upgrade(shard, upgrade); /* The loop has ended, and with it the server. */
        return;
    }
    struct client *client = client_create(shard, upgrade);
    if (client == NULL) {
        log_error("client", "cannot take a new client: out of memory or descriptors");
        shard_count_drop(shard, DROP_NO_MEMORY);
        drop_upgrade(shard, upgrade);
        return;
    }
    answer(client, upgrade);
    upgrade_destroy(upgrade);
}
