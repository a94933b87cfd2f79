#include "delivery/receiver_overflow.h"

#include "delivery/audience.h"
#include "delivery/delivery_loop.h"

/* -- keeping what was not sent -- */

/* The queue behind the outbox, made when it is first needed. NULL: no memory. */
static struct message_queue *need_waiting(struct receiver *receiver)
{
    const struct receiver_limits *limits = receiver->limits;
    if (receiver->waiting == NULL)
        receiver->waiting = message_queue_create(&receiver->loop->delivery->queued,
                                                 limits != NULL ? limits->gap_text : NULL);
    return receiver->waiting;
}

static void free_waiting_if_empty(struct receiver *receiver)
{
    if (receiver->waiting == NULL || !message_queue_is_empty(receiver->waiting))
        return;
    message_queue_destroy(receiver->waiting);
    receiver->waiting = NULL;
    receiver->is_slow = false;
}

void receiver_count_dropped(struct receiver *receiver, enum overflow_policy policy,
                            uint64_t messages)
{
    counter_add(&receiver->audience->dropped[policy], messages);
    receiver->dropped += (uint32_t)messages;
    receiver->messages_out -= (uint32_t)messages;
}

/* Counts what the queue has dropped, and tells when that begins. */
static void count_dropped(struct receiver *receiver)
{
    struct message_queue *waiting = receiver->waiting;
    if (waiting == NULL || waiting->dropped == 0)
        return;
    receiver_count_dropped(receiver, receiver->limits->overflow, waiting->dropped);
    waiting->dropped = 0;
    if (receiver->is_slow)
        return;
    receiver->is_slow = true;
    receiver->loop->calls->slow(receiver);
}

/* A copy of a frame of the batch that all slow receivers with the same window refer to. */
static struct shared_bytes *share_frame(const struct receiver *receiver, struct frame_note *note,
                                        struct iovec frame)
{
    struct shared_bytes **copy = &note->copies[receiver->window];
    if (*copy == NULL)
        *copy =
            shared_bytes_create(frame.iov_base, frame.iov_len, &receiver->loop->delivery->queued);
    return *copy;
}

/* What is noted of the frame at `offset` of where a run lies. */
static struct frame_note *note_of(struct receiver *receiver, uint32_t source, size_t offset)
{
    struct delivery_loop *loop = receiver->loop;
    struct batch *batch = outgoing_batch(receiver, source);
    if (batch != NULL)
        return batch_note(batch, offset);
    if (source >= OUTGOING_COMPRESSED)
        return frame_notes_find(&loop->compressed_notes[source - OUTGOING_COMPRESSED], offset);
    return frame_notes_find(&loop->unicast_notes, offset);
}

/* Describes a frame of a run, as the receiver is sent it, as something to be queued. */
static void describe_frame(struct receiver *receiver, uint32_t source, size_t offset,
                           struct iovec bytes, struct frame_source *frame)
{
    bool is_message =
        bytes.iov_len >= 2 && frame_is_message(bytes.iov_base) && source != OUTGOING_CONTROL;
    *frame = (struct frame_source){
        .bytes = bytes.iov_base, .len = bytes.iov_len, .may_drop = is_message};
    if (!is_message)
        return;
    struct frame_note *note = note_of(receiver, source, offset);
    if (note == NULL)
        return;
    frame->conflates =
        note->key.is_read && receiver->is_open && receiver->limits->overflow == OVERFLOW_CONFLATE;
    frame->key = note->key.hash;
    if (outgoing_batch(receiver, source) != NULL)
        frame->copy = share_frame(receiver, note, bytes);
}

/* A frame that is under way: what is left of it goes out as it is. */
static int keep_in_outbox(struct receiver *receiver, const struct frame_source *frame, size_t sent)
{
    return frame->copy != NULL ? outbox_append(&receiver->outbox, frame->copy, sent, frame->len)
                               : outbox_append_copy(&receiver->outbox, frame->bytes, frame->len,
                                                    sent, &receiver->loop->delivery->queued);
}

static int keep_frame(struct receiver *receiver, const struct frame_source *frame,
                      struct settling *left)
{
    if (left->sent == 0 && left->must == 0) {
        struct message_queue *waiting = need_waiting(receiver);
        return waiting != NULL ? message_queue_append(waiting, frame) : ERR_NO_MEMORY;
    }
    size_t unsent = frame->len - left->sent;
    int error = keep_in_outbox(receiver, frame, left->sent);
    left->must -= left->must < unsent ? left->must : unsent;
    left->sent = 0;
    return error;
}

/* Takes a frame, or a run of them, that was sent whole off what is left to be settled. */
static bool take_if_sent(struct settling *left, size_t len)
{
    if (left->sent < len)
        return false;
    left->sent -= len;
    return true;
}

static int settle_frame(struct receiver *receiver, uint32_t source, size_t offset,
                        struct iovec bytes, struct settling *left)
{
    struct frame_source frame;
    if (take_if_sent(left, bytes.iov_len))
        return OK;
    describe_frame(receiver, source, offset, bytes, &frame);
    return keep_frame(receiver, &frame, left);
}

/* Frames that lie between two offsets of a batch. */
static int settle_batch(struct receiver *receiver, uint32_t source, size_t begin, size_t end,
                        struct settling *left)
{
    struct batch *batch = outgoing_batch(receiver, source);
    int error = OK;
    if (take_if_sent(left, receiver_batch_bytes(receiver, batch, begin, end).iov_len))
        return OK;
    for (size_t at = begin, len; at < end && error == OK; at += len) {
        len = frame_length(batch->frames.data + at, end - at);
        error = settle_frame(receiver, source, at,
                             receiver_batch_bytes(receiver, batch, at, at + len), left);
    }
    return error;
}

/* A run of other frames. */
static int settle_frames(struct receiver *receiver, const struct outgoing *run,
                         struct settling *left)
{
    struct iovec bytes = receiver_run_bytes(receiver, run);
    uint8_t *frames = bytes.iov_base;
    int error = OK;
    if (take_if_sent(left, bytes.iov_len))
        return OK;
    for (size_t at = 0, len; at < run->len && error == OK; at += len) {
        len = frame_length(frames + at, run->len - at);
        const struct iovec frame = {.iov_base = frames + at, .iov_len = len};
        error = settle_frame(receiver, run->source, run->offset + at, frame, left);
    }
    return error;
}

static int settle_run_messages(struct receiver *receiver, const struct outgoing *run,
                               struct settling *left)
{
    if (outgoing_batch(receiver, run->source) != NULL)
        return settle_batch(receiver, run->source, run->offset, run->offset + run->len, left);
    if (run->source != OUTGOING_GAP)
        return settle_frames(receiver, run, left);
    struct message_queue *waiting = need_waiting(receiver); /* Nothing of a gap is sent yet. */
    return waiting != NULL ? message_queue_miss(waiting, run->offset, run->len) : ERR_NO_MEMORY;
}

/* What is under way already: the outbox, and of the queue what was sent in part. */
static int settle_kept(struct receiver *receiver, struct settling *left)
{
    size_t from_outbox =
        left->sent < receiver->outbox.queued ? left->sent : receiver->outbox.queued;
    outbox_consume(&receiver->outbox, from_outbox);
    left->sent -= from_outbox;
    left->must -= left->must < receiver->outbox.queued ? left->must : receiver->outbox.queued;
    return receiver->waiting != NULL
               ? message_queue_settle(receiver->waiting, left, &receiver->outbox)
               : OK;
}

int receiver_settle_messages(struct receiver *receiver, size_t sent)
{
    const struct outgoing *runs = receiver->loop->outgoing;
    struct settling left = {.sent = sent, .must = receiver->tls_retry};
    int error = settle_kept(receiver, &left);
    for (uint32_t i = receiver->outgoing_first; i != OUTGOING_NONE && error == OK; i = runs[i].next)
        error = settle_run_messages(receiver, &runs[i], &left);
    receiver->has_gap = false;
    outgoing_clear(receiver);
    if (receiver_is_behind(receiver)) {
        receiver->has_message = true;
        size_t published = receiver->audience->batch.frames.len;
        if (error == OK)
            error = settle_batch(receiver, OUTGOING_BATCH, receiver->cursor, published, &left);
        receiver->cursor = (uint32_t)published;
    }
    count_dropped(receiver);
    free_waiting_if_empty(receiver);
    return error;
}

/* -- limits -- */

bool receiver_is_over_limit(const struct receiver *receiver)
{
    const struct receiver_limits *limits = receiver->limits;
    if (!receiver->is_open)
        return false;
    if (receiver->waiting != NULL && limits->queue_messages > 0 &&
        receiver->waiting->count > limits->queue_messages)
        return true;
    return receiver_held(receiver) > limits->queue_bytes;
}

/* Drops one message by the policy. Errors as message_queue_drop. */
static int drop_one(struct receiver *receiver)
{
    struct message_queue *waiting = receiver->waiting;
    enum overflow_policy policy = receiver->limits->overflow;
    if (waiting == NULL || policy == OVERFLOW_CLOSE)
        return ERR_INVALID;
    if (policy == OVERFLOW_CONFLATE)
        return message_queue_drop_unkeyed(waiting); /* The latest of each key is kept. */
    return message_queue_drop(waiting, policy == OVERFLOW_DROP_NEWEST);
}

static void settle_drops(struct receiver *receiver)
{
    count_dropped(receiver);
    free_waiting_if_empty(receiver);
    receiver_note_held(receiver);
}

bool receiver_make_room(struct receiver *receiver)
{
    int error = OK;
    while (error == OK && receiver_is_over_limit(receiver))
        error = drop_one(receiver);
    settle_drops(receiver);
    return error == OK;
}

bool receiver_drop_waiting(struct receiver *receiver)
{
    size_t before = receiver_held(receiver);
    int error = OK;
    if (!receiver->is_open)
        return false;
    while (error == OK)
        error = drop_one(receiver);
    settle_drops(receiver);
    return error == ERR_INVALID && receiver_held(receiver) <= before / 2;
}

/* -- messages that are missing -- */

void receiver_missed(struct receiver *receiver, uint64_t messages, uint64_t bytes)
{
    if (!receiver->is_open)
        return;
    const struct receiver_limits *limits = receiver->limits;
    counter_add(&receiver->audience->dropped[limits->overflow], messages);
    receiver->dropped += (uint32_t)messages;
    if (limits->overflow != OVERFLOW_CLOSE && limits->gap_text == NULL)
        return;
    if (limits->overflow == OVERFLOW_CLOSE || outgoing_add_gap(receiver, messages, bytes) != OK)
        receiver->must_close = true;
    delivery_mark_receiver(receiver->loop, receiver);
}

/* -- reload -- */

void receiver_set_limits(struct receiver *receiver, const struct receiver_limits *limits)
{
    receiver->limits = limits;
    if (receiver->waiting != NULL)
        message_queue_adopt(receiver->waiting, limits->gap_text);
}
