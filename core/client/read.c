/*
 * The path of a message: read, decode, assemble, message chain, route. The sixth step, flush, comes
 * at the end of the loop's iteration for all clients together (shard_on_iteration_end).
 */
#include "client/client.h"
#include "delivery/transport.h"
#include "client/endpoint.h"
#include "client/inflate.h"
#include "client/recorder.h"
#include "client/shard.h"
#include "client/trace.h"
#include "pipeline/chain.h"
#include "pipeline/message.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

/* Bytes to be decoded: in the shard's input buffer, or those that came with the upgrade. */
struct input {
    uint8_t *data;
    size_t len;
    size_t used;
};

static bool reads_frames(const struct client *client)
{
    return client->state == CLIENT_OPEN || client->state == CLIENT_CLOSING;
}

/* Puts the rest of the last read in front of `data`, which has room for it there. */
static void begin_input(struct client *client, struct input *input, uint8_t *data, size_t len)
{
    struct held_input *held = client->held;
    size_t rest_len = held != NULL ? held->rest_len : 0;
    *input = (struct input){.data = data - rest_len, .len = rest_len + len};
    if (rest_len > 0) {
        memcpy(input->data, held->rest, rest_len);
        held->rest_len = 0;
    }
}

/* Reads what there is, up to `size` bytes. Returns false if there is nothing, or the client has
 * ended. */
static bool read_input(struct client *client, struct input *input, size_t size)
{
    uint8_t *data = client_shard(client)->input + FRAME_UNCONSUMED_MAX;
    ssize_t got = transport_read(&client->receiver, data, size);
    if (got < 0)
        client_lose_connection(client);
    if (got <= 0)
        return false;
    client_heard(client);
    begin_input(client, input, data, (size_t)got);
    return true;
}

/* Keeps what is not enough to be decoded for the next read. A client that is between messages has
 * no buffer. */
static void keep_rest(struct client *client, const struct input *input)
{
    size_t rest_len = input->len - input->used;
    bool is_in_message = frame_decoder_is_in_message(&client->decoder);
    if (!reads_frames(client) || (rest_len == 0 && !is_in_message)) {
        client_forget_incomplete(client);
        return;
    }
    struct held_input *held = client_need_held(client);
    if (held == NULL)
        return;
    if (rest_len > 0)
        memcpy(held->rest, input->data + input->used, rest_len);
    held->rest_len = rest_len;
    if (!is_in_message && input->used > 0)
        client_end_message(client); /* Whole control frames: what is incomplete now is new. */
    client_begin_message(client);
}

/* Keeps all of the rest, behind a message whose verdict is awaited. */
static void pause_input(struct client *client, const struct input *input)
{
    struct held_input *held = client->held;
    if (held != NULL && held->paused.len > 0)
        held->paused_used += input->used; /* The input is what was kept before. */
    else
        client_keep_paused(client, input->data + input->used, input->len - input->used);
}

/* Makes room for a piece and copies it. The decoder has checked that the message may be as long as
 * its frames have announced, by the limit that was in force then. */
static bool keep_piece(struct client *client, struct held_input *held,
                       const struct frame_event *piece)
{
    struct buffer *message = &held->message;
    size_t before = message->capacity;
    size_t max_size = client_setup(client)->config->message_max_size;
    size_t needed = message->len + piece->len;
    message->maximum = needed > max_size ? needed : max_size;
    int error = buffer_append(message, piece->data, piece->len);
    if (message->capacity != before)
        client_note_input(client);
    if (error != OK)
        client_lose_for_memory(client);
    return error == OK;
}

/* Adds a piece to the message under assembly. Returns whether the message is complete. A message
 * that arrived whole is used where it lies. */
static bool assemble(struct client *client, const struct frame_event *piece,
                     struct message *message)
{
    size_t max_size = client_setup(client)->limits.message_max;
    const uint8_t *data = piece->data;
    size_t len = piece->len;
    if (!piece->message_end || (client->held != NULL && client->held->message.len > 0)) {
        struct held_input *held = client_need_held(client);
        if (held == NULL || !keep_piece(client, held, piece) || !piece->message_end)
            return false;
        data = held->message.data;
        len = held->message.len;
    }
    if (piece->is_compressed)
        return client_inflate(client, piece->message_type, data, len, message);
    message_init(message, max_size, piece->message_type, data, len);
    return true;
}

static void answer_ping(struct client *client, const struct frame_event *event)
{
    if (client->state == CLIENT_OPEN && client_send(client, OPCODE_PONG, event->data, event->len))
        client_abort(client); /* No memory even for a pong. */
}

/* Decodes up to the next whole message, answering control frames on the way. Returns false if the
 * input holds no further one, the client waits for its turn, or has begun to end. */
static bool next_message(struct client *client, struct input *input, struct message *message)
{
    const struct frame_limits *limits = &client_setup(client)->limits;
    struct frame_event event;

    if (client_inflate_rest(client, message))
        return true;
    while (reads_frames(client) && !client->is_waiting) {
        input->used += frame_decode(&client->decoder, limits, input->data + input->used,
                                    input->len - input->used, &event);
        switch (event.type) {
        case FRAME_NEED_MORE:
            return false;
        case FRAME_DATA:
            if (client->state == CLIENT_OPEN && assemble(client, &event, message))
                return true;
            break;
        case FRAME_PING:
            answer_ping(client, &event);
            break;
        case FRAME_PONG:
            break; /* Any input counts as a sign of life: client_heard. */
        case FRAME_CLOSE:
            client_on_close_frame(client, event.close_code, event.data, event.len);
            break;
        case FRAME_ERROR:
            if (event.close_code == CLOSE_POLICY)
                shard_count_drop(client_shard(client), DROP_FRAGMENTS);
            client_fail(client, event.close_code, event.error);
            break;
        }
    }
    return false;
}

/* What a verdict other than SL_CONTINUE means. */
static void stop_message(struct client *client, const struct message *message,
                         enum sl_verdict verdict)
{
    if (verdict == SL_DROP)
        shard_count_drop(client_shard(client), DROP_PLUGIN);
    else if (verdict == SL_ERROR)
        shard_count_drop(client_shard(client), DROP_PLUGIN_ERROR);
    else if (verdict == SL_CLOSE)
        client_close(client, message->close.code, message->close.reason,
                     strlen(message->close.reason));
}

/* The chain has come to its end, or a deferral has taken the message. */
static void finish_message(struct client *client, struct message *message, enum chain_result result,
                           enum sl_verdict verdict)
{
    int routed = ERR_CLOSED;
    if (result == CHAIN_STOPPED)
        stop_message(client, message, verdict);
    else if (result == CHAIN_PASSED && client->state == CLIENT_OPEN)
        routed = client_route_message(client, message);
    if (client->receiver.is_traced)
        trace_end_message(client, &(struct trace_end){message, result, verdict, routed});
    if (result != CHAIN_DEFERRED)
        message_release(&client_shard(client)->pipeline, message);
}

/* -- taking turns -- */

/* How often one read's messages may fill the loop's buffers for what goes out, before others have
 * their turn. */
#define FLUSHES_PER_TURN 4u

/* How many bytes one read's compressed messages may hold before others have their turn. */
#define INFLATED_PER_TURN (1024u * 1024)

/* Between two messages: what a read makes the server send, or inflate, may be far more than the
 * read. It is sent as soon as it is much, and then the client waits for its next turn. */
static void end_turn_if_much(struct client *client, uint64_t inflated, unsigned *flushes)
{
    if (client_shard(client)->delivery.has_much_to_send) {
        delivery_flush(&client_shard(client)->delivery);
        ++*flushes;
    }
    if ((*flushes >= FLUSHES_PER_TURN || inflated >= INFLATED_PER_TURN) && reads_frames(client) &&
        !client->is_waiting)
        client_wait_for_turn(client);
}

/* Message by message, until the input is used up, or a verdict or a turn is awaited. */
static void handle_input(struct client *client, struct input *input)
{
    struct shard *shard = client_shard(client);
    struct message *message = message_take(&shard->pipeline);
    uint64_t inflated_before = counter_read(&shard->stats.inflated_bytes_out);
    unsigned flushes = 0;
    while (message != NULL && next_message(client, input, message)) {
        enum sl_verdict verdict = SL_CONTINUE;
        counter_add(&client->receiver.audience->messages_in, 1);
        client->messages_in++;
        if (shard->set->recorder != NULL)
            recorder_on_message(shard->set->recorder, client->seen.id, message_opcode(message),
                                message->seen.data, message->seen.len,
                                &client_setup(client)->chain->credentials);
        if (client->receiver.is_traced)
            trace_begin_message(client, message, TRACE_RECEIVED);
        enum chain_result result = chain_message(&client->seen, &message, &verdict);
        finish_message(client, message, result, verdict);
        client_end_message(client);
        end_turn_if_much(client, counter_read(&shard->stats.inflated_bytes_out) - inflated_before,
                         &flushes);
        message = NULL;
        if (client->is_waiting)
            break;
        message = message_take(&shard->pipeline);
    }
    client_forget_inflated(client);
    if (message != NULL)
        message_put_back(&shard->pipeline, message); /* Nothing has been put into it. */
    else if (!client->is_waiting)
        client_lose_for_memory(client);
    if (client->is_waiting && reads_frames(client)) {
        client_forget_incomplete(client);
        pause_input(client, input);
    } else {
        keep_rest(client, input);
    }
}

void client_on_readable(struct client *client)
{
    struct input input;
    size_t size = SHARD_READ_SIZE;
    do {
        if (!read_input(client, &input, size))
            return;
        handle_input(client, &input);
        /* The rest of a TLS record, and no more: others want to be read too. */
        size = transport_pending(&client->receiver);
    } while (reads_frames(client) && !client->is_waiting && size > 0);
}

/* The input that has waited behind a message. What is used of it is remembered, not moved, so that
 * many deferred messages in one read cost no more than one. */
static void handle_paused_input(struct client *client)
{
    struct held_input *held = client->held;
    if (held == NULL || !reads_frames(client))
        return;
    uint8_t *data =
        held->paused.len > 0 ? held->paused.data + held->paused_used : client_shard(client)->input;
    struct input input = {.data = data, .len = held->paused.len - held->paused_used};
    if (held->paused.len > 0 || held->inflation != NULL)
        handle_input(client, &input);
    if (!client->is_waiting)
        client_forget_paused(client);
}

void client_resume_input(struct client *client)
{
    /* Before the next message is decoded, or a client that never pauses would never change over. */
    client_catch_up_with_reload(client);
    if (!client->is_waiting)
        handle_paused_input(client);
    if (client->is_waiting)
        return;
    client_stop_waiting(client);
    if (reads_frames(client) && transport_pending(&client->receiver) > 0)
        client_on_readable(client);
}

void client_resume_message(struct client *client, struct message *message, int verdict)
{
    enum sl_verdict decided = SL_CONTINUE;
    enum chain_result result = CHAIN_STOPPED;
    client->is_waiting = false;
    if (client->receiver.is_traced)
        trace_begin_message(client, message, TRACE_RESUMED);
    if (client->state == CLIENT_OPEN)
        result = chain_message_resume(&client->seen, &message, verdict, &decided);
    finish_message(client, message, result, decided);
    client_resume_input(client);
}

/* A lingering client's bytes are read so that the kernel does not reset the connection, and thrown
 * away. */
static void discard_input(struct client *client)
{
    if (transport_read(&client->receiver, client_shard(client)->input, SHARD_READ_SIZE) < 0)
        client_lose_connection(client);
}

void client_process_early(struct client *client, const unsigned char *data, size_t len)
{
    struct input input;
    uint8_t *to = client_shard(client)->input + FRAME_UNCONSUMED_MAX;
    while (len > 0 && reads_frames(client) && !client->is_waiting) {
        size_t take = len < SHARD_READ_SIZE ? len : SHARD_READ_SIZE;
        memcpy(to, data, take);
        begin_input(client, &input, to, take);
        handle_input(client, &input);
        data += take;
        len -= take;
    }
    if (client->is_waiting && len > 0 && reads_frames(client))
        client_keep_paused(client, data, len);
    else if (reads_frames(client) && !client->is_waiting &&
             transport_pending(&client->receiver) > 0)
        client_on_readable(client);
}

void client_on_ready(struct loop *loop, struct io_source *source, uint32_t events)
{
    struct client *client = (struct client *)source;
    (void)loop;
    if (client->state != CLIENT_GONE && (events & EPOLLOUT) != 0)
        receiver_on_writable(&client->receiver);
    if (client->state == CLIENT_GONE || (events & ~(uint32_t)EPOLLOUT) == 0)
        return;
    bool was_waiting = client->is_waiting;
    if (client_shard(client)->switching > 0)
        client_catch_up_with_reload(client); /* As in client_resume_input. */
    if (client->state == CLIENT_GONE || client->is_waiting != was_waiting)
        return; /* Its end, if this is one, is told again. */
    if (client->is_waiting)
        client_on_departure(client); /* Nothing else is watched for. */
    else if (reads_frames(client))
        client_on_readable(client);
    else
        discard_input(client);
}
