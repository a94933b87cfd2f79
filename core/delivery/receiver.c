#include "delivery/receiver.h"

#include "delivery/audience.h"
#include "delivery/delivery_loop.h"
#include "delivery/receiver_latency.h"
#include "delivery/receiver_overflow.h"
#include "delivery/sent_frames.h"
#include "delivery/tls_stream.h"
#include "delivery/transport.h"

#include <sys/epoll.h>

/* -- life -- */

int receiver_init(struct receiver *receiver, struct delivery_loop *loop, struct audience *audience,
                  int socket)
{
    receiver->socket = -1;
    receiver->loop = loop;
    receiver->audience = audience;
    receiver->outgoing_first = receiver->outgoing_last = OUTGOING_NONE;
    int error = loop_watch(loop->loop, socket, &receiver->source, EPOLLIN);
    if (error == OK)
        receiver->socket = socket;
    return error;
}

size_t receiver_rest(const struct receiver *receiver)
{
    return tls_output_rest(tls_stream_output(receiver->tls));
}

void receiver_note_held(struct receiver *receiver)
{
    unsigned before = receiver->queue_class;
    holders_note(&receiver->loop->holders, &receiver->queue_class, receiver_held(receiver));
    if (receiver->queue_class != before)
        queue_sizes_note(&receiver->audience->queues, before, receiver->queue_class);
}

static void forget_waiting(struct receiver *receiver)
{
    message_queue_destroy(receiver->waiting);
    receiver->waiting = NULL;
}

void receiver_end(struct receiver *receiver)
{
    if (receiver->socket >= 0)
        loop_unwatch(receiver->loop->loop, receiver->socket);
    transport_close(receiver);
    outbox_clear(&receiver->outbox);
    forget_waiting(receiver);
    receiver_note_held(receiver);
}

void receiver_leave(struct receiver *receiver)
{
    audience_leave(receiver->audience, receiver);
    topic_leave_all(receiver);
    if (receiver->audience->count == 0)
        forward_end_interest(receiver->loop);
}

/* -- what is watched for -- */

static void update_watch(struct receiver *receiver)
{
    static const uint32_t watched[] = {[RECEIVER_WATCHES_INPUT] = EPOLLIN,
                                       [RECEIVER_WATCHES_END] = EPOLLONESHOT | EPOLLRDHUP,
                                       [RECEIVER_WATCHES_BREAK] = EPOLLONESHOT};
    uint32_t events = watched[receiver->watches];
    if (receiver->wants_write)
        events |= EPOLLOUT;
    loop_rewatch(receiver->loop->loop, receiver->socket, &receiver->source, events);
}

void receiver_watch(struct receiver *receiver, enum receiver_watches watches)
{
    receiver->watches = (uint8_t)watches;
    update_watch(receiver);
}

/* Asks to be told when the socket takes bytes, exactly while there are any. */
static void update_wants_write(struct receiver *receiver)
{
    bool wants_write = !receiver_is_drained(receiver);
    if (wants_write == receiver->wants_write)
        return;
    receiver->wants_write = wants_write;
    update_watch(receiver);
}

void receiver_on_writable(struct receiver *receiver)
{
    receiver->wants_write = false;
    update_watch(receiver);
    delivery_mark_receiver(receiver->loop, receiver);
}

/* -- gathering what is to be written -- */

/* A batch in the encoding that the receiver is sent. */
static struct batch_view view_of(const struct receiver *receiver, struct batch *batch)
{
    enum deflate_window window = receiver->window;
    return batch_view(batch, window, &receiver->loop->compressor,
                      window != DEFLATE_WINDOW_NONE ? &receiver->limits->compression : NULL);
}

struct iovec receiver_batch_bytes(const struct receiver *receiver, struct batch *batch,
                                  size_t begin, size_t end)
{
    if (receiver->window == DEFLATE_WINDOW_NONE)
        return (struct iovec){.iov_base = batch->frames.data + begin, .iov_len = end - begin};
    struct batch_view view = view_of(receiver, batch);
    return batch_view_bytes(&view, begin, end);
}

bool receiver_is_behind(const struct receiver *receiver)
{
    return receiver->is_open && receiver->is_joined &&
           receiver->cursor < receiver->audience->batch.frames.len;
}

/* What the receiver has not had yet of what was published to its audience in this iteration. */
static struct iovec batch_tail(const struct receiver *receiver)
{
    if (!receiver_is_behind(receiver))
        return (struct iovec){.iov_base = NULL, .iov_len = 0};
    struct batch *batch = &receiver->audience->batch;
    return receiver_batch_bytes(receiver, batch, receiver->cursor, batch->frames.len);
}

struct iovec receiver_run_bytes(const struct receiver *receiver, const struct outgoing *run)
{
    const struct delivery_loop *loop = receiver->loop;
    const struct buffer *source = &loop->unicast;
    if (outgoing_is_in_batch(run->source))
        return receiver_batch_bytes(receiver, outgoing_batch(receiver, run->source), run->offset,
                                    run->offset + run->len);
    if (run->source >= OUTGOING_COMPRESSED)
        source = &loop->compressed[run->source - OUTGOING_COMPRESSED];
    return (struct iovec){.iov_base = source->data + run->offset, .iov_len = run->len};
}

/* Collects outbox, own frames and batch, in the order in which they are to arrive: not while
 * is_unordered. */
static size_t gather(const struct receiver *receiver, struct iovec *pieces)
{
    const struct outgoing *runs = receiver->loop->outgoing;
    size_t count = outbox_gather(&receiver->outbox, pieces, TRANSPORT_PIECES_MAX);
    if (receiver->waiting != NULL)
        count +=
            message_queue_gather(receiver->waiting, pieces + count, TRANSPORT_PIECES_MAX - count);
    for (uint32_t i = receiver->outgoing_first; i != OUTGOING_NONE && count < TRANSPORT_PIECES_MAX;
         i = runs[i].next)
        pieces[count++] = receiver_run_bytes(receiver, &runs[i]);
    struct iovec tail = batch_tail(receiver);
    if (tail.iov_len > 0 && count < TRANSPORT_PIECES_MAX)
        pieces[count++] = tail;
    return count;
}

size_t receiver_queued(const struct receiver *receiver)
{
    const struct outgoing *runs = receiver->loop->outgoing;
    size_t len = receiver->outbox.queued + (receiver->has_rest ? receiver_rest(receiver) : 0);
    if (receiver->waiting != NULL)
        len += receiver->waiting->queued;
    for (uint32_t i = receiver->outgoing_first; i != OUTGOING_NONE; i = runs[i].next)
        len += runs[i].source != OUTGOING_GAP ? receiver_run_bytes(receiver, &runs[i]).iov_len : 0;
    return len;
}

/* -- settling what was written -- */

/* Whether a part of a batch is kept where all slow receivers find it: not while more may be added
 * to it, and not if so little is left that a block would be held for nothing, unless the receiver
 * holds that block already. */
static bool is_worth_sharing(const struct receiver *receiver, const struct backlog *backlog,
                             const struct batch_view *view, size_t left)
{
    const struct segment *last = receiver->outbox.last;
    if (receiver->audience->is_waiting)
        return false;
    return left >= view->frames->len / 4 || (last != NULL && last->bytes == backlog->block) ||
           memory_account_is_full(&receiver->loop->delivery->queued);
}

/* Keeps the unsent part of a run that lies in a batch. */
static int keep_batch_run(struct receiver *receiver, struct iovec run, size_t sent,
                          struct batch *batch)
{
    struct memory_account *account = &receiver->loop->delivery->queued;
    struct batch_view view = view_of(receiver, batch);
    struct backlog *backlog =
        &receiver->audience->backlogs[view.rendition != NULL ? receiver->window : 0];
    if (!is_worth_sharing(receiver, backlog, &view, run.iov_len - sent))
        return outbox_append_copy(&receiver->outbox, run.iov_base, run.iov_len, sent, account);
    int error = backlog_add_batch(backlog, view.kept, view.frames, account);
    if (error != OK)
        return error;
    size_t begin = view.kept->base + (size_t)((uint8_t *)run.iov_base - view.frames->data);
    return outbox_append(&receiver->outbox, view.kept->block, begin + sent, begin + run.iov_len);
}

/* Keeps the unsent part of a run of frames. */
static int keep_run(struct receiver *receiver, struct iovec run, size_t sent, uint32_t source)
{
    struct batch *batch = outgoing_batch(receiver, source);
    if (batch != NULL)
        return keep_batch_run(receiver, run, sent, batch);
    return outbox_append_copy(&receiver->outbox, run.iov_base, run.iov_len, sent,
                              &receiver->loop->delivery->queued);
}

/* Takes what was sent off a run; keeps the rest. Returns what is left of `sent`. */
static size_t settle_run(struct receiver *receiver, struct iovec run, size_t sent, uint32_t source,
                         int *error)
{
    if (sent >= run.iov_len)
        return sent - run.iov_len;
    if (*error == OK)
        *error = keep_run(receiver, run, sent, source);
    return 0;
}

/* After a write of `sent` bytes: forgets what was sent and keeps the rest in the outbox. */
static int settle(struct receiver *receiver, size_t sent)
{
    if (receiver_keeps_messages(receiver))
        return receiver_settle_messages(receiver, sent);
    int error = OK;
    const struct outgoing *runs = receiver->loop->outgoing;
    size_t from_outbox = sent < receiver->outbox.queued ? sent : receiver->outbox.queued;
    struct iovec tail = batch_tail(receiver);

    outbox_consume(&receiver->outbox, from_outbox);
    sent -= from_outbox;
    for (uint32_t i = receiver->outgoing_first; i != OUTGOING_NONE; i = runs[i].next)
        sent = settle_run(receiver, receiver_run_bytes(receiver, &runs[i]), sent, runs[i].source,
                          &error);
    outgoing_clear(receiver);
    if (tail.iov_len > 0) {
        receiver->has_message = true;
        settle_run(receiver, tail, sent, OUTGOING_BATCH, &error);
        receiver->cursor = (uint32_t)receiver->audience->batch.frames.len;
    }
    return error;
}

/* -- the write -- */

static void note_write(struct receiver *receiver)
{
    receiver_note_held(receiver);
    receiver_note_latency(receiver);
    update_wants_write(receiver);
}

/* Nothing is settled yet: what was written is gathered once more. */
static void tell_sent(struct receiver *receiver, size_t sent)
{
    struct iovec pieces[TRANSPORT_PIECES_MAX];
    size_t count = gather(receiver, pieces);
    sent_frames_tell(receiver, pieces, count, outbox_begun(&receiver->outbox), sent);
}

/* What follows a write of `sent` bytes, or an error (receiver_finish): the rest is kept; what
 * cannot be written any more is thrown away. */
static void settle_write(struct receiver *receiver, ssize_t sent)
{
    const struct receiver_calls *calls = receiver->loop->calls;
    if (sent == ERR_NO_MEMORY) {
        calls->failed(receiver);
        return;
    }
    if (sent < 0) {
        receiver->write_failed = true;
        receiver->has_rest = false;
        calls->lost(receiver);
    }
    if (receiver->socket < 0)
        return;
    if (receiver->write_failed)
        sent = SSIZE_MAX;
    else if (receiver->is_traced && sent > 0)
        tell_sent(receiver, (size_t)sent);
    if (settle(receiver, (size_t)sent) != OK) {
        calls->failed(receiver);
        return;
    }
    note_write(receiver);
}

/* Writes once, if `may_write`. */
static void write_once(struct receiver *receiver, bool may_write)
{
    struct iovec pieces[TRANSPORT_PIECES_MAX];
    size_t count = gather(receiver, pieces);
    ssize_t sent = 0;
    if (count == 0)
        return;
    if (may_write && !receiver->write_failed)
        sent = transport_write(receiver, pieces, count);
    settle_write(receiver, sent);
}

/* Sends what is encrypted already. Returns whether the socket may take more. */
static bool write_rest(struct receiver *receiver)
{
    if (transport_send_rest(receiver) != OK) {
        settle_write(receiver, ERR_CLOSED);
        return false;
    }
    note_write(receiver);
    return !receiver->has_rest;
}

/* Whether it has to be closed. (All together may not hold more than the server: see relieve.) */
static bool has_overflowed(struct receiver *receiver)
{
    bool must_close = receiver->must_close && receiver->is_open;
    receiver->must_close = false;
    return must_close || (receiver_is_over_limit(receiver) && !receiver_make_room(receiver));
}

/* Whether its runs have to be brought into order. Most that get something from a topic get nothing
 * else. */
static bool is_unordered(const struct receiver *receiver)
{
    return receiver->has_topic_runs &&
           (receiver->outgoing_first != receiver->outgoing_last || receiver_is_behind(receiver));
}

static void end_flush(struct receiver *receiver)
{
    const struct receiver_calls *calls = receiver->loop->calls;
    if (has_overflowed(receiver))
        calls->overflow(receiver);
    if (receiver->wants_drained && receiver_is_drained(receiver))
        calls->drained(receiver);
}

void receiver_flush(struct receiver *receiver)
{
    bool is_blocked = receiver->wants_write;
    if (receiver->socket < 0)
        return;
    if ((is_unordered(receiver) && outgoing_sort(receiver) != OK) ||
        (receiver->has_gap && receiver_settle_messages(receiver, 0) != OK)) {
        receiver->loop->calls->failed(receiver);
        return;
    }
    if (receiver->has_rest && !is_blocked) {
        is_blocked = !write_rest(receiver);
        if (receiver->socket < 0)
            return;
    }
    /* While the outbox waits for the socket, writing is tried only when the socket asks for it, */
    write_once(receiver, !is_blocked);
    /* or before the receiver would be given up: much may have been published since it was full. */
    if (is_blocked && receiver_is_over_limit(receiver))
        write_once(receiver, true);
    end_flush(receiver);
}

size_t receiver_prepare(const struct receiver *receiver, struct iovec *pieces)
{
    if (receiver->socket < 0 || receiver->wants_write || receiver->has_rest ||
        receiver->tls_retry > 0 || receiver->has_gap || is_unordered(receiver) ||
        receiver->write_failed)
        return 0;
    return gather(receiver, pieces);
}

void receiver_finish(struct receiver *receiver, ssize_t sent)
{
    settle_write(receiver, sent);
    end_flush(receiver);
}

int receiver_cut(struct receiver *receiver)
{
    uint64_t waiting = outbox_count_messages(&receiver->outbox);
    int error = outbox_truncate(&receiver->outbox, receiver->tls_retry);
    if (receiver->waiting != NULL)
        waiting += receiver->waiting->count;
    receiver_count_dropped(receiver, OVERFLOW_CLOSE,
                           waiting - outbox_count_messages(&receiver->outbox));
    forget_waiting(receiver);
    receiver_note_held(receiver);
    return error;
}
