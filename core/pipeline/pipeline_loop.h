/*
 * What one loop keeps for the pipeline.
 *
 * Only the loop's thread, except the table of deferrals, see deferral_table.h.
 */
#ifndef SLUICE_PIPELINE_PIPELINE_LOOP_H
#define SLUICE_PIPELINE_PIPELINE_LOOP_H

#include "loop/loop.h"
#include "pipeline/deferral_table.h"

struct message;
struct open_walk;
struct pipeline;
struct sl_client;
struct stage;
struct steps;
struct upgrade;

/* What a hook that runs is being asked about. */
struct running {
    const struct stage *stage; /* NULL: no hook that could defer is running */
    struct sl_client *client;
    struct upgrade *upgrade;      /* in on_connect, else NULL */
    struct message *message;      /* in on_message, else NULL */
    const struct open_walk *walk; /* in on_open, else NULL */
    struct deferral *deferral;    /* begun by the hook, not attached yet */
};

struct pipeline_loop {
    struct loop *loop; /* borrowed */
    unsigned index;    /* the loop's */
    struct pipeline *pipeline;
    struct running running;
    struct steps *steps; /* borrowed: where verdicts are noted; NULL: nobody watches the message */
    struct message *spare_message; /* owned; for the next message, or NULL */
    struct deferral_table deferrals;
};

void pipeline_loop_init(struct pipeline_loop *loop, struct loop *base, struct pipeline *pipeline);

/* Frees what it keeps. No deferral may be left, and nobody may look at a ticket any more. */
void pipeline_loop_deinit(struct pipeline_loop *loop);

#endif
