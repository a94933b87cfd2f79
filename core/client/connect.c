/*
 * From an accepted upgrade to an open client: connect chain, answer, registration (RFC 6455,
 * section 4.2.2).
 */
#include "base/log.h"
#include "client/certificate_watch.h"
#include "client/client.h"
#include "client/tls_stream.h"
#include "client/transport.h"
#include "hub/endpoint.h"
#include "hub/hub_internal.h"
#include "hub/recorder.h"
#include "hub/shard.h"
#include "hub/topic.h"
#include "pipeline/chain.h"
#include "ws/handshake.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define RESPONSE_MAX 2048

/* Takes over socket and TLS state. NULL: no memory, or the loop cannot watch the socket. */
static struct client *client_create(struct shard *shard, struct upgrade *upgrade)
{
    struct audience *audience = &upgrade->endpoint->audiences[shard->loop.index];
    struct endpoint_setup *setup = audience->setup; /* NULL: it will be refused */
    size_t state_size = setup != NULL ? setup->chain->client_size : 0;
    struct client *client = calloc(1, sizeof(struct client) + state_size);
    if (client == NULL)
        return NULL;
    client->source.on_ready = client_on_ready;
    client->timer.fire = client_on_timer;
    frame_decoder_init(&client->decoder);
    client->socket = upgrade->socket;
    client->shard = shard;
    client->audience = audience;
    client->inline_size = (uint32_t)state_size;
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
    client->setup = setup != NULL ? endpoint_setup_ref(setup) : NULL;
    client->tls = upgrade->tls;
    if (client->tls != NULL)
        tls_stream_open(client->tls);
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

/* Whether somebody has named the client, where that is required. */
static bool check_identity(const struct client *client, struct connect *connect)
{
    if (!client->setup->config->identity_required || client->identity != NULL)
        return true;
    connect_refuse(connect, 401, "This endpoint needs credentials");
    int error = connect_add_header(connect, "WWW-Authenticate", "Bearer");
    (void)error; /* A constant that fits. */
    return false;
}

static bool queue_response(struct client *client, const struct connect *connect)
{
    char response[RESPONSE_MAX];
    size_t len = handshake_response(connect->request, connect_subprotocol(connect), response,
                                    sizeof response);
    return len > 0 && shard_queue(client->shard, client, response, len, NULL, 0) == OK;
}

static void record(const struct client *client, const struct connect *connect)
{
    char address[ADDRESS_TEXT_MAX];
    struct recorder *recorder = client->shard->hub->recorder;
    if (recorder == NULL)
        return;
    address_text(&client->address, address);
    const struct recorder_client who = {.id = client->id,
                                        .endpoint = client->audience->endpoint->path,
                                        .address = address,
                                        .identity = client->identity,
                                        .request = connect->request};
    recorder_on_open(recorder, &who, &client->setup->chain->credentials);
}

/* The client is in: answer, membership, heartbeat, open hooks, in this order. */
static void open_client(struct client *client, const struct connect *connect)
{
    struct endpoint *endpoint = client->audience->endpoint;
    if (!queue_response(client, connect) || audience_join(client->audience, client) != OK ||
        topic_join_identity(client) != OK || certificate_watch_start(client) != OK) {
        client_abort(client);
        return;
    }
    client->state = CLIENT_OPEN;
    client->is_registered = true;
    atomic_fetch_add_explicit(&endpoint->connected, 1, memory_order_relaxed);
    client_start_heartbeat(client);
    record(client, connect);
    chain_open(client->setup->chain, client);
}

static bool is_closed_for_new_clients(const struct client *client, struct connect *connect)
{
    if (atomic_load_explicit(&client->shard->hub->is_draining, memory_order_relaxed))
        connect_refuse(connect, 503, "The server is shutting down");
    else if (!atomic_load_explicit(&client->audience->endpoint->is_active, memory_order_relaxed))
        connect_refuse(connect, 404, "There is no WebSocket endpoint at this path");
    else if (client->setup == NULL)
        connect_refuse(connect, 503, "This endpoint is being set up; try again");
    else
        return false;
    return true; /* It came in just as the doors closed. */
}

/* The chain has come to its end, or a deferral interrupts it. Consumes the caller's reference; a
 * deferral holds its own. */
static void answer(struct client *client, struct connect *connect, enum chain_result result)
{
    if (client->state != CLIENT_CONNECTING || result == CHAIN_DEFERRED) {
        connect_unref(connect);
        return;
    }
    if (result == CHAIN_PASSED && !is_closed_for_new_clients(client, connect) &&
        check_identity(client, connect)) {
        open_client(client, connect);
        client_catch_up_with_reload(client);
        client_process_early(client, connect->upgrade->early, connect->upgrade->early_len);
    } else {
        refuse(client, connect);
    }
    connect_unref(connect);
}

void client_resume_connect(struct client *client, struct connect *connect, int verdict)
{
    client_stop_waiting(client);
    if (client->state == CLIENT_CONNECTING)
        answer(client, connect, chain_connect_resume(client, connect, verdict));
    else
        connect_unref(connect);
}

static void begin(struct client *client, struct connect *connect)
{
    if (is_closed_for_new_clients(client, connect)) {
        refuse(client, connect);
        connect_unref(connect);
        return;
    }
    answer(client, connect, chain_connect(client, connect));
}

/* Gives back what the upgrade holds; for upgrades that never become a client. */
static void drop_upgrade(struct shard *shard, struct upgrade *upgrade)
{
    hub_leave(shard->hub, upgrade->endpoint, &upgrade->address);
    atomic_fetch_sub_explicit(&shard->load, 1, memory_order_relaxed);
    upgrade_destroy(upgrade);
}

/* What the server would answer with, before plugins are asked; NULL: none. */
static const char *subprotocol_for(const struct client *client, const struct request *request)
{
    if (client->setup == NULL)
        return NULL;
    const struct endpoint_config *config = client->setup->config;
    return handshake_select_subprotocol(request, (const char *const *)config->subprotocols,
                                        config->subprotocol_count);
}

/* Makes the client, and what its connect chain works on. NULL: no memory; then there may be a
 * client, which has the upgrade's place and socket. */
static struct connect *accept_upgrade(struct shard *shard, struct upgrade *upgrade,
                                      struct client **client)
{
    struct connect *connect;
    *client = client_create(shard, upgrade);
    if (*client == NULL)
        return NULL;
    if (connect_create(upgrade, (*client)->tls, subprotocol_for(*client, upgrade->request),
                       &connect) == OK)
        return connect;
    upgrade_destroy(upgrade);
    return NULL;
}

void client_accept(struct loop *loop, struct mail *mail)
{
    struct upgrade *upgrade = (struct upgrade *)mail;
    struct shard *shard = shard_of(loop);
    struct client *client;

    if (loop_current() != loop) {
        drop_upgrade(shard, upgrade); /* The loop has ended, and with it the server. */
        return;
    }
    struct connect *connect = accept_upgrade(shard, upgrade, &client);
    if (connect == NULL) {
        log_error("client", "cannot take a new client: out of memory or descriptors");
        shard_count_drop(shard, DROP_NO_MEMORY);
        if (client != NULL)
            client_abort(client);
        else
            drop_upgrade(shard, upgrade);
        return;
    }
    begin(client, connect);
}
