#include "pipeline/chain_recheck.h"

#include "client/client.h"
#include "client/endpoint.h"
#include "client/shard.h"
#include "pipeline/chain.h"

static enum verdict_slot slot_of(enum sl_verdict verdict)
{
    if (verdict == SL_CONTINUE)
        return VERDICT_SLOT_CONTINUE;
    return verdict == SL_DENY ? VERDICT_SLOT_DENY : VERDICT_SLOT_ERROR;
}

/* What the stage says, counted. Anything but the three verdicts is an error. */
static enum sl_verdict ask_stage(const struct stage *stage, struct client *client)
{
    struct instance *instance = stage->instance;
    crash_about(client->seen.id);
    crash_enter_stage(&instance->crash, "on_recheck", stage);
    enum sl_verdict verdict =
        instance->plugin->table.on_recheck(&instance->seen, (struct sl_client *)client);
    crash_leave();
    if (verdict != SL_CONTINUE && verdict != SL_DENY)
        verdict = SL_ERROR;
    instance_count(instance, client->shard->loop.index, slot_of(verdict));
    return verdict;
}

enum sl_verdict chain_recheck(struct client *client)
{
    const struct chain *chain = client->setup->chain;
    for (size_t i = 0; i < chain->count && client->state == CLIENT_OPEN; i++) {
        const struct stage *stage = &chain->stages[i];
        if (stage->instance->plugin->table.on_recheck == NULL)
            continue;
        enum sl_verdict verdict = ask_stage(stage, client);
        bool is_passed = verdict == SL_CONTINUE || stage->is_shadow ||
                         (verdict == SL_ERROR && stage->on_error == ON_ERROR_CONTINUE);
        if (!is_passed)
            return verdict;
    }
    return SL_CONTINUE;
}
