#include "pipeline/chain_recheck.h"

#include "pipeline/chain.h"
#include "pipeline/hook.h"

/* What the stage says, counted. Anything but the three verdicts is an error. */
static enum sl_verdict ask_on_recheck(const struct stage *stage, struct sl_client *client)
{
    struct instance *instance = stage->instance;
    hook_begin(instance, stage, client->id, "on_recheck");
    enum sl_verdict verdict = instance->plugin->table.on_recheck(&instance->seen, client);
    hook_end();
    if (!verdict_is_allowed(VERDICT_OF_RECHECK, verdict))
        verdict = SL_ERROR;
    stage_count(stage, chain_loop_of(client), verdict);
    return verdict;
}

enum sl_verdict chain_recheck(struct sl_client *client)
{
    const struct chain *chain = client->chain;
    for (size_t i = 0; i < chain->count && client->is_open; i++) {
        const struct stage *stage = &chain->stages[i];
        if (stage->instance->plugin->table.on_recheck == NULL)
            continue;
        enum sl_verdict verdict = ask_on_recheck(stage, client);
        if (stage->is_shadow)
            stage_note_shadowed(stage, chain_loop_of(client), client, verdict);
        else if (!stage_lets_pass(stage, verdict))
            return verdict;
    }
    return SL_CONTINUE;
}
