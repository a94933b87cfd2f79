/*
 * Deferrals: verdicts that are given later, from any thread.
 *
 * A deferral belongs to its client's loop, which makes, ends and frees it. Other threads only know
 * its ticket, see deferral_table.h. What it interrupted goes on by pipeline_calls.resume.
 */
#ifndef SLUICE_PIPELINE_DEFERRAL_H
#define SLUICE_PIPELINE_DEFERRAL_H

#include "base/error.h"
#include "loop/timer.h"

#include <sluice/plugin.h>

struct chain;
struct instance;
struct message;
struct pipeline_loop;
struct stage;
struct upgrade;

#define DEFERRALS_PER_CLIENT                                                                       \
    16 /* after so many, none in shadow mode; else there is one at a time */

struct deferral {
    struct timer timer;    /* first: its deadline */
    struct deferral *next; /* of the client's */
    struct pipeline_loop *loop;
    struct sl_client *client;
    const struct stage *stage; /* of the client's chain, see deferral_move_all */
    uint64_t ticket;
    struct message *message; /* owned; what is deferred: this, */
    struct upgrade *upgrade; /* or this: one reference; or, if both are NULL, the client's opening
                              */
    size_t charged;          /* bytes of memory, in the client's deferred_bytes */
    bool is_attached;        /* the client waits for it; false in shadow mode */
    bool is_delay;
    void *context;
    void (*on_cancel)(struct sl_instance *self, struct sl_ticket ticket, void *context,
                      enum sl_cancel_reason reason);
};

/* Begins a deferral for the hook that runs, as sl_host says: of `instance`, about `client`. The
 * chain attaches it or drops it when the hook has returned. Returns SL_DEFER with the ticket, or
 * SL_ERROR with a ticket of 0. Only the client's loop. */
enum sl_verdict deferral_begin(const struct instance *instance, struct sl_client *client,
                               const struct sl_deferral *how, struct sl_ticket *ticket);

/* Gives it what is deferred, and charges the client with what that holds: a message, which it owns
 * from here on, an upgrade, of which it takes a reference, or the opening, which is the client's.
 */
void deferral_hold_message(struct deferral *deferral, struct message *message);
void deferral_hold_upgrade(struct deferral *deferral, struct upgrade *upgrade);
void deferral_hold_opening(struct deferral *deferral);

/* The client waits for its end. */
void deferral_attach(struct deferral *deferral);

/* Completes a deferral, as sl_host says. Any thread. Returns 0, SL_GONE or -1. */
int deferral_complete(struct sl_ticket ticket, enum sl_verdict verdict,
                      const struct sl_completion *details);

/* Ends it without a word to the plugin: its hook has decided otherwise. Only the client's loop. */
void deferral_drop(struct deferral *deferral);

/* A client that waits for no verdict is about to change over to another chain: deferrals of stages
 * that only watch go on with the instance's stage there, or are cancelled if it has none. Only the
 * client's loop. */
void deferral_move_all(struct sl_client *client, const struct chain *to);

/* Ends all of a client that is going, calling on_cancel. Only the client's loop. */
void deferral_cancel_all(struct sl_client *client, enum sl_cancel_reason reason);

#endif
