#include "pipeline/chain.h"

#include "base/ticks.h"
#include "pipeline/chain_open.h"
#include "pipeline/deferral.h"
#include "pipeline/hook.h"
#include "pipeline/steps.h"

/* -- what connect and message hooks share -- */

static void measure_call(const struct stage *stage, const struct pipeline_loop *loop,
                         uint64_t ticks)
{
    uint64_t ns = ticks_to_ns(ticks);
    histogram_add(&stage->instance->stats[loop->index].latency, ns);
    if (ns > stage->budget)
        stage_count_over_budget(stage, loop, ns);
}

/* The deferral that the hook has begun, if any; it is for the caller to attach or to drop. */
static struct deferral *take_begun(struct pipeline_loop *loop)
{
    struct deferral *deferral = loop->running.deferral;
    loop->running.deferral = NULL;
    return deferral;
}

/* -- connect -- */

static int call_on_connect(const struct stage *stage, struct sl_client *client,
                           struct upgrade *upgrade, struct deferral **begun)
{
    struct pipeline_loop *loop = chain_loop_of(client);
    struct instance *instance = stage->instance;
    loop->running = (struct running){.stage = stage, .client = client, .upgrade = upgrade};
    stage_lend_client(stage, client);
    hook_begin(instance, stage, client->id, "on_connect");
    uint64_t before = ticks_now();
    int verdict = instance->plugin->table.on_connect(&instance->seen, client, &upgrade->seen);
    measure_call(stage, loop, ticks_now() - before);
    hook_end();
    *begun = take_begun(loop);
    loop->running = (struct running){.stage = NULL};
    if (*begun != NULL && verdict == SL_DEFER) {
        stage_count(stage, loop, SL_DEFER);
        return verdict;
    }
    if (*begun != NULL)
        deferral_drop(*begun);
    *begun = NULL;
    verdict = stage_check(stage, loop, VERDICT_OF_CONNECT, verdict);
    stage_count(stage, loop, verdict);
    return verdict;
}

/* Like call_on_connect, with everything as if the plugin had not been there, see upgrade_restore.
 * Nothing that it says about the client is kept, see host_identify. */
static void shadow_on_connect(const struct stage *stage, struct sl_client *client,
                              struct upgrade *upgrade)
{
    struct deferral *begun;
    struct upgrade before = *upgrade;
    int verdict = call_on_connect(stage, client, upgrade, &begun);
    if (begun != NULL)
        deferral_hold_upgrade(begun, upgrade);
    else
        stage_note_shadowed(stage, chain_loop_of(client), client, verdict);
    upgrade_restore(upgrade, &before);
}

/* What one stage's verdict means for the chain. */
static enum chain_result judge_connect(const struct stage *stage, struct upgrade *upgrade,
                                       int verdict)
{
    if (stage_lets_pass(stage, verdict))
        return CHAIN_PASSED;
    if (verdict == SL_ERROR)
        upgrade_refuse_unchecked(upgrade);
    return CHAIN_STOPPED;
}

static enum chain_result ask_on_connect(const struct stage *stage, struct sl_client *client,
                                        struct upgrade *upgrade)
{
    struct deferral *begun;
    if (stage->is_shadow) {
        shadow_on_connect(stage, client, upgrade);
        return CHAIN_PASSED;
    }
    int verdict = call_on_connect(stage, client, upgrade, &begun);
    if (begun == NULL)
        return judge_connect(stage, upgrade, verdict);
    deferral_hold_upgrade(begun, upgrade);
    deferral_attach(begun);
    return CHAIN_DEFERRED;
}

enum chain_result chain_connect(struct sl_client *client, struct upgrade *upgrade)
{
    const struct chain *chain = client->chain;
    while (upgrade->stage < chain->count) {
        const struct stage *stage = &chain->stages[upgrade->stage++];
        if (stage->instance->plugin->table.on_connect == NULL)
            continue;
        enum chain_result result = ask_on_connect(stage, client, upgrade);
        if (result != CHAIN_PASSED)
            return result;
    }
    return CHAIN_PASSED;
}

enum chain_result chain_connect_resume(struct sl_client *client, struct upgrade *upgrade,
                                       int verdict)
{
    const struct stage *stage = &client->chain->stages[upgrade->stage - 1];
    verdict = stage_check(stage, chain_loop_of(client), VERDICT_OF_CONNECT, verdict);
    enum chain_result result = judge_connect(stage, upgrade, verdict);
    return result == CHAIN_PASSED ? chain_connect(client, upgrade) : result;
}

/* -- message -- */

static int call_on_message(const struct stage *stage, struct pipeline_loop *loop,
                           struct sl_client *client, struct message *message)
{
    loop->running.stage = stage;
    hook_begin_next(stage->instance, stage, "on_message");
    return stage->on_message(&stage->instance->seen, client, &message->seen);
}

/* What a call is noted as: SL_DEFER without a deferral is no verdict. */
static void note_step(const struct pipeline_loop *loop, const struct stage *stage, int decided,
                      uint64_t ticks)
{
    bool is_verdict = decided != SL_DEFER || stage->is_shadow || loop->running.deferral != NULL;
    steps_add(loop->steps, stage, is_verdict ? decided : SL_ERROR, ticks_to_ns(ticks));
}

/* The slow path of a verdict that is not SL_CONTINUE, or that came with a deferral. */
static enum chain_result judge_message(const struct stage *stage, struct pipeline_loop *loop,
                                       struct message *message, int decided,
                                       enum sl_verdict *verdict)
{
    struct deferral *begun = take_begun(loop);
    if (begun != NULL && decided == SL_DEFER) {
        stage_count(stage, loop, SL_DEFER);
        deferral_hold_message(begun, message);
        deferral_attach(begun);
        return CHAIN_DEFERRED;
    }
    if (begun != NULL)
        deferral_drop(begun);
    decided = stage_check(stage, loop, VERDICT_OF_MESSAGE, decided);
    stage_count(stage, loop, decided);
    if (stage_lets_pass(stage, decided))
        return CHAIN_PASSED;
    *verdict = (enum sl_verdict)decided;
    return CHAIN_STOPPED;
}

/* A stage that only watches: the message goes on as it was. A deferral keeps the message that the
 * plugin knows, and the chain gets another one, so that nobody waits. Returns what it would have
 * decided. */
static int shadow_on_message(const struct stage *stage, struct pipeline_loop *loop,
                             struct sl_client *client, struct message **message)
{
    struct message before = **message;
    (*message)->replacement = NULL;
    (*message)->topic = NULL;
    int decided = call_on_message(stage, loop, client, *message);
    struct deferral *begun = take_begun(loop);
    struct message *other = begun != NULL && decided == SL_DEFER ? message_take(loop) : NULL;
    if (other != NULL) {
        stage_count(stage, loop, SL_DEFER);
        deferral_hold_message(begun, *message);
        *message = other;
        loop->running.message = other;
    } else {
        if (begun != NULL)
            deferral_drop(begun);
        else
            decided = stage_check(stage, loop, VERDICT_OF_MESSAGE, decided);
        stage_count(stage, loop, decided);
        stage_note_shadowed(stage, loop, client, decided);
        message_deinit(*message);
    }
    **message = before;
    return decided;
}

/* One time stamp a stage: where one call ends, the next begins. */
static enum chain_result ask_on_message(struct pipeline_loop *loop, struct sl_client *client,
                                        struct message **message, enum sl_verdict *verdict)
{
    const struct chain *chain = client->chain;
    uint64_t before = ticks_now();
    while ((*message)->stage < chain->on_message_count && client->is_open) {
        const struct stage *stage = chain->on_message[(*message)->stage++];
        enum chain_result result = CHAIN_PASSED;
        int decided = stage->is_shadow ? shadow_on_message(stage, loop, client, message)
                                       : call_on_message(stage, loop, client, *message);
        uint64_t after = ticks_now();
        measure_call(stage, loop, after - before);
        if (loop->steps != NULL)
            note_step(loop, stage, decided, after - before);
        before = after;
        if (stage->is_shadow)
            continue;
        if (decided == SL_CONTINUE && loop->running.deferral == NULL)
            instance_count(stage->instance, loop->index, VERDICT_SLOT_CONTINUE);
        else
            result = judge_message(stage, loop, *message, decided, verdict);
        if (result != CHAIN_PASSED)
            return result;
    }
    return CHAIN_PASSED;
}

enum chain_result chain_message(struct sl_client *client, struct message **message,
                                enum sl_verdict *verdict)
{
    if ((*message)->stage == client->chain->on_message_count)
        return CHAIN_PASSED;
    struct pipeline_loop *loop = chain_loop_of(client);
    loop->running = (struct running){.client = client, .message = *message};
    crash_about(client->id);
    enum chain_result result = ask_on_message(loop, client, message, verdict);
    hook_end();
    loop->running = (struct running){.stage = NULL};
    return result;
}

enum chain_result chain_message_resume(struct sl_client *client, struct message **message,
                                       int decided, enum sl_verdict *verdict)
{
    const struct stage *stage = client->chain->on_message[(*message)->stage - 1];
    const struct pipeline_loop *loop = chain_loop_of(client);
    decided = stage_check(stage, loop, VERDICT_OF_MESSAGE, decided);
    if (loop->steps != NULL)
        steps_add(loop->steps, stage, decided, 0);
    if (!stage_lets_pass(stage, decided)) {
        *verdict = (enum sl_verdict)decided;
        return CHAIN_STOPPED;
    }
    return chain_message(client, message, verdict);
}

/* -- close -- */

void chain_close(struct sl_client *client, const struct sl_close *how)
{
    const struct chain *chain = client->chain;
    for (size_t i = 0; i < chain->count; i++)
        if (!chain_open_is_owed(client, i))
            stage_close(&chain->stages[i], client, how);
}

void chain_free_client(struct sl_client *client)
{
    const struct chain *chain = client->chain;
    for (size_t i = chain != NULL ? chain->count : 0; i-- > 0;)
        stage_free_client(&chain->stages[i], client);
}
