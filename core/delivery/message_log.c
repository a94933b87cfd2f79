#include "delivery/message_log.h"

#include "base/memory_cost.h"

#include <stdlib.h>
#include <string.h>

#define OPEN_SIZE_MIN 512u

/* `state` is twice the length of what readers may read, and 1 more if nothing will be added. */
#define SEALED ((size_t)1)

struct log_node {
    _Atomic size_t state;
    _Atomic(struct log_node *) next; /* NULL: none, or its maker has not said so yet */
    struct log_node *before;         /* the node that it was put behind; may be freed */
    _Atomic unsigned holders;        /* readers that have not passed it, and the log for its tail */
    size_t size;                     /* of `data` */
    uint64_t memory;                 /* of the nodes that were made before */
    uint8_t data[];
};

static size_t node_cost(const struct log_node *node)
{
    return memory_cost(sizeof *node + node->size);
}

/* An empty node of nobody's yet. NULL: no memory. */
static struct log_node *node_create(struct message_log *log, size_t size)
{
    struct log_node *node = malloc(sizeof *node + size);
    if (node == NULL)
        return NULL;
    atomic_init(&node->state, 0);
    atomic_init(&node->next, NULL);
    atomic_init(&node->holders, log->readers + 1);
    node->size = size;
    node->memory = atomic_fetch_add_explicit(&log->memory, node_cost(node), memory_order_relaxed);
    return node;
}

/* Acquire and release: what each holder did with the node happens before it is freed. */
static void node_release(const struct message_log *log, struct log_node *node)
{
    if (atomic_fetch_sub_explicit(&node->holders, 1, memory_order_acq_rel) != 1)
        return;
    memory_account_sub(log->account, node_cost(node));
    free(node);
}

int message_log_init(struct message_log *log, unsigned readers, struct memory_account *account)
{
    *log = (struct message_log){.readers = readers, .account = account};
    struct log_node *first = node_create(log, 0);
    atomic_store_explicit(&log->tail, first, memory_order_relaxed);
    return first != NULL ? OK : ERR_NO_MEMORY;
}

void message_log_deinit(struct message_log *log)
{
    free(atomic_load_explicit(&log->tail, memory_order_relaxed));
}

/* -- appending -- */

static void copy_pieces(uint8_t *to, const struct iovec *pieces, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (pieces[i].iov_len > 0)
            memcpy(to, pieces[i].iov_base, pieces[i].iov_len);
        to += pieces[i].iov_len;
    }
}

/* To the reader's own node, if that is still the last one and has room. Another one may be put
 * behind it at any moment, and then it is sealed: nothing is added. The tail is looked at
 * first because that maker may take a while, and meanwhile others, who append behind that one, are
 * done: this must not come before them. (The node is there: its owner has not passed it.) */
static bool append_to_open(struct message_log *log, struct log_node *node,
                           const struct iovec *pieces, size_t count, size_t len,
                           struct log_entry *entry)
{
    if (node == NULL || atomic_load_explicit(&log->tail, memory_order_seq_cst) != node)
        return false;
    size_t state = atomic_load_explicit(&node->state, memory_order_relaxed);
    size_t used = state / 2;
    if ((state & SEALED) != 0 || node->size - used < len)
        return false;
    copy_pieces(node->data + used, pieces, count);
    /* Release: readers see the bytes. Sequentially consistent, as all that publishes: see
     * message_log_peek. */
    if (!atomic_compare_exchange_strong_explicit(&node->state, &state, state + 2 * len,
                                                 memory_order_seq_cst, memory_order_relaxed))
        return false;
    *entry = (struct log_entry){.data = node->data + used, .memory = node->memory};
    return true;
}

/* Makes a node the last one. From the exchange on it has its place; readers do not wait for the
 * rest: see find_next. */
static void link_node(struct message_log *log, struct log_node *node)
{
    struct log_node *before = atomic_load_explicit(&log->tail, memory_order_relaxed);
    do {
        node->before = before;
    } while (!atomic_compare_exchange_weak_explicit(&log->tail, &before, node, memory_order_seq_cst,
                                                    memory_order_relaxed));
    atomic_fetch_or_explicit(&before->state, SEALED, memory_order_seq_cst);
    memory_account_add(log->account, node_cost(before));
    /* Release: readers that go on to the node see its bytes. */
    atomic_store_explicit(&before->next, node, memory_order_release);
    node_release(log, before); /* The log's hold. */
}

/* How large a reader's next node is to be: twice as large as the last one if that got full, and for
 * twice as much if others have cut it short. */
static size_t next_open_size(const struct log_place *place, size_t len)
{
    const struct log_node *last = place->open;
    size_t size = place->open_size;
    if (last != NULL)
        size = atomic_load_explicit(&last->state, memory_order_relaxed) / 2 * 2;
    if (size < OPEN_SIZE_MIN)
        size = OPEN_SIZE_MIN;
    if (size > MESSAGE_LOG_NODE_MAX)
        size = MESSAGE_LOG_NODE_MAX;
    return size > len ? size : len;
}

/* So that a large record is freed once it has been read, and not when the next one comes. */
static void end_large_node(struct message_log *log)
{
    struct log_node *empty = node_create(log, 0);
    if (empty != NULL)
        link_node(log, empty);
}

int message_log_append(struct message_log *log, struct log_place *place, const struct iovec *pieces,
                       size_t count, size_t len, struct log_entry *entry)
{
    if (place != NULL && append_to_open(log, place->open, pieces, count, len, entry))
        return OK;
    struct log_node *node = node_create(log, place != NULL ? next_open_size(place, len) : len);
    if (node == NULL)
        return ERR_NO_MEMORY;
    copy_pieces(node->data, pieces, count);
    /* Nobody knows the node yet: link_node publishes. */
    atomic_store_explicit(&node->state, 2 * len, memory_order_relaxed);
    *entry = (struct log_entry){.data = node->data, .memory = node->memory};
    entry->is_milestone = node->memory / MESSAGE_LOG_NODE_MAX !=
                          (node->memory + node_cost(node)) / MESSAGE_LOG_NODE_MAX;
    bool is_large = node->size > MESSAGE_LOG_NODE_MAX;
    if (place != NULL)
        place->open = node;
    link_node(log, node); /* It may be gone afterwards, if nobody here has to pass it. */
    if (is_large)
        end_large_node(log);
    return OK;
}

/* -- reading -- */

void message_log_enter(struct message_log *log, struct log_place *place)
{
    *place = (struct log_place){.node = atomic_load_explicit(&log->tail, memory_order_relaxed)};
}

/* The node behind one that the reader has not passed and that is not the last. If its maker has not
 * linked it yet, it is found from the end: all nodes in between are there, since the reader has not
 * passed them. */
static struct log_node *find_next(const struct message_log *log, const struct log_node *node)
{
    struct log_node *next = atomic_load_explicit(&node->next, memory_order_acquire);
    if (next != NULL)
        return next;
    next = atomic_load_explicit(&log->tail, memory_order_seq_cst);
    while (next->before != node)
        next = next->before;
    return next;
}

static void pass_node(struct message_log *log, struct log_place *place, struct log_node *next)
{
    struct log_node *passed = place->node;
    if (place->open == passed) {
        place->open_size = next_open_size(place, 0);
        place->open = NULL;
    }
    place->node = next;
    place->offset = 0;
    atomic_store_explicit(&place->passed, next->memory, memory_order_relaxed);
    node_release(log, passed);
}

/* Sequentially consistent loads: whoever notes, likewise, that it wants records and then finds
 * nothing here, is seen by everybody who appends afterwards and then looks who wants them. */
size_t message_log_peek(struct message_log *log, struct log_place *place, const uint8_t **data)
{
    for (;;) {
        struct log_node *node = place->node;
        size_t len = atomic_load_explicit(&node->state, memory_order_seq_cst) / 2;
        if (place->offset < len) {
            *data = node->data + place->offset;
            return len - place->offset;
        }
        if (atomic_load_explicit(&log->tail, memory_order_seq_cst) == node)
            return 0;
        /* Something may have been added before it was sealed, by its follower's maker or here. */
        len = atomic_fetch_or_explicit(&node->state, SEALED, memory_order_acq_rel) / 2;
        if (place->offset == len)
            pass_node(log, place, find_next(log, node));
    }
}

bool message_log_has_more(const struct message_log *log, const struct log_place *place)
{
    return place->offset < atomic_load_explicit(&place->node->state, memory_order_seq_cst) / 2 ||
           atomic_load_explicit(&log->tail, memory_order_seq_cst) != place->node;
}

void message_log_leave(struct message_log *log, struct log_place *place)
{
    const uint8_t *data;
    size_t len;
    while (place->node != NULL && (len = message_log_peek(log, place, &data)) > 0)
        message_log_advance(place, len);
    place->node = place->open = NULL;
}

uint64_t message_log_memory(struct message_log *log)
{
    return atomic_load_explicit(&log->tail, memory_order_seq_cst)->memory;
}
