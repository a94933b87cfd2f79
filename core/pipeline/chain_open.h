/*
 * Opening: the open hooks of a chain, one stage after the other. A hook that defers makes the chain
 * stand at its stage; the stages behind it are asked when that deferral has ended.
 *
 * Only the client's loop. Where a chain stands is kept for the time that it does, in the client's
 * extras; a chain whose hooks do not defer keeps nothing.
 */
#ifndef SLUICE_PIPELINE_CHAIN_OPEN_H
#define SLUICE_PIPELINE_CHAIN_OPEN_H

#include "pipeline/chain.h"

/* Where it stands. After a stage that has refused the client it stays until the client goes: the
 * stages behind that one are owed no on_close. */
struct opening {
    size_t stage;            /* behind the one that has deferred */
    bool is_carried_over;    /* a reload has brought the client to the chain */
    struct close_wish close; /* how the client is closed if the chain is stopped */
    bool is_known[];         /* by stage: the instance has had the client before that reload */
};

/* Where the hooks that run are; a deferral that one of them begins makes an opening of it. */
struct open_walk {
    size_t stage;                 /* behind the one that runs */
    const struct chain *from;     /* whose instances have the client already; NULL: none */
    const struct opening *opened; /* it goes on after a deferral: this says it; else NULL */
};

/* Runs the open hooks of a client that has just connected. Returns CHAIN_PASSED or CHAIN_DEFERRED.
 */
enum chain_result chain_open(struct sl_client *client);

/* The same for a client that a reload has brought from another chain: of the stages whose instances
 * that one does not have. */
enum chain_result chain_open_from(struct sl_client *client, const struct chain *from);

/* Goes on with what the deferral of the stage before opening->stage has led to. CHAIN_STOPPED: the
 * opening says how to close the client, if it is still open. */
enum chain_result chain_open_resume(struct sl_client *client, int verdict);

/* What deferral_begin needs before a stage's hook may defer. Returns whether it may: a plugin for
 * the contract's version 1.2 or newer, and there is memory. */
MUST_CHECK bool chain_open_keep(struct sl_client *client, const struct stage *stage,
                                const struct open_walk *walk);

/* Whether the stage with that index has not had on_open yet, and so is owed no on_close. */
static inline bool chain_open_is_owed(const struct sl_client *client, size_t stage)
{
    const struct opening *opening = client->more != NULL ? client->more->opening : NULL;
    return opening != NULL && stage >= opening->stage && !opening->is_known[stage];
}

/* Memory that it takes, bytes. */
size_t opening_cost(const struct sl_client *client);

#endif
