#include "delivery/message_queue.h"

#include "delivery/gap_marker.h"
#include "ws/frame.h"

#include <stdlib.h>
#include <string.h>

enum message_kind {
    MESSAGE_KEPT,      /* stays until it is sent */
    MESSAGE_DROPPABLE, /* in the list from oldest to newest */
    MESSAGE_GAP        /* a marker whose numbers may still grow */
};

struct queued_message {
    struct hash_link link; /* first; in by_key if is_keyed */
    struct queued_message *previous, *next;
    union {
        struct queued_message *older; /* MESSAGE_DROPPABLE */
        uint64_t gap_messages;        /* MESSAGE_GAP */
    };
    union {
        struct queued_message *newer;
        uint64_t gap_bytes;
    };
    struct shared_bytes *copy; /* one reference; NULL: the frame is `data` */
    uint32_t len;              /* of the frame; of a gap that changed: the most that it may be */
    uint32_t room;             /* bytes of `data` */
    uint8_t kind;              /* enum message_kind */
    bool is_keyed;
    bool is_marker;   /* it is not counted as a message */
    bool has_changed; /* MESSAGE_GAP: its frame is not written yet */
    uint8_t data[];
};

/* -- records -- */

static size_t record_cost(const struct queued_message *message)
{
    return memory_cost(sizeof *message + message->room);
}

static size_t message_held(const struct queued_message *message)
{
    return record_cost(message) + (message->copy != NULL ? message->len : 0);
}

static const uint8_t *message_bytes(const struct queued_message *message)
{
    return message->copy != NULL ? message->copy->data : message->data;
}

/* A record with room for a frame of its own; NULL: no memory. */
static struct queued_message *create_message(size_t room)
{
    struct queued_message *message = calloc(1, sizeof *message + room);
    if (message != NULL)
        message->room = (uint32_t)room;
    return message;
}

/* Links a record behind `previous` (NULL: in front), and counts it. */
static void link_message(struct message_queue *queue, struct queued_message *message,
                         struct queued_message *previous)
{
    struct queued_message *next = previous != NULL ? previous->next : queue->first;
    message->previous = previous;
    message->next = next;
    *(previous != NULL ? &previous->next : &queue->first) = message;
    *(next != NULL ? &next->previous : &queue->last) = message;
    queue->queued += message->len;
    queue->held += message_held(message);
    queue->count += !message->is_marker;
    memory_account_add(queue->account, record_cost(message));
}

static void unlink_message(struct message_queue *queue, struct queued_message *message)
{
    if (message == queue->first)
        queue->first = message->next;
    else
        message->previous->next = message->next;
    if (message == queue->last)
        queue->last = message->previous;
    else
        message->next->previous = message->previous;
    queue->queued -= message->len;
    queue->held -= message_held(message);
    queue->count -= !message->is_marker;
    memory_account_sub(queue->account, record_cost(message));
}

static void forget_key(struct message_queue *queue, struct queued_message *message)
{
    if (message->is_keyed)
        hash_table_remove(&queue->by_key, &message->link);
    message->is_keyed = false;
}

static void link_newest(struct message_queue *queue, struct queued_message *message)
{
    message->kind = MESSAGE_DROPPABLE;
    message->older = queue->newest;
    message->newer = NULL;
    *(queue->newest != NULL ? &queue->newest->newer : &queue->oldest) = message;
    queue->newest = message;
}

static void unlink_droppable(struct message_queue *queue, struct queued_message *message)
{
    *(message->older != NULL ? &message->older->newer : &queue->oldest) = message->newer;
    *(message->newer != NULL ? &message->newer->older : &queue->newest) = message->older;
}

/* Takes a record out and frees it. */
static void remove_message(struct message_queue *queue, struct queued_message *message)
{
    forget_key(queue, message);
    if (message->kind == MESSAGE_DROPPABLE)
        unlink_droppable(queue, message);
    unlink_message(queue, message);
    shared_bytes_unref(message->copy);
    free(message);
}

/* -- a queue's life -- */

struct message_queue *message_queue_create(struct memory_account *account, const char *gap_text)
{
    struct message_queue *queue = calloc(1, sizeof *queue);
    if (queue == NULL)
        return NULL;
    queue->account = account;
    queue->gap_text = gap_text;
    queue->held = memory_cost(sizeof *queue);
    memory_account_add(account, queue->held);
    return queue;
}

void message_queue_destroy(struct message_queue *queue)
{
    if (queue == NULL)
        return;
    while (queue->first != NULL)
        remove_message(queue, queue->first);
    hash_table_deinit(&queue->by_key, NULL);
    memory_account_sub(queue->account, memory_cost(sizeof *queue) + queue->table_cost);
    free(queue);
}

/* -- gaps -- */

static void write_gap(struct message_queue *queue, struct queued_message *gap)
{
    if (!gap->has_changed)
        return;
    gap->has_changed = false;
    queue->queued -= gap->len;
    gap->len =
        (uint32_t)gap_marker_encode(queue->gap_text, gap->gap_messages, gap->gap_bytes, gap->data);
    queue->queued += gap->len;
}

static void widen_gap(struct message_queue *queue, struct queued_message *gap, uint64_t messages,
                      uint64_t bytes)
{
    gap->gap_messages += messages;
    gap->gap_bytes += bytes;
    gap->has_changed = true;
    queue->queued += gap->room - gap->len;
    gap->len = gap->room;
}

static bool is_gap(const struct queued_message *message)
{
    return message != NULL && message->kind == MESSAGE_GAP;
}

/* Says that messages are missing behind `previous` (NULL: in front of all). Two markers that would
 * follow each other are one. */
static int put_gap(struct message_queue *queue, struct queued_message *previous, uint64_t messages,
                   uint64_t bytes)
{
    struct queued_message *next = previous != NULL ? previous->next : queue->first;
    if (queue->gap_text == NULL)
        return OK;
    if (is_gap(previous)) {
        widen_gap(queue, previous, messages, bytes);
        if (is_gap(next)) {
            widen_gap(queue, previous, next->gap_messages, next->gap_bytes);
            remove_message(queue, next);
        }
        return OK;
    }
    if (is_gap(next)) {
        widen_gap(queue, next, messages, bytes);
        return OK;
    }
    struct queued_message *gap = create_message(gap_marker_room(queue->gap_text));
    if (gap == NULL)
        return ERR_NO_MEMORY;
    gap->kind = MESSAGE_GAP;
    gap->is_marker = true;
    link_message(queue, gap, previous);
    widen_gap(queue, gap, messages, bytes);
    return OK;
}

int message_queue_miss(struct message_queue *queue, uint64_t messages, uint64_t bytes)
{
    return put_gap(queue, queue->last, messages, bytes);
}

/* -- dropping -- */

static int drop_message(struct message_queue *queue, struct queued_message *message)
{
    struct queued_message *previous = message->previous;
    size_t bytes = frame_payload_length(message->len);
    remove_message(queue, message);
    queue->dropped++;
    return put_gap(queue, previous, 1, bytes);
}

int message_queue_drop(struct message_queue *queue, bool newest)
{
    struct queued_message *message = newest ? queue->newest : queue->oldest;
    return message != NULL ? drop_message(queue, message) : ERR_INVALID;
}

int message_queue_drop_unkeyed(struct message_queue *queue)
{
    struct queued_message *message = queue->oldest;
    while (message != NULL && message->is_keyed)
        message = message->newer;
    return message != NULL ? drop_message(queue, message) : ERR_INVALID;
}

static bool is_same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

void message_queue_adopt(struct message_queue *queue, const char *gap_text)
{
    bool is_same = is_same_text(gap_text, queue->gap_text);
    for (struct queued_message *message = queue->first; message != NULL; message = message->next) {
        forget_key(queue, message);
        if (message->kind == MESSAGE_GAP && !is_same) {
            write_gap(queue, message);
            message->kind = MESSAGE_KEPT;
        }
    }
    queue->gap_text = gap_text;
}

/* -- appending -- */

/* Drops the one that waits with the same key, and takes its place under that key. */
static int conflate(struct message_queue *queue, struct queued_message *message, uint64_t key)
{
    struct hash_link *before = hash_table_first(&queue->by_key, key);
    if (before != NULL && drop_message(queue, (struct queued_message *)before) != OK)
        return ERR_NO_MEMORY;
    hash_table_add(&queue->by_key, &message->link, key);
    message->is_keyed = true;
    return OK;
}

/* Makes room for one more key, and counts what that takes. */
static int reserve_key(struct message_queue *queue)
{
    if (hash_table_reserve(&queue->by_key) != OK)
        return ERR_NO_MEMORY;
    size_t cost = memory_cost(queue->by_key.bucket_count * sizeof(struct hash_link *));
    queue->held += cost - queue->table_cost;
    memory_account_add(queue->account, cost - queue->table_cost);
    queue->table_cost = cost;
    return OK;
}

int message_queue_append(struct message_queue *queue, const struct frame_source *frame)
{
    if (frame->conflates && reserve_key(queue) != OK)
        return ERR_NO_MEMORY;
    struct queued_message *message = create_message(frame->copy != NULL ? 0 : frame->len);
    if (message == NULL)
        return ERR_NO_MEMORY;
    message->len = (uint32_t)frame->len;
    if (frame->copy != NULL)
        message->copy = shared_bytes_ref(frame->copy);
    else
        memcpy(message->data, frame->bytes, frame->len);
    link_message(queue, message, queue->last);
    if (frame->may_drop)
        link_newest(queue, message);
    return frame->conflates ? conflate(queue, message, frame->key) : OK;
}

/* -- sending -- */

size_t message_queue_gather(struct message_queue *queue, struct iovec *pieces, size_t max)
{
    size_t count = 0;
    for (struct queued_message *message = queue->first; message != NULL && count < max;
         message = message->next) {
        write_gap(queue, message);
        pieces[count++] = (struct iovec){.iov_base = (uint8_t *)(uintptr_t)message_bytes(message),
                                         .iov_len = message->len};
    }
    return count;
}

static int move_to_outbox(struct message_queue *queue, struct queued_message *message,
                          size_t offset, struct outbox *outbox)
{
    return message->copy != NULL
               ? outbox_append(outbox, message->copy, offset, message->len)
               : outbox_append_copy(outbox, message->data, message->len, offset, queue->account);
}

int message_queue_settle(struct message_queue *queue, struct settling *left, struct outbox *outbox)
{
    while (queue->first != NULL && (left->sent > 0 || left->must > 0)) {
        struct queued_message *message = queue->first;
        size_t len = message->len;
        if (left->sent < len) {
            size_t unsent = len - left->sent;
            if (move_to_outbox(queue, message, left->sent, outbox) != OK)
                return ERR_NO_MEMORY;
            left->must -= left->must < unsent ? left->must : unsent;
            left->sent = len;
        }
        left->sent -= len;
        remove_message(queue, message);
    }
    return OK;
}
