#include "pipeline/chain_open.h"

#include "base/memory_cost.h"
#include "pipeline/deferral.h"

#include <stdlib.h>

#define DEFERS_SINCE 2 /* the minor version of plugins whose on_open may */

static const char unopened[] = "the connection could not be set up";

/* -- where a chain stands -- */

static size_t opening_size(const struct sl_client *client)
{
    return sizeof(struct opening) + client->chain->count * sizeof(bool);
}

size_t opening_cost(const struct sl_client *client)
{
    return memory_cost(opening_size(client));
}

bool chain_open_keep(struct sl_client *client, const struct stage *stage,
                     const struct open_walk *walk)
{
    const struct chain *chain = client->chain;
    if (stage->instance->plugin->table.abi_minor < DEFERS_SINCE)
        return false;
    if (stage->is_shadow || client->more->opening != NULL)
        return true;
    struct opening *opening = calloc(1, opening_size(client));
    if (opening == NULL)
        return false;
    opening->is_carried_over = walk->from != NULL;
    for (size_t i = 0; walk->from != NULL && i < chain->count; i++)
        opening->is_known[i] = chain_has(walk->from, chain->stages[i].instance);
    opening->stage = walk->stage;
    client->more->opening = opening;
    return true;
}

static void forget_opening(struct sl_client *client)
{
    if (client->more == NULL)
        return;
    free(client->more->opening);
    client->more->opening = NULL;
}

/* -- the hooks -- */

static bool is_known(const struct open_walk *walk, const struct chain *chain, size_t stage)
{
    if (walk->opened != NULL)
        return walk->opened->is_known[stage];
    return walk->from != NULL && chain_has(walk->from, chain->stages[stage].instance);
}

/* Returns the deferral that the hook has begun, or NULL. */
static struct deferral *call_on_open(const struct stage *stage, struct sl_client *client,
                                     const struct open_walk *walk)
{
    struct pipeline_loop *loop = chain_loop_of(client);
    if (stage->instance->plugin->table.on_open == NULL)
        return NULL;
    loop->running = (struct running){.stage = stage, .client = client, .walk = walk};
    stage_open(stage, client);
    struct deferral *begun = loop->running.deferral;
    loop->running = (struct running){.stage = NULL};
    return begun;
}

/* Returns whether the chain stands at the stage until the deferral has ended. */
static bool wait_for(const struct stage *stage, struct sl_client *client, struct deferral *deferral,
                     size_t next)
{
    stage_count(stage, chain_loop_of(client), SL_DEFER);
    deferral_hold_opening(deferral);
    if (stage->is_shadow)
        return false;
    client->more->opening->stage = next;
    deferral_attach(deferral);
    return true;
}

static enum chain_result run_open_hooks(struct sl_client *client, struct open_walk *walk)
{
    const struct chain *chain = client->chain;
    while (walk->stage < chain->count) {
        size_t index = walk->stage++;
        if (is_known(walk, chain, index))
            continue;
        struct deferral *begun = call_on_open(&chain->stages[index], client, walk);
        if (begun != NULL && wait_for(&chain->stages[index], client, begun, walk->stage))
            return CHAIN_DEFERRED;
    }
    forget_opening(client);
    return CHAIN_PASSED;
}

/* First all are lent the client: what one of them publishes all may see. */
static enum chain_result begin_to_open(struct sl_client *client, struct open_walk *walk)
{
    for (size_t i = 0; i < client->chain->count; i++)
        stage_lend_client(&client->chain->stages[i], client);
    return run_open_hooks(client, walk);
}

enum chain_result chain_open(struct sl_client *client)
{
    struct open_walk walk = {.stage = 0};
    return begin_to_open(client, &walk);
}

enum chain_result chain_open_from(struct sl_client *client, const struct chain *from)
{
    struct open_walk walk = {.from = from};
    client->is_carried_over = true;
    enum chain_result result = begin_to_open(client, &walk);
    client->is_carried_over = false;
    return result;
}

/* -- going on -- */

enum chain_result chain_open_resume(struct sl_client *client, int verdict)
{
    struct opening *opening = client->more->opening;
    const struct stage *stage = &client->chain->stages[opening->stage - 1];
    struct open_walk walk = {.stage = opening->stage, .opened = opening};
    verdict = stage_check(stage, chain_loop_of(client), VERDICT_OF_OPEN, verdict);
    if (!client->is_open)
        return CHAIN_STOPPED;
    if (!stage_lets_pass(stage, verdict)) {
        if (verdict == SL_ERROR)
            close_wish_set(&opening->close, CLOSE_INTERNAL_ERROR, unopened, sizeof unopened - 1);
        return CHAIN_STOPPED;
    }
    client->is_carried_over = opening->is_carried_over;
    enum chain_result result = run_open_hooks(client, &walk);
    client->is_carried_over = false;
    return result;
}
