/*
 * The ways in which a client ends (RFC 6455, section 7).
 */
#include "base/clock.h"
#include "base/log.h"
#include "client/budget.h"
#include "client/client.h"
#include "delivery/receiver_overflow.h"
#include "delivery/topic_batch.h"
#include "delivery/transport.h"
#include "client/endpoint.h"
#include "client/inflate.h"
#include "client/lifetime.h"
#include "client/recorder.h"
#include "client/shard.h"
#include "client/trace.h"
#include "pipeline/chain.h"
#include "pipeline/deferral.h"
#include "pipeline/plugin_request.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void start_deadline(struct client *client)
{
    struct loop *loop = &client_shard(client)->loop;
    if (client->has_left)
        return; /* Its deadline runs. */
    timer_start(&loop->timers, &client->timer, loop->now + CLIENT_CLOSE_TIMEOUT);
}

/* The first close code that is sent or received is the one that counts. */
static void note_close(struct client *client, uint16_t code, const char *reason, size_t len,
                       bool by_peer)
{
    if (client->close_code != 0)
        return;
    client->close_code = code;
    client->closed_by_peer = by_peer;
    if (len > 0)
        client->close_reason = strndup(reason, len); /* Without memory the reason is empty. */
    close_counts_add(&client_endpoint(client)->closes, code, by_peer);
}

static void queue_close_frame(struct client *client, uint16_t code, const char *reason, size_t len)
{
    uint8_t frame[2 + FRAME_CONTROL_MAX];
    size_t frame_len = frame_encode_close(frame, code, reason, len);
    if (topic_batches_catch_up(&client->receiver) != OK ||
        receiver_queue(&client->receiver, frame, frame_len, NULL, 0) != OK)
        client_abort(client); /* Without memory it ends without a goodbye. */
}

void client_close(struct client *client, uint16_t code, const char *reason, size_t reason_len)
{
    forward_pull(client->receiver.loop); /* The client gets what was published before. */
    if (client->state != CLIENT_OPEN)
        return;
    if (code == CLOSE_UNAUTHORIZED)
        client_log_expired(client, reason, reason_len);
    note_close(client, code, reason, reason_len, false);
    queue_close_frame(client, code, reason, reason_len);
    if (client->state != CLIENT_OPEN)
        return;
    client_set_state(client, CLIENT_CLOSING);
    start_deadline(client);
}

void client_fail(struct client *client, uint16_t code, const char *reason)
{
    client_close(client, code, reason, strlen(reason));
    if (client->state == CLIENT_CLOSING)
        client_linger(client);
}

void client_on_close_frame(struct client *client, uint16_t code, const void *reason, size_t len)
{
    if (client->state == CLIENT_OPEN) {
        note_close(client, code, reason, len, true);
        queue_close_frame(client, code, NULL, 0); /* The code is echoed (5.5.1). */
    }
    if (client->state == CLIENT_GONE)
        return;
    client->drop_on_flush = true;
    client_linger(client);
}

static void drop_queue(struct client *client, enum drop_reason reason)
{
    static const char text[] = "slow consumer";
    client_log_slow(client, true);
    shard_count_drop(client_shard(client), reason);
    if (client->state != CLIENT_OPEN || receiver_cut(&client->receiver) != OK) {
        client_abort(client); /* A close frame inside another frame would not be one. */
        return;
    }
    client_close(client, CLOSE_TRY_AGAIN_LATER, text, sizeof text - 1);
}

void client_give_up_queue(struct client *client)
{
    if (receiver_drop_waiting(&client->receiver))
        shard_count_drop(client_shard(client), DROP_QUEUE_TOTAL);
    else
        drop_queue(client, DROP_QUEUE_TOTAL);
}

/* Lingering, and everything is sent: shuts the write side, or ends. */
static void end_writing(struct client *client)
{
    if (client->drop_on_flush) {
        if (!client->receiver.write_failed)
            transport_shutdown(&client->receiver);
        client_abort(client);
    } else if (!client->write_shut) {
        /* Closing now would reset the connection while the peer is still sending, and the reset
         * could overtake the close frame; so the peer's end is awaited, for a bounded time. */
        client->write_shut = true;
        transport_shutdown(&client->receiver);
    }
}

void client_linger(struct client *client)
{
    client_set_state(client, CLIENT_LINGERING);
    start_deadline(client);
    if (receiver_queued(&client->receiver) == 0)
        end_writing(client);
}

static void end_now(struct client *client, bool by_peer)
{
    struct shard *shard = client_shard(client);
    if (client->state == CLIENT_GONE)
        return;
    if (client->is_registered)
        note_close(client, CLOSE_ABNORMAL, NULL, 0, by_peer);
    else if (client->state == CLIENT_CONNECTING)
        endpoint_count_upgrade(client_endpoint(client), UPGRADE_UNFINISHED);
    client_log_closed(client);
    client_set_state(client, CLIENT_GONE);
    timer_stop(&client->timer);
    receiver_end(&client->receiver);
    client->next_closed = shard->closed;
    shard->closed = client;
}

void client_lost(struct client *client)
{
    end_now(client, true);
}

void client_lose_connection(struct client *client)
{
    const SSL *tls = client->receiver.tls;
    enum tls_fault fault = tls != NULL ? tls_stream_fault(tls) : TLS_FAULT_NONE;
    if (fault != TLS_FAULT_NONE) {
        counter_add(&client_shard(client)->stats.tls_faults[fault], 1);
        log_debug("client", "TLS connection of client %" PRIx64 " ended: %s", client->seen.id,
                  tls_fault_text(fault));
    }
    client_lost(client);
}

void client_abort(struct client *client)
{
    end_now(client, false);
}

void client_lose_for_memory(struct client *client)
{
    shard_count_drop(client_shard(client), DROP_NO_MEMORY);
    client_abort(client);
}

/* -- what the delivery tells -- */

static void on_order(struct delivery_loop *loop, const struct receiver_order *order,
                     const void *text, size_t len)
{
    int error = client_carry_out(shard_of_delivery(loop), order, text, len);
    (void)error; /* Out of memory, which has been counted. */
}

static void on_lost(struct receiver *receiver)
{
    client_on_departure(client_of_receiver(receiver));
}

static void on_failed(struct receiver *receiver)
{
    client_lose_for_memory(client_of_receiver(receiver));
}

static void on_overflow(struct receiver *receiver)
{
    drop_queue(client_of_receiver(receiver), DROP_QUEUE_FULL);
}

static void on_slow(struct receiver *receiver)
{
    client_log_slow(client_of_receiver(receiver), false);
}

static void on_drained(struct receiver *receiver)
{
    end_writing(client_of_receiver(receiver));
}

static void on_sent(struct receiver *receiver, const struct sent_frame *frame)
{
    trace_note_sent(client_of_receiver(receiver), frame);
}

static void on_queues_full(struct delivery_loop *loop)
{
    budget_relieve_queue(shard_of_delivery(loop));
}

const struct receiver_calls *client_receiver_calls(void)
{
    static const struct receiver_calls calls = {.order = on_order,
                                                .lost = on_lost,
                                                .failed = on_failed,
                                                .overflow = on_overflow,
                                                .slow = on_slow,
                                                .drained = on_drained,
                                                .relieve = on_queues_full,
                                                .sent = on_sent};
    return &calls;
}

/* -- the last of a client -- */

static void run_close_hooks(struct client *client)
{
    const char *reason = client->close_reason != NULL ? client->close_reason : "";
    const struct sl_close how = {.struct_size = sizeof how,
                                 .code = client->close_code,
                                 .by_peer = client->closed_by_peer,
                                 .reason = {.data = reason, .len = strlen(reason)}};
    chain_close(&client->seen, &how);
}

void client_free(struct client *client)
{
    struct shard_set *set = client_shard(client)->set;
    struct endpoint *endpoint = client_endpoint(client);
    bool is_stopping = atomic_load_explicit(&set->is_stopping, memory_order_relaxed);
    receiver_leave(&client->receiver);
    deferral_cancel_all(&client->seen, is_stopping ? SL_CANCEL_SHUTDOWN : SL_CANCEL_CLIENT_GONE);
    if (client->is_registered) {
        if (set->recorder != NULL)
            recorder_on_close(set->recorder, client->seen.id, client->close_code);
        if (client->receiver.is_traced)
            trace_note_closed(client);
        run_close_hooks(client);
        histogram_add(&client_shard(client)->stats.connected,
                      (uint64_t)(shard_age_of(client_shard(client), client) / NS_PER_MS));
        atomic_fetch_sub_explicit(&endpoint->connected, 1, memory_order_relaxed);
    }
    plugin_request_cancel(&set->pipeline, NULL, client->seen.id);
    chain_free_client(&client->seen);
    shard_remove(client_shard(client), client);
    set->on_left(endpoint, &client->address);
    atomic_fetch_sub_explicit(&client_shard(client)->load, 1, memory_order_relaxed);
    client_forget_inflation(client);
    client_forget_paused(client);
    client_forget_incomplete(client); /* Not before: a hook may have been looking at the message. */
    lifetime_destroy(client->lifetime);
    endpoint_setup_unref(client_setup(client));
    sl_client_deinit(&client->seen);
    free(client->close_reason);
    free(client);
}
