/*
 * From an accepted upgrade to an open client: connect chain, answer, registration (RFC 6455,
 * section 4.2.2).
 */
#include "base/clock.h"
#include "base/log.h"
#include "client/ban_list.h"
#include "client/certificate.h"
#include "client/client.h"
#include "delivery/tls_stream.h"
#include "client/endpoint.h"
#include "client/lifetime.h"
#include "client/recorder.h"
#include "client/shard.h"
#include "client/trace.h"
#include "delivery/topic.h"
#include "pipeline/chain_open.h"
#include "ws/extension.h"
#include "ws/handshake.h"

#include <stdlib.h>
#include <string.h>

#define RESPONSE_MAX 2048

_Static_assert(sizeof(struct client) <= 312, "an idle client is cheap");

/* Takes over socket and TLS state. NULL: no memory, or the loop cannot watch the socket. */
static struct client *client_create(struct shard *shard, struct handoff *handoff)
{
    struct endpoint *endpoint = handoff->endpoint;
    struct endpoint_setup *setup = endpoint->loop_setups[shard->loop.index]; /* NULL: refused */
    const struct chain *chain = setup != NULL ? setup->chain : NULL;
    size_t state_size = chain != NULL ? chain->client_size : 0;
    struct client *client = calloc(1, sizeof(struct client) + state_size);
    if (client == NULL)
        return NULL;
    client->receiver.source.on_ready = client_on_ready;
    client->timer.fire = client_on_timer;
    frame_decoder_init(&client->decoder);
    sl_client_init(&client->seen, chain,
                   offsetof(struct client, plugin_state) - offsetof(struct client, seen));
    client->address = handoff->address;
    if (shard_add(shard, client) != OK) {
        free(client);
        return NULL;
    }
    if (receiver_init(&client->receiver, &shard->delivery,
                      &endpoint->fanout.audiences[shard->loop.index], handoff->socket) != OK) {
        shard_remove(shard, client);
        free(client);
        return NULL;
    }
    client->receiver.limits = setup != NULL ? &endpoint_setup_ref(setup)->receiver_limits : NULL;
    client->receiver.tls = handoff->tls;
    if (client->receiver.tls != NULL)
        tls_stream_open(client->receiver.tls);
    handoff->tls = NULL;
    handoff->socket = -1;
    return client;
}

static void refuse(struct client *client, const struct upgrade *upgrade,
                   enum upgrade_outcome outcome)
{
    static const char *const stages[UPGRADE_OUTCOME_COUNT] = {
        [UPGRADE_DENIED] = CLIENT_REFUSED_BY_PIPELINE,
        [UPGRADE_UNIDENTIFIED] = CLIENT_REFUSED_BY_IDENTITY,
        [UPGRADE_BANNED] = CLIENT_REFUSED_BY_BAN,
        [UPGRADE_UNAVAILABLE] = CLIENT_REFUSED_BY_ADMISSION};
    char response[RESPONSE_MAX];
    size_t len = upgrade_refusal(upgrade, response, sizeof response);
    client_log_refused(client, upgrade, stages[outcome]);
    if (receiver_queue(&client->receiver, response, len, NULL, 0) != OK) {
        client_abort(client);
        return;
    }
    endpoint_count_upgrade(client_endpoint(client), outcome);
    client_linger(client);
}

/* Whether somebody has named the client, where that is required. */
static bool check_identity(const struct client *client, struct upgrade *upgrade)
{
    if (!client_setup(client)->config->identity_required ||
        sl_client_identity(&client->seen) != NULL)
        return true;
    upgrade_refuse(upgrade, 401, "This endpoint needs credentials");
    int error = upgrade_add_header(upgrade, "WWW-Authenticate", "Bearer");
    (void)error; /* A constant that fits. */
    return false;
}

/* Agrees on permessage-deflate, if both sides want it. Returns the answer's
 * Sec-WebSocket-Extensions, or NULL. */
static const char *agree_on_compression(struct client *client, const struct request *request)
{
    const char *answer = NULL;
    enum deflate_window window = DEFLATE_WINDOW_NONE;
    if (client_setup(client)->config->compression_enabled)
        window = extension_negotiate(request, &answer);
    client->receiver.window = (uint8_t)window & 3u;
    client->decoder.may_compress = window != DEFLATE_WINDOW_NONE;
    return answer;
}

static bool queue_response(struct client *client, const struct upgrade *upgrade)
{
    char response[RESPONSE_MAX];
    size_t len = handshake_response(upgrade->request, upgrade_subprotocol(upgrade),
                                    agree_on_compression(client, upgrade->request), response,
                                    sizeof response);
    return len > 0 && receiver_queue(&client->receiver, response, len, NULL, 0) == OK;
}

static void record(const struct client *client, const struct upgrade *upgrade)
{
    char address[ADDRESS_TEXT_MAX];
    struct recorder *recorder = client_shard(client)->set->recorder;
    if (recorder == NULL)
        return;
    address_text(&client->address, address);
    const struct recorder_client who = {.id = client->seen.id,
                                        .endpoint = client_endpoint(client)->path,
                                        .address = address,
                                        .identity = sl_client_identity(&client->seen),
                                        .request = upgrade->request};
    recorder_on_open(recorder, &who, &client_setup(client)->chain->credentials);
}

static int join_identity(struct client *client)
{
    const char *identity = sl_client_identity(&client->seen);
    return identity != NULL ? topic_join_identity(&client->receiver, identity) : OK;
}

/* The client is in: answer, membership, heartbeat, open hooks, in this order. */
static void open_client(struct client *client, const struct upgrade *upgrade)
{
    struct endpoint *endpoint = client_endpoint(client);
    if (!queue_response(client, upgrade) ||
        audience_join(client->receiver.audience, &client->receiver) != OK ||
        join_identity(client) != OK || lifetime_start(client) != OK) {
        client_abort(client);
        return;
    }
    client_set_state(client, CLIENT_OPEN);
    client->is_registered = true;
    endpoint_count_upgrade(endpoint, UPGRADE_OPENED);
    atomic_fetch_add_explicit(&endpoint->connected, 1, memory_order_relaxed);
    client_start_heartbeat(client);
    record(client, upgrade);
    client_log_accepted(client, upgrade);
    if (client_shard(client)->traces != NULL)
        trace_note_opened(client);
    enum chain_result result = chain_open(&client->seen);
    (void)result; /* Deferred: the client waits. */
}

void client_resume_open(struct client *client, int verdict)
{
    const struct opening *opening = client->seen.more->opening;
    bool is_new = !opening->is_carried_over;
    client->is_waiting = false;
    enum chain_result result = chain_open_resume(&client->seen, verdict);
    if (result == CHAIN_STOPPED)
        client_close(client, opening->close.code, opening->close.reason,
                     strlen(opening->close.reason)); /* Nothing, if it is closing already. */
    else if (result == CHAIN_PASSED && !is_new)
        client_recheck(client);
    client_resume_input(client);
}

static bool is_closed_for_new_clients(const struct client *client, struct upgrade *upgrade)
{
    const struct shard_set *set = client_shard(client)->set;
    if (atomic_load_explicit(&set->is_draining, memory_order_relaxed))
        upgrade_refuse(upgrade, 503, "The server is shutting down");
    else if (drain_refuses(&set->drain) || drain_refuses(&client_endpoint(client)->drain))
        upgrade_refuse(upgrade, 503, "The server is draining; try again");
    else if (!atomic_load_explicit(&client_endpoint(client)->is_active, memory_order_relaxed))
        upgrade_refuse(upgrade, 404, "There is no WebSocket endpoint at this path");
    else if (client_setup(client) == NULL)
        upgrade_refuse(upgrade, 503, "This endpoint is being set up; try again");
    else
        return false;
    return true; /* It came in just as the doors closed. */
}

/* Whether the name that a plugin has given it is banned. Its address was looked up at the
 * admission; it may have been banned since, while a verdict was awaited. */
static bool is_banned(const struct client *client, struct upgrade *upgrade)
{
    struct ban_list *bans = client_shard(client)->set->bans;
    const char *identity = sl_client_identity(&client->seen);
    if (bans == NULL || ban_list_count(bans) == 0)
        return false;
    int64_t now = clock_wall();
    if (identity != NULL && ban_list_has_identity(bans, identity, now))
        upgrade_refuse(upgrade, 403, "This identity is banned");
    else if (ban_list_has_address(bans, client->address.bytes, now))
        upgrade_refuse(upgrade, 403, "This address is banned");
    else
        return false;
    return true;
}

/* What a chain that has come to its end leads to; the upgrade says how to refuse. */
static enum upgrade_outcome decide(const struct client *client, struct upgrade *upgrade,
                                   enum chain_result result)
{
    if (result != CHAIN_PASSED)
        return UPGRADE_DENIED;
    if (is_closed_for_new_clients(client, upgrade))
        return UPGRADE_UNAVAILABLE;
    if (is_banned(client, upgrade))
        return UPGRADE_BANNED;
    return check_identity(client, upgrade) ? UPGRADE_OPENED : UPGRADE_UNIDENTIFIED;
}

/* The chain has come to its end, or a deferral interrupts it. Consumes the caller's reference; a
 * deferral holds its own. */
static void answer(struct client *client, struct upgrade *upgrade, enum chain_result result)
{
    if (client->state != CLIENT_CONNECTING || result == CHAIN_DEFERRED) {
        upgrade_unref(upgrade);
        return;
    }
    enum upgrade_outcome outcome = decide(client, upgrade, result);
    if (outcome == UPGRADE_OPENED) {
        open_client(client, upgrade);
        client_catch_up_with_reload(client);
        client_process_early(client, upgrade->early, upgrade->early_len);
    } else {
        refuse(client, upgrade, outcome);
    }
    upgrade_unref(upgrade);
}

void client_resume_upgrade(struct client *client, struct upgrade *upgrade, int verdict)
{
    client_stop_waiting(client);
    if (client->state == CLIENT_CONNECTING)
        answer(client, upgrade, chain_connect_resume(&client->seen, upgrade, verdict));
    else
        upgrade_unref(upgrade);
}

static void begin(struct client *client, struct upgrade *upgrade)
{
    if (is_closed_for_new_clients(client, upgrade)) {
        refuse(client, upgrade, UPGRADE_UNAVAILABLE);
        upgrade_unref(upgrade);
        return;
    }
    answer(client, upgrade, chain_connect(&client->seen, upgrade));
}

/* Gives back what the upgrade holds; for upgrades that never become a client. */
static void drop_handoff(struct shard *shard, struct handoff *handoff)
{
    shard->set->on_left(handoff->endpoint, &handoff->address);
    atomic_fetch_sub_explicit(&shard->load, 1, memory_order_relaxed);
    handoff_destroy(handoff);
}

/* What the server would answer with, before plugins are asked; NULL: none. */
static const char *subprotocol_for(const struct client *client, const struct request *request)
{
    if (client_setup(client) == NULL)
        return NULL;
    const struct endpoint_config *config = client_setup(client)->config;
    return handshake_select_subprotocol(request, (const char *const *)config->subprotocols,
                                        config->subprotocol_count);
}

/* The request, and what came with it, moves from the hand-off to the upgrade. */
static void take_request(struct upgrade *upgrade, struct handoff *handoff, const SSL *tls)
{
    upgrade->early = handoff->early;
    upgrade->early_len = handoff->early_len;
    upgrade->peer = certificate_of_peer(tls); /* The client and its SSL may be gone first. */
    handoff->request = NULL;
    handoff->early = NULL;
}

/* Makes the client, and what its connect chain works on. NULL: no memory; then there may be a
 * client, which has the upgrade's place and socket. */
static struct upgrade *accept_handoff(struct shard *shard, struct handoff *handoff,
                                      struct client **client)
{
    struct upgrade *upgrade;
    *client = client_create(shard, handoff);
    if (*client == NULL)
        return NULL;
    if (upgrade_create(handoff->request, (*client)->receiver.tls != NULL,
                       subprotocol_for(*client, handoff->request), &upgrade) == OK)
        take_request(upgrade, handoff, (*client)->receiver.tls);
    else
        upgrade = NULL;
    handoff_destroy(handoff);
    return upgrade;
}

void client_accept(struct loop *loop, struct mail *mail)
{
    struct handoff *handoff = (struct handoff *)mail;
    struct shard *shard = shard_of(loop);
    struct client *client;

    if (loop_current() != loop) {
        drop_handoff(shard, handoff); /* The loop has ended, and with it the server. */
        return;
    }
    struct upgrade *upgrade = accept_handoff(shard, handoff, &client);
    if (upgrade == NULL) {
        log_error("client", "cannot take a new client: out of memory or descriptors");
        shard_count_drop(shard, DROP_NO_MEMORY);
        if (client != NULL)
            client_abort(client);
        else
            drop_handoff(shard, handoff);
        return;
    }
    begin(client, upgrade);
}
