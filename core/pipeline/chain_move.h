/*
 * Moving a client from one chain to another, as a reload does. Instances that both chains have keep
 * the client and its state block; the others see it leave, or come.
 *
 * Only the client's loop. In three steps, between which the caller changes what it keeps for the
 * client's configuration: the close hooks still find the old one, the open hooks the new one.
 */
#ifndef SLUICE_PIPELINE_CHAIN_MOVE_H
#define SLUICE_PIPELINE_CHAIN_MOVE_H

#include "pipeline/chain.h"

#include <sluice/plugin.h>

#include <stdbool.h>

struct chain_move {
    struct sl_client *client;
    const struct chain *from;
    const struct chain *to;
    bool keeps_all; /* both chains have the same instances */
    void **blocks;  /* owned until chain_move_leave; NULL: none */
};

/* Prepares. The client waits for no verdict. Returns 0, or ERR_NO_MEMORY before any plugin has
 * heard of it; then nothing else is to be called. */
MUST_CHECK int chain_move_begin(struct sl_client *client, const struct chain *to,
                                struct chain_move *move);

/* Ends what instances that go have deferred, and calls their on_close; then, when all have had it,
 * their client_free, the last first. */
void chain_move_leave(struct chain_move *move);

/* The client has its new chain: calls the on_open of instances that come. Returns CHAIN_PASSED, or
 * CHAIN_DEFERRED: chain_open_resume goes on. */
enum chain_result chain_move_enter(const struct chain_move *move);

#endif
