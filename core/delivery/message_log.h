/*
 * The log: what is published on any thread, in one order for all loops.
 *
 * A list of nodes, each with a run of records. Any thread appends. Each loop is a reader with a
 * place of its own, from the beginning on; it reads every record, at its own pace, and a node is
 * freed when the last reader has passed it. Nobody takes a lock or waits for anybody.
 *
 * An append that has returned comes before every append that is called afterwards, on whichever
 * thread; and a reader that then reads to the end finds it. Records of appends that run at the same
 * time are in one order too, the same for all readers.
 */
#ifndef SLUICE_DELIVERY_MESSAGE_LOG_H
#define SLUICE_DELIVERY_MESSAGE_LOG_H

#include "base/error.h"
#include "base/memory_account.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct log_node;

/* Nodes that a reader appends to have room for this many bytes at most, but for one large record.
 */
#define MESSAGE_LOG_NODE_MAX (64u * 1024)

struct message_log {
    _Alignas(64) _Atomic(struct log_node *) tail;
    _Atomic uint64_t memory; /* of all nodes that there have been */
    unsigned readers;
    struct memory_account *account; /* of nodes with others behind them, until they are freed */
};

/* Where a reader stands, and the node that it may append to. Only the reader's thread, but
 * `passed`. */
struct log_place {
    struct log_node *node;   /* NULL: it reads no log */
    size_t offset;           /* in it: what it has read */
    struct log_node *open;   /* the reader's own, `node` or behind it; NULL: none */
    size_t open_size;        /* of the next one */
    _Atomic uint64_t passed; /* memory of the nodes that it has passed, about; any thread */
};

/* What became of an append. */
struct log_entry {
    const uint8_t *data; /* the record, as readers meet it; valid until the reader has passed it */
    uint64_t memory;     /* of nodes in front of it, about */
    bool is_milestone;   /* there is more than MESSAGE_LOG_NODE_MAX since the last milestone */
};

/* Returns 0 or ERR_NO_MEMORY. message_log_deinit is needed in any case. */
MUST_CHECK int message_log_init(struct message_log *log, unsigned readers,
                                struct memory_account *account);

/* Frees; all readers have left. */
void message_log_deinit(struct message_log *log);

/* Puts a reader at the beginning; before anything is appended. */
void message_log_enter(struct message_log *log, struct log_place *place);

/* The reader passes all that there is. */
void message_log_leave(struct message_log *log, struct log_place *place);

/* Appends one record of `len` bytes, which lie in pieces. `place`: of the reader whose thread this
 * is, or NULL. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int message_log_append(struct message_log *log, struct log_place *place,
                                  const struct iovec *pieces, size_t count, size_t len,
                                  struct log_entry *entry);

/* The bytes of the next records: one at least, and all of them whole. Returns their length, or 0:
 * the reader stands at the end. */
size_t message_log_peek(struct message_log *log, struct log_place *place, const uint8_t **data);

/* Whether there is something that the reader has not read. */
bool message_log_has_more(const struct message_log *log, const struct log_place *place);

/* The reader has read that much. */
static inline void message_log_advance(struct log_place *place, size_t len)
{
    place->offset += len;
}

/* How much memory in front of an entry a reader has not passed, about. Any thread. */
static inline uint64_t message_log_lag(const struct log_place *place, uint64_t memory)
{
    uint64_t passed = atomic_load_explicit(&place->passed, memory_order_relaxed);
    return passed < memory ? memory - passed : 0;
}

/* The memory in front of the last node, about. The reader's thread: it has not passed that. */
uint64_t message_log_memory(struct message_log *log);

#endif
