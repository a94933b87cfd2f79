/*
 * Reload: a client is brought from one set-up of its endpoint to another.
 */
#include "client/client.h"

#include "delivery/receiver_overflow.h"
#include "client/endpoint.h"
#include "client/lifetime.h"
#include "client/shard.h"
#include "pipeline/chain_move.h"
#include "pipeline/chain_recheck.h"

#include <string.h>

/* Without giving the one before back. */
static void take_setup(struct client *client, struct endpoint_setup *setup)
{
    receiver_set_limits(&client->receiver, &endpoint_setup_ref(setup)->receiver_limits);
}

static void adopt(struct client *client, struct endpoint_setup *setup)
{
    struct endpoint_setup *before = client_setup(client);
    struct chain_move move;
    if (chain_move_begin(&client->seen, setup->chain, &move) != OK) {
        client_lose_for_memory(client);
        return;
    }
    chain_move_leave(&move);
    take_setup(client, setup);
    enum chain_result result = chain_move_enter(&move);
    (void)result; /* Deferred: the client waits. */
    endpoint_setup_unref(before);
}

static void close_unwanted(struct client *client, uint16_t code, const char *reason)
{
    client_close(client, code, reason, strlen(reason)); /* Nothing, if a hook was quicker. */
}

void client_recheck(struct client *client)
{
    const struct endpoint_config *config = client_setup(client)->config;
    if (config->on_reload != ON_RELOAD_RECHECK || client->state != CLIENT_OPEN)
        return;
    if (config->identity_required && sl_client_identity(&client->seen) == NULL) {
        close_unwanted(client, CLOSE_UNAUTHORIZED, "This endpoint needs credentials now");
        return;
    }
    enum sl_verdict verdict = chain_recheck(&client->seen);
    if (verdict == SL_DENY)
        close_unwanted(client, CLOSE_UNAUTHORIZED, "Your credentials are not accepted any more");
    else if (verdict == SL_ERROR)
        close_unwanted(client, CLOSE_INTERNAL_ERROR, "Your credentials could not be checked again");
}

void client_catch_up_with_reload(struct client *client)
{
    struct endpoint_setup *setup =
        client_endpoint(client)->loop_setups[client_shard(client)->loop.index];
    bool is_removed = setup == NULL;
    /* One that is ending keeps what it has, for its short rest. A message whose verdict is awaited
     * ends on the chain that it began with. */
    if (is_removed || client_setup(client) == setup || client->state != CLIENT_OPEN ||
        client->is_waiting)
        return;
    adopt(client, setup);
    client_adjust_heartbeat(client);
    lifetime_adjust(client);
    if (!client->is_waiting)
        client_recheck(client);
}
