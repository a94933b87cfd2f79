/*
 * A shard: the part of the hub that one loop owns: its clients, their ids, its audiences, and what
 * has to be done at the end of an iteration.
 *
 * Only the loop's thread, except the counters, which any thread may read.
 */
#ifndef SLUICE_CLIENT_SHARD_H
#define SLUICE_CLIENT_SHARD_H

#include "base/buffer.h"
#include "base/counter.h"
#include "delivery/tls_stream.h"
#include "delivery/audience.h"
#include "client/budget.h"
#include "delivery/delivery_loop.h"
#include "loop/loop.h"
#include "pipeline/pipeline_loop.h"
#include "ws/frame.h"

#include <stdint.h>

struct client;
struct upgrade;
struct hub;
struct message;
struct stage;

#define SHARD_READ_SIZE (64u * 1024)

/* Close codes are counted one by one from 1000 to 1015, then these groups. */
enum close_slot {
    CLOSE_SLOT_3XXX = 16,
    CLOSE_SLOT_4XXX,
    CLOSE_SLOT_4401,
    CLOSE_SLOT_4429,
    CLOSE_SLOT_COUNT
};

/* Why a message went no further, or output was thrown away. */
#define DROP_REASONS(X)                                                                            \
    X(DROP_PLUGIN, "plugin")                   /* a plugin's verdict: drop */                      \
    X(DROP_PLUGIN_ERROR, "plugin_error")       /* a plugin failed and on_error is deny */          \
    X(DROP_QUEUE_FULL, "queue_full")           /* a slow client's queue */                         \
    X(DROP_QUEUE_TOTAL, "queue_total")         /* limits.queue_bytes: a large queue */             \
    X(DROP_INPUT_TOTAL, "input_total")         /* limits.input_bytes: much that was received */    \
    X(DROP_MESSAGE_TIMEOUT, "message_timeout") /* message.timeout */                               \
    X(DROP_FRAGMENTS, "fragments")             /* message.max_fragments */                         \
    X(DROP_SENDER_GONE, "sender_gone")         /* it left, and its messages waited for too long */ \
    X(DROP_NO_MEMORY, "no_memory")

enum drop_reason {
#define DROP_ENUM(name, label) name,
    DROP_REASONS(DROP_ENUM)
#undef DROP_ENUM
        DROP_REASON_COUNT
};

struct shard_stats {
    counter bytes_in;
    counter bytes_out;
    counter reads;  /* system calls */
    counter writes; /* system calls */
    counter pings;
    counter input_pauses; /* clients' input that waited for the next turn */
    counter closes[CLOSE_SLOT_COUNT];
    counter drops[DROP_REASON_COUNT];
    counter tls_faults[TLS_FAULT_COUNT];
};

/* One entry of the id table: a client, or the next free entry. */
struct shard_slot {
    struct client *client; /* NULL: free */
    uint32_t generation;   /* counts the clients that have had this slot */
    uint32_t next_free;
};

struct shard {
    struct loop loop;
    struct hub *hub;

    struct shard_slot *slots;
    uint32_t slot_count;
    uint32_t first_free_slot;

    struct client *doomed; /* are gone; freed at the end of the iteration */

    struct delivery_loop delivery;
    struct pipeline_loop pipeline;
    uint8_t *input; /* FRAME_UNCONSUMED_MAX + SHARD_READ_SIZE bytes: what is being read */
    struct timer drain_timer;
    int64_t drain_until;
    struct shard_stats stats;
    counter holders[BUDGET_COUNT][BUDGET_CLASSES]; /* how many clients hold how much */
    struct mail relieve_mail;                      /* owned; from other loops */
    _Atomic bool is_asked_to_relieve;              /* it is on its way */
    bool wants_relief;                             /* a budget may be full: look after this event */
    _Atomic bool is_stuck; /* the watchdog's word: the loop does not go on */
    _Atomic uint32_t load; /* clients here or on their way, for the choice of a loop */
};

/* Sets everything up for the hub's endpoints; the loop's thread is not started. Returns 0,
 * ERR_NO_MEMORY or ERR_SYSTEM. */
MUST_CHECK int shard_init(struct shard *shard, struct hub *hub, unsigned index);

/* Frees everything. The loop's thread, at whose end all clients were ended too, must not run, and
 * nobody may post any more. */
void shard_deinit(struct shard *shard);

static inline struct shard *shard_of(struct loop *loop)
{
    return loop->owner;
}

/* Gives a client an id and a place in the table. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int shard_add(struct shard *shard, struct client *client);

/* Takes a client out of the table. */
void shard_remove(struct shard *shard, struct client *client);

/* The client with that id, or NULL if it is gone. */
struct client *shard_find(struct shard *shard, uint64_t id);

/* The index of the loop that an id belongs to. */
static inline unsigned client_id_loop(uint64_t id)
{
    return (unsigned)(id & 0xFF);
}

/* Notes that an audience has something to be flushed at the end of the iteration. */
void shard_mark_dirty(struct shard *shard, struct audience *audience);

/* Notes what the client has not had yet of its audience's batch as the next thing that it gets, so
 * that what is queued for it afterwards comes after that. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int shard_catch_up(struct shard *shard, struct client *client);

/* Notes that a client has something to be flushed at the end of the iteration. */
void shard_mark_client_dirty(struct shard *shard, struct client *client);

/* Queues bytes for one client for the end of the iteration. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int shard_queue(struct shard *shard, struct client *client, const void *head,
                           size_t head_len, const void *body, size_t body_len);

/* Puts bytes where several clients can be given them in this iteration, by their offset. Returns 0
 * or ERR_NO_MEMORY. */
MUST_CHECK int shard_share(struct shard *shard, const void *bytes, size_t len, uint32_t *offset);

/* Queues such bytes for one client. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int shard_queue_shared(struct shard *shard, struct client *client, uint32_t offset,
                                  uint32_t len);

/* Sends what this iteration has made the loop's clients get so far. Only when no hook runs and no
 * message is looked at: clients may be gone afterwards. */
void shard_flush(struct shard *shard);

/* Hands what was broadcast in this iteration to the other loops. */
void shard_forward_audiences(struct shard *shard);

/* Counts a close code, or a message or queue that was dropped. */
void shard_count_close(struct shard *shard, uint16_t code);

static inline void shard_count_drop(struct shard *shard, enum drop_reason reason)
{
    counter_add(&shard->stats.drops[reason], 1);
}

/* Begins to close all clients with 1012, spread evenly over the time until `until`. */
void shard_drain(struct shard *shard, int64_t until);

#endif
