/*
 * Deferrals: verdicts that are given later, from any thread.
 *
 * A deferral belongs to its client's loop, which makes, ends and frees it. Other threads only know
 * its ticket: a slot in the loop's table and the generation of that slot. Whoever wins the slot's
 * state ends the deferral, so exactly one of completion, deadline and departure does. Slots are
 * never given back to the system before the hub ends, so an old ticket can always be looked up.
 */
#ifndef SLUICE_PIPELINE_DEFERRAL_H
#define SLUICE_PIPELINE_DEFERRAL_H

#include "base/counter.h"
#include "base/error.h"
#include "loop/timer.h"

#include <sluice/plugin.h>

#include <stdatomic.h>

struct chain;
struct client;
struct upgrade;
struct hub;
struct message;
struct shard;
struct stage;

#define DEFERRALS_PER_CLIENT 16 /* more than one only in shadow mode */
#define DEFERRAL_CHUNKS 20      /* each twice as large as the one before it */

struct deferral_slot {
    _Atomic uint64_t state;    /* generation << 1 | open */
    struct deferral *deferral; /* the loop's; NULL: free */
    uint32_t next_free;
};

struct deferral_table {
    _Atomic(struct deferral_slot *) chunks[DEFERRAL_CHUNKS];
    uint32_t slot_count;
    uint32_t first_free;
    counter begun; /* since the start */
    counter ended;
};

struct deferral {
    struct timer timer;    /* first: its deadline */
    struct deferral *next; /* of the client's */
    struct client *client;
    const struct stage *stage; /* of the client's set-up, see deferral_move_all */
    uint64_t ticket;
    struct message *message; /* owned; what is deferred: this, */
    struct upgrade *upgrade; /* or this: one reference */
    size_t charged;          /* bytes of memory, in the client's deferred_bytes */
    bool is_attached;        /* the client waits for it; false in shadow mode */
    bool is_delay;
    void *context;
    void (*on_cancel)(struct sl_instance *self, struct sl_ticket ticket, void *context,
                      enum sl_cancel_reason reason);
};

void deferral_table_init(struct deferral_table *table);

/* Frees the slots; no deferral may be left, and nobody may look at a ticket any more. */
void deferral_table_deinit(struct deferral_table *table);

/* Begins a deferral of what the stage is being asked about. The caller attaches it or drops it when
 * the hook has returned. Only the client's loop. Returns 0, ERR_LIMIT or ERR_NO_MEMORY. */
MUST_CHECK int deferral_begin(struct client *client, const struct stage *stage,
                              const struct sl_deferral *how, struct deferral **out);

/* Gives it what is deferred, and charges the client with what that holds: a message, which it owns
 * from here on, or an upgrade, of which it takes a reference. */
void deferral_hold_message(struct deferral *deferral, struct message *message);
void deferral_hold_upgrade(struct deferral *deferral, struct upgrade *upgrade);

/* The ticket by which plugins know it. */
struct sl_ticket deferral_ticket(const struct deferral *deferral);

/* Completes a deferral, as sl_host says. Any thread. Returns 0, SL_GONE or -1. */
int deferral_complete(struct sl_ticket ticket, enum sl_verdict verdict,
                      const struct sl_completion *details);

/* Ends it without a word to the plugin: its hook has decided otherwise. Only the client's loop. */
void deferral_drop(struct deferral *deferral);

/* A client that waits for no verdict is about to change over to another chain: deferrals of stages
 * that only watch go on with the instance's stage there, or are cancelled if it has none. Only the
 * client's loop. */
void deferral_move_all(struct client *client, const struct chain *to);

/* Ends all of a client that is going, calling on_cancel. Only the client's loop. */
void deferral_cancel_all(struct client *client, enum sl_cancel_reason reason);

#endif
