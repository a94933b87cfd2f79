/*
 * The write path of a client: one write an iteration for everything that it is to get.
 */
#include "client/client.h"
#include "delivery/transport.h"
#include "client/endpoint.h"
#include "hub/hub_internal.h"
#include "client/shard.h"

int client_send(struct client *client, enum opcode opcode, const void *data, size_t len)
{
    uint8_t header[FRAME_HEADER_MAX];
    if (client->state != CLIENT_OPEN)
        return ERR_CLOSED;
    size_t header_len = frame_encode_header(header, opcode, len);
    int error = shard_queue(client->shard, client, header, header_len, data, len);
    if (error == ERR_NO_MEMORY)
        shard_count_drop(client->shard, DROP_NO_MEMORY);
    return error;
}

/* What the client has not had yet of what was published to its audience in this iteration. */
static struct iovec batch_tail(const struct client *client)
{
    const struct buffer *batch = &client->receiver.audience->batch;
    if (client->state != CLIENT_OPEN || !client->receiver.is_joined ||
        client->receiver.cursor >= batch->len)
        return (struct iovec){.iov_base = NULL, .iov_len = 0};
    return (struct iovec){.iov_base = batch->data + client->receiver.cursor,
                          .iov_len = batch->len - client->receiver.cursor};
}

static struct iovec outgoing_bytes(const struct client *client, const struct outgoing *outgoing)
{
    const struct buffer *source =
        outgoing->from_batch ? &client->receiver.audience->batch : &client->shard->delivery.unicast;
    return (struct iovec){.iov_base = source->data + outgoing->offset, .iov_len = outgoing->len};
}

/* Collects outbox, own frames and batch, in the order in which they are to arrive. */
static size_t gather(const struct client *client, struct iovec *pieces)
{
    size_t count = outbox_gather(&client->receiver.outbox, pieces, TRANSPORT_PIECES_MAX);
    for (uint32_t i = client->receiver.outgoing_first;
         i != OUTGOING_NONE && count < TRANSPORT_PIECES_MAX;
         i = client->shard->delivery.outgoing[i].next)
        pieces[count++] = outgoing_bytes(client, &client->shard->delivery.outgoing[i]);
    struct iovec tail = batch_tail(client);
    if (tail.iov_len > 0 && count < TRANSPORT_PIECES_MAX)
        pieces[count++] = tail;
    return count;
}

/* Whether a part of the batch is kept where all slow clients find it: not if so little is left that
 * a block would be held for nothing, unless the client holds that block already. */
static bool is_worth_sharing(const struct client *client, size_t left)
{
    const struct audience *audience = client->receiver.audience;
    const struct segment *last = client->receiver.outbox.last;
    return left >= audience->batch.len / 4 ||
           (last != NULL && last->bytes == audience->backlog.block) ||
           budget_is_full(client->shard->hub, BUDGET_QUEUE);
}

/* Keeps the unsent part of a run of frames. */
static int keep_run(struct client *client, struct iovec run, size_t sent, bool from_batch)
{
    struct audience *audience = client->receiver.audience;
    _Atomic size_t *account = hub_queued_bytes(client->shard->hub);
    if (!from_batch || !is_worth_sharing(client, run.iov_len - sent))
        return outbox_append_copy(&client->receiver.outbox, run.iov_base, run.iov_len, sent,
                                  account);
    int error = backlog_add_batch(&audience->backlog, &audience->batch, account);
    if (error != OK)
        return error;
    size_t begin =
        audience->backlog.base + (size_t)((uint8_t *)run.iov_base - audience->batch.data);
    return outbox_append(&client->receiver.outbox, audience->backlog.block, begin + sent,
                         begin + run.iov_len);
}

/* Takes what was sent off a run; keeps the rest. Returns what is left of `sent`. */
static size_t settle_run(struct client *client, struct iovec run, size_t sent, bool from_batch,
                         int *error)
{
    if (sent >= run.iov_len)
        return sent - run.iov_len;
    if (*error == OK)
        *error = keep_run(client, run, sent, from_batch);
    return 0;
}

/* After a write of `sent` bytes: forgets what was sent and keeps the rest in the outbox. */
static int settle(struct client *client, size_t sent)
{
    int error = OK;
    size_t from_outbox =
        sent < client->receiver.outbox.queued ? sent : client->receiver.outbox.queued;
    struct iovec tail = batch_tail(client);

    outbox_consume(&client->receiver.outbox, from_outbox);
    sent -= from_outbox;
    for (uint32_t i = client->receiver.outgoing_first; i != OUTGOING_NONE;
         i = client->shard->delivery.outgoing[i].next) {
        const struct outgoing *outgoing = &client->shard->delivery.outgoing[i];
        sent = settle_run(client, outgoing_bytes(client, outgoing), sent, outgoing->from_batch,
                          &error);
    }
    client->receiver.outgoing_first = client->receiver.outgoing_last = OUTGOING_NONE;
    if (tail.iov_len > 0) {
        settle_run(client, tail, sent, true, &error);
        client->receiver.cursor = (uint32_t)client->receiver.audience->batch.len;
    }
    return error;
}

/* Asks to be told when the socket takes bytes, exactly while there are any. */
static void update_wants_write(struct client *client)
{
    bool wants_write = !outbox_is_empty(&client->receiver.outbox);
    if (wants_write == client->receiver.wants_write)
        return;
    client->receiver.wants_write = wants_write;
    client_update_watch(client);
}

/* A client may not hold more than its endpoint allows. (All together may not hold more than the
 * server: budget_relieve.) */
static bool is_over_limit(const struct client *client)
{
    return client->state == CLIENT_OPEN &&
           client->receiver.outbox.held > client->setup->config->queue_bytes;
}

/* Writes once, if `may_write`, and keeps the rest; what cannot be written any more is thrown away.
 */
static void write_once(struct client *client, bool may_write)
{
    struct iovec pieces[TRANSPORT_PIECES_MAX];
    size_t count = gather(client, pieces);
    ssize_t sent = 0;

    if (count == 0)
        return;
    if (may_write && !client->receiver.write_failed)
        sent = transport_write(client, pieces, count);
    if (sent < 0)
        client_on_write_failure(client);
    if (client->state == CLIENT_GONE)
        return;
    if (client->receiver.write_failed)
        sent = SSIZE_MAX;
    if (settle(client, (size_t)sent) != OK) {
        shard_count_drop(client->shard, DROP_NO_MEMORY);
        client_abort(client);
        return;
    }
    budget_note(client, BUDGET_QUEUE, client->receiver.outbox.held);
    update_wants_write(client);
}

void client_flush(struct client *client)
{
    bool is_blocked = client->receiver.wants_write;
    if (client->state == CLIENT_GONE)
        return;
    /* While the outbox waits for the socket, writing is tried only when the socket asks for it, */
    write_once(client, !is_blocked);
    /* or before the client would be given up: much may have been published since it was full. */
    if (is_blocked && is_over_limit(client))
        write_once(client, true);
    if (is_over_limit(client))
        client_overflow(client);
    if (client->state == CLIENT_LINGERING && outbox_is_empty(&client->receiver.outbox))
        client_on_drained(client);
}

void client_on_writable(struct client *client)
{
    client->receiver.wants_write = false;
    client_update_watch(client);
    shard_mark_client_dirty(client->shard, client);
}
