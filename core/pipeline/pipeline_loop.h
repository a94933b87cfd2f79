/*
 * What one loop keeps for the pipeline.
 *
 * Only the loop's thread, except the table of deferrals, see deferral.h.
 */
#ifndef SLUICE_PIPELINE_PIPELINE_LOOP_H
#define SLUICE_PIPELINE_PIPELINE_LOOP_H

#include "pipeline/deferral.h"

struct client;
struct message;
struct stage;
struct upgrade;

/* What a hook that runs is being asked about. */
struct running {
    const struct stage *stage; /* NULL: no hook that could defer is running */
    struct client *client;
    struct upgrade *upgrade;   /* in on_connect, else NULL */
    struct message *message;   /* in on_message, else NULL */
    struct deferral *deferral; /* begun by the hook, not attached yet */
};

struct pipeline_loop {
    struct running running;
    struct message *spare_message; /* owned; for the next message, or NULL */
    struct deferral_table deferrals;
};

#endif
