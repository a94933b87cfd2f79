#include "delivery/unicast.h"

#include "delivery/audience.h"
#include "delivery/delivery_loop.h"
#include "delivery/fanout.h"

#include <stdlib.h>
#include <string.h>

#define UNICAST_MAX (UINT32_MAX / 2)
#define UNICAST_FLUSH (256u * 1024)
#define OUTGOING_KEEP (2 * OUTGOING_FLUSH)
#define NOTES_KEEP (256u * 1024) /* bytes */

void unicast_init(struct delivery_loop *loop)
{
    buffer_init(&loop->unicast, UNICAST_MAX);
    for (unsigned i = 0; i < DEFLATE_WINDOW_COUNT - 1; i++)
        buffer_init(&loop->compressed[i], UNICAST_MAX);
}

void unicast_deinit(struct delivery_loop *loop)
{
    buffer_release(&loop->unicast);
    frame_notes_release(&loop->unicast_notes);
    for (unsigned i = 0; i < DEFLATE_WINDOW_COUNT - 1; i++) {
        buffer_release(&loop->compressed[i]);
        frame_notes_release(&loop->compressed_notes[i]);
    }
}

/* -- frames for one receiver -- */

static void note_unicast(struct delivery_loop *loop)
{
    if (loop->unicast.len > UNICAST_FLUSH)
        loop->has_much_to_send = true;
}

static int queue_run(struct receiver *receiver, uint32_t source, const void *head, size_t head_len,
                     const void *body, size_t body_len)
{
    struct delivery_loop *loop = receiver->loop;
    uint8_t *to;
    size_t offset = loop->unicast.len;
    if (outgoing_catch_up(receiver) != OK ||
        buffer_extend(&loop->unicast, head_len + body_len, &to) != OK)
        return ERR_NO_MEMORY;
    memcpy(to, head, head_len);
    if (body_len > 0)
        memcpy(to + head_len, body, body_len);
    if (outgoing_add(receiver, source, offset, head_len + body_len) != OK) {
        loop->unicast.len = offset;
        return ERR_NO_MEMORY;
    }
    note_unicast(loop);
    return OK;
}

int receiver_queue(struct receiver *receiver, const void *head, size_t head_len, const void *body,
                   size_t body_len)
{
    return queue_run(receiver, OUTGOING_UNICAST, head, head_len, body, body_len);
}

static int send_plain(struct receiver *receiver, uint32_t source, enum opcode opcode,
                      const void *data, size_t len)
{
    uint8_t header[FRAME_HEADER_MAX];
    size_t header_len = frame_encode_header(header, opcode, len);
    return queue_run(receiver, source, header, header_len, data, len);
}

/* The same with a message that has a key, if it was read. */
static int send_keyed(struct receiver *receiver, enum opcode opcode, const void *data, size_t len,
                      struct message_key key)
{
    struct delivery_loop *loop = receiver->loop;
    size_t offset = loop->unicast.len;
    if (key.is_read && frame_notes_add(&loop->unicast_notes, offset, key) != OK)
        return ERR_NO_MEMORY;
    int error = send_plain(receiver, OUTGOING_UNICAST, opcode, data, len);
    if (error != OK)
        frame_notes_truncate(&loop->unicast_notes, offset);
    return error;
}

/* -- compressed messages for single receivers -- */

static void forget_compressed(struct delivery_loop *loop, unsigned index, size_t from)
{
    loop->compressed[index].len = from;
    frame_notes_truncate(&loop->compressed_notes[index], from);
}

/* Compresses a message into the receivers' common buffer for that window. Returns its length there,
 * at the buffer's end, or 0: it goes plain. */
static size_t compress_unicast(const struct receiver *receiver, enum opcode opcode,
                               const void *data, size_t len, struct message_key key)
{
    struct delivery_loop *loop = receiver->loop;
    const struct compression_settings *settings = &receiver->limits->compression;
    unsigned index = receiver->window - 1u;
    struct buffer *to = &loop->compressed[index];
    size_t before = to->len;
    if (!compressor_wants(settings, opcode, len) ||
        !compressor_append(&loop->compressor, (enum deflate_window)receiver->window, settings,
                           opcode, data, len, to))
        return 0;
    if (key.is_read && frame_notes_add(&loop->compressed_notes[index], before, key) != OK) {
        to->len = before;
        return 0;
    }
    if (to->len > UNICAST_FLUSH)
        loop->has_much_to_send = true;
    return to->len - before;
}

static uint32_t compressed_source(const struct receiver *receiver)
{
    return OUTGOING_COMPRESSED + receiver->window - 1u;
}

static int send_compressed(struct receiver *receiver, size_t len)
{
    unsigned index = receiver->window - 1u;
    size_t offset = receiver->loop->compressed[index].len - len;
    if (outgoing_catch_up(receiver) == OK &&
        outgoing_add(receiver, compressed_source(receiver), offset, len) == OK)
        return OK;
    forget_compressed(receiver->loop, index, offset);
    return ERR_NO_MEMORY;
}

static bool is_message(enum opcode opcode)
{
    return opcode == OPCODE_TEXT || opcode == OPCODE_BINARY;
}

static void note_sent(struct receiver *receiver, enum opcode opcode, int error)
{
    if (error != OK || !is_message(opcode))
        return;
    receiver->has_message = true;
    receiver->messages_out++;
    counter_add(&receiver->audience->messages_out, 1);
}

static int send_either(struct receiver *receiver, enum opcode opcode, const void *data, size_t len)
{
    struct message_key key = {.is_read = false};
    if (is_message(opcode))
        key = fanout_read_key(receiver->audience->fanout, NULL, data, len);
    if (receiver->window != DEFLATE_WINDOW_NONE) {
        size_t compressed_len = compress_unicast(receiver, opcode, data, len, key);
        if (compressed_len > 0)
            return send_compressed(receiver, compressed_len);
    }
    return send_keyed(receiver, opcode, data, len, key);
}

int receiver_send(struct receiver *receiver, enum opcode opcode, const void *data, size_t len)
{
    int error = send_either(receiver, opcode, data, len);
    note_sent(receiver, opcode, error);
    return error;
}

int receiver_send_control(struct receiver *receiver, enum opcode opcode, const void *data,
                          size_t len)
{
    int error = send_plain(receiver, OUTGOING_CONTROL, opcode, data, len);
    note_sent(receiver, opcode, error);
    return error;
}

/* -- frames for several receivers -- */

int delivery_note_key(struct delivery_loop *loop, struct shared_frame frame, struct message_key key)
{
    if (!key.is_read || frame_notes_add(&loop->unicast_notes, frame.offset, key) == OK)
        return OK;
    loop->unicast.len = frame.offset;
    return ERR_NO_MEMORY;
}

int delivery_share(struct delivery_loop *loop, enum opcode opcode, const void *data, size_t len,
                   struct shared_frame *out)
{
    size_t at = loop->unicast.len;
    if (frame_append(&loop->unicast, opcode, data, len) != OK)
        return ERR_NO_MEMORY;
    *out = (struct shared_frame){.offset = (uint32_t)at, .len = (uint32_t)(loop->unicast.len - at)};
    note_unicast(loop);
    return OK;
}

int delivery_share_frame(struct delivery_loop *loop, const void *frame, size_t len,
                         struct shared_frame *out)
{
    size_t at = loop->unicast.len;
    if (buffer_append(&loop->unicast, frame, len) != OK)
        return ERR_NO_MEMORY;
    *out = (struct shared_frame){.offset = (uint32_t)at, .len = (uint32_t)len};
    note_unicast(loop);
    return OK;
}

static struct message_key key_of_shared(const struct delivery_loop *loop,
                                        const struct shared_frame *frame)
{
    const struct frame_note *note = frame_notes_find(&loop->unicast_notes, frame->offset);
    return note != NULL ? note->key : (struct message_key){.is_read = false};
}

/* Compresses a shared frame for receivers with that window, if nobody has done so before. */
static void compress_shared(const struct receiver *receiver, struct shared_frame *frame)
{
    struct delivery_loop *loop = receiver->loop;
    unsigned index = receiver->window - 1u;
    struct frame_view view;
    if (frame->compressed[index].is_tried)
        return;
    frame_view(loop->unicast.data + frame->offset, &view);
    frame->compressed[index].is_tried = true;
    frame->compressed[index].len = (uint32_t)compress_unicast(
        receiver, view.opcode, loop->unicast.data + frame->offset + view.header_len,
        view.size - view.header_len, key_of_shared(loop, frame));
    frame->compressed[index].offset =
        (uint32_t)loop->compressed[index].len - frame->compressed[index].len;
}

static int add_shared_run(struct receiver *receiver, struct shared_frame *frame)
{
    unsigned index = receiver->window - 1u;
    if (receiver->window == DEFLATE_WINDOW_NONE)
        return outgoing_add(receiver, OUTGOING_UNICAST, frame->offset, frame->len);
    compress_shared(receiver, frame);
    if (frame->compressed[index].len == 0)
        return outgoing_add(receiver, OUTGOING_UNICAST, frame->offset, frame->len);
    return outgoing_add(receiver, compressed_source(receiver), frame->compressed[index].offset,
                        frame->compressed[index].len);
}

int delivery_queue_shared(struct receiver *receiver, struct shared_frame *frame)
{
    if (receiver->loop->outgoing_count > OUTGOING_FLUSH)
        receiver->loop->has_much_to_send = true;
    if (outgoing_catch_up(receiver) != OK)
        return ERR_NO_MEMORY;
    receiver->has_message = true;
    return add_shared_run(receiver, frame);
}

/* -- after the flush -- */

static void empty_buffer(struct buffer *buffer)
{
    buffer->len = 0;
    if (buffer->capacity > 2 * UNICAST_FLUSH)
        buffer_release(buffer);
}

void unicast_empty(struct delivery_loop *loop)
{
    empty_buffer(&loop->unicast);
    frame_notes_clear(&loop->unicast_notes, NOTES_KEEP);
    for (unsigned i = 0; i < DEFLATE_WINDOW_COUNT - 1; i++) {
        empty_buffer(&loop->compressed[i]);
        frame_notes_clear(&loop->compressed_notes[i], NOTES_KEEP);
    }
    loop->outgoing_count = 0;
    if (loop->outgoing_capacity > OUTGOING_KEEP) {
        free(loop->outgoing);
        loop->outgoing = NULL;
        loop->outgoing_capacity = 0;
    }
}
