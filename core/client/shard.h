/*
 * A shard: the clients of one loop, their ids, and what has to be done at the end of an iteration.
 *
 * Only the loop's thread, except the counters, which any thread may read.
 */
#ifndef SLUICE_CLIENT_SHARD_H
#define SLUICE_CLIENT_SHARD_H

#include "base/counter.h"
#include "base/histogram.h"
#include "base/holders.h"
#include "base/memory_account.h"
#include "client/drain.h"
#include "client/sweep.h"
#include "delivery/delivery_loop.h"
#include "delivery/tls_stream.h"
#include "loop/loop.h"
#include "pipeline/pipeline.h"
#include "pipeline/pipeline_loop.h"
#include "pipeline/sl_client.h"

#include <stdint.h>

struct address;
struct ban_list;
struct client;
struct drain;
struct endpoint;
struct inflation;
struct recorder;
struct trace;
struct traced_message;

#define SHARD_READ_SIZE (64u * 1024)

struct shard_stats {
    counter pings;
    counter input_pauses; /* clients' input that waited for the next turn */
    counter inflated_messages;
    counter inflated_bytes_in;
    counter inflated_bytes_out;
    struct histogram connected; /* ms: how long the clients that have ended were connected */
    counter tls_faults[TLS_FAULT_COUNT];
};

#define SHARD_AGE_SHIFT 24 /* 2^24 ns, about 17 ms; 32 bits of them are two years */

/* One entry of the id table: a client, or the next free entry. */
struct shard_slot {
    struct client *client; /* NULL: free */
    uint32_t generation;   /* counts the clients that have had this slot */
    union {
        uint32_t next_free;
        uint32_t since; /* when its client came: monotonic, in 2^SHARD_AGE_SHIFT ns */
    };
};

/* All shards, and what their clients share. */
struct shard_set {
    struct delivery delivery;    /* first: it is aligned to cache lines */
    struct drain_scope drain;    /* of all clients */
    struct pipeline pipeline;    /* its list of loops is owned */
    struct memory_account input; /* of what clients have sent and is not done with */
    struct shard *shards;        /* owned */
    struct ban_list *bans;       /* NULL: nobody is banned; borrowed */
    struct recorder *recorder;   /* set before the loops start, or NULL */
    _Atomic uint64_t drains;     /* how many there have been, of all scopes */
    /* A client, or an upgrade that never became one, gives its place back. Any loop. */
    void (*on_left)(struct endpoint *endpoint, const struct address *address);
    unsigned count;
    _Atomic bool is_draining; /* the server is stopping: nobody is let in any more */
    _Atomic bool is_stopping; /* the loops are about to end */
};

struct shard {
    struct loop loop;
    struct shard_set *set;

    struct shard_slot *slots;
    uint32_t slot_count;
    uint32_t first_free_slot;
    struct client *closed; /* are gone; freed at the end of the iteration */

    struct delivery_loop delivery;
    struct pipeline_loop pipeline;
    uint8_t *input; /* FRAME_UNCONSUMED_MAX + SHARD_READ_SIZE bytes: what is being read */
    struct inflation *inflation;   /* owned; NULL: not needed yet, or a client has the last one */
    struct sweep *sweeps;          /* under way; borrowed */
    unsigned switching;            /* reloads that have not reached all clients yet */
    struct drain *drains;          /* under way, or to begin */
    struct trace *traces;          /* owned; that are on */
    struct traced_message *traced; /* owned; while there are traces */
    struct shard_stats stats;
    struct holders input_holders;     /* of what clients have sent */
    struct mail relieve_mail;         /* owned; from other loops */
    _Atomic bool is_asked_to_relieve; /* it is on its way */
    bool wants_relief;                /* a budget may be full: look after this event */
    _Atomic bool is_stuck;            /* the watchdog's word: the loop does not go on */
    _Atomic uint32_t load;            /* clients here or on their way, for the choice of a loop */
};

/* Sets everything up; set->delivery is there, the loop's thread is not started. Returns 0,
 * ERR_NO_MEMORY or ERR_SYSTEM. */
MUST_CHECK int shard_init(struct shard *shard, struct shard_set *set, unsigned index);

/* Frees everything. The loop's thread, at whose end all clients were ended too, must not run, and
 * nobody may post any more. */
void shard_deinit(struct shard *shard);

static inline struct shard *shard_of(struct loop *loop)
{
    return loop->owner;
}

static inline struct shard *shard_of_delivery(struct delivery_loop *loop)
{
    return shard_of(loop->loop);
}

/* Gives a client an id and a place in the table. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int shard_add(struct shard *shard, struct client *client);

/* Takes a client out of the table. */
void shard_remove(struct shard *shard, struct client *client);

/* The client with that id, or NULL if it is gone. */
struct client *shard_find(struct shard *shard, uint64_t id);

/* How long a client has been here, in ns, to about 17 ms. */
int64_t shard_age_of(const struct shard *shard, const struct client *client);

/* Counts a message or queue that was dropped. */
static inline void shard_count_drop(struct shard *shard, enum drop_reason reason)
{
    delivery_count_drop(&shard->delivery, reason);
}

#endif
