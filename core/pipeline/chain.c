#include "pipeline/chain.h"

#include "base/log.h"
#include "base/ticks.h"
#include "client/client.h"
#include "client/endpoint.h"
#include "client/shard.h"
#include "pipeline/chain_deferred.h"
#include "pipeline/completion.h"
#include "pipeline/deferral.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static struct sl_client *seen(struct client *client)
{
    return (struct sl_client *)client;
}

/* Says whose code is about to run, for crash reports and for host functions that ask. */
static void enter(const struct stage *stage, const char *hook)
{
    crash_enter_stage(&stage->instance->crash, hook, stage);
}

static const struct chain *chain_of(const struct client *client)
{
    return client->setup->chain;
}

static unsigned loop_of(const struct client *client)
{
    return client->shard->loop.index;
}

/* -- counting -- */

static enum verdict_slot verdict_slot(int verdict)
{
    static const enum verdict_slot slots[] = {
        [SL_CONTINUE] = VERDICT_SLOT_CONTINUE, [SL_DROP] = VERDICT_SLOT_DROP,
        [SL_HANDLED] = VERDICT_SLOT_HANDLED,   [SL_CLOSE] = VERDICT_SLOT_CLOSE,
        [SL_DENY] = VERDICT_SLOT_DENY,         [SL_DEFER] = VERDICT_SLOT_DEFER,
    };
    return verdict >= 0 && (size_t)verdict < sizeof slots / sizeof *slots ? slots[verdict]
                                                                          : VERDICT_SLOT_ERROR;
}

static void report_over_budget(const struct stage *stage, const struct client *client, uint64_t ns)
{
    struct instance *instance = stage->instance;
    counter_add(&instance->stats[loop_of(client)].over_budget, 1);
    if (instance_may_log(instance, INSTANCE_LOG_BUDGET, client->shard->loop.now))
        log_warn("pipeline",
                 "%s of %s took %" PRIu64 ".%03u ms for one call, over its budget of %" PRIu64
                 ".%03u ms (further calls within this second are only counted)",
                 instance->name, instance->seen.endpoint, ns / 1000000,
                 (unsigned)(ns / 1000 % 1000), stage->budget / 1000000,
                 (unsigned)(stage->budget / 1000 % 1000));
}

static void measure(const struct stage *stage, const struct client *client, uint64_t ticks)
{
    uint64_t ns = ticks_to_ns(ticks);
    histogram_add(&stage->instance->stats[loop_of(client)].latency, ns);
    if (ns > stage->budget)
        report_over_budget(stage, client, ns);
}

void chain_count_deferred(const struct stage *stage, const struct client *client, int verdict)
{
    instance_count(stage->instance, loop_of(client), verdict_slot(verdict));
}

void chain_count_timeout(const struct stage *stage, const struct client *client)
{
    struct instance *instance = stage->instance;
    counter_add(&instance->stats[loop_of(client)].timeouts, 1);
    if (instance_may_log(instance, INSTANCE_LOG_TIMEOUT, client->shard->loop.now))
        log_warn("pipeline", "%s of %s: no verdict within its timeout of %" PRId64 " ms",
                 instance->name, instance->seen.endpoint, stage->timeout / 1000000);
}

/* -- what may come back from a hook -- */

enum hook_kind { HOOK_CONNECT, HOOK_MESSAGE };

static bool may_return(enum hook_kind kind, int verdict)
{
    switch (verdict) {
    case SL_ERROR:
    case SL_CONTINUE:
        return true;
    case SL_DENY:
        return kind == HOOK_CONNECT;
    case SL_DROP:
    case SL_HANDLED:
    case SL_CLOSE:
        return kind == HOOK_MESSAGE;
    default:
        return false;
    }
}

/* The verdict if it is one, else SL_ERROR, which is said once a second. */
static int checked(const struct stage *stage, const struct client *client, enum hook_kind kind,
                   int verdict)
{
    struct instance *instance = stage->instance;
    if (may_return(kind, verdict))
        return verdict;
    if (instance_may_log(instance, INSTANCE_LOG_VERDICT, client->shard->loop.now))
        log_warn("pipeline", "%s of %s: %s returned %d%s, which is not a verdict it may give here",
                 instance->name, instance->seen.endpoint,
                 kind == HOOK_CONNECT ? "on_connect" : "on_message", verdict,
                 verdict == SL_DEFER ? " (SL_DEFER) without host->defer" : "");
    return SL_ERROR;
}

static void log_shadowed(const struct stage *stage, const struct client *client, int verdict)
{
    struct instance *instance = stage->instance;
    if (verdict != SL_CONTINUE &&
        instance_may_log(instance, INSTANCE_LOG_SHADOW, client->shard->loop.now))
        log_info("pipeline",
                 "%s of %s (shadow): would have decided '%s' for client %" PRIu64
                 " (further verdicts within this second are only counted)",
                 instance->name, instance->seen.endpoint, verdict_slot_name(verdict_slot(verdict)),
                 client->seen.id);
}

/* Whether a stage's verdict lets the chain go on. */
static bool lets_pass(const struct stage *stage, int verdict)
{
    return verdict == SL_CONTINUE || (verdict == SL_ERROR && stage->on_error == ON_ERROR_CONTINUE);
}

/* The deferral that the hook has begun, if any; it is for the caller to attach or to drop. */
static struct deferral *take_begun(struct shard *shard)
{
    struct deferral *deferral = shard->pipeline.running.deferral;
    shard->pipeline.running = (struct running){.stage = NULL};
    return deferral;
}

static void attach(struct client *client, struct deferral *deferral)
{
    deferral->is_attached = true;
    client_wait(client);
}

/* -- connect -- */

static int call_on_connect(const struct stage *stage, struct client *client,
                           struct upgrade *upgrade, struct deferral **begun)
{
    struct shard *shard = client->shard;
    struct instance *instance = stage->instance;
    shard->pipeline.running =
        (struct running){.stage = stage, .client = client, .upgrade = upgrade};
    crash_about(client->seen.id);
    enter(stage, "on_connect");
    uint64_t before = ticks_now();
    int verdict = instance->plugin->table.on_connect(&instance->seen, seen(client), &upgrade->seen);
    measure(stage, client, ticks_now() - before);
    crash_leave();
    *begun = take_begun(shard);
    if (*begun != NULL && verdict == SL_DEFER) {
        instance_count(instance, loop_of(client), VERDICT_SLOT_DEFER);
        return verdict;
    }
    if (*begun != NULL)
        deferral_drop(*begun);
    *begun = NULL;
    verdict = checked(stage, client, HOOK_CONNECT, verdict);
    instance_count(instance, loop_of(client), verdict_slot(verdict));
    return verdict;
}

/* Like call_on_connect, with everything as if the plugin had not been there, see upgrade_restore.
 * What it says about the client goes nowhere, see host_identify. */
static void shadow_on_connect(const struct stage *stage, struct client *client,
                              struct upgrade *upgrade)
{
    struct deferral *begun;
    struct upgrade before = *upgrade;
    int verdict = call_on_connect(stage, client, upgrade, &begun);
    if (begun != NULL)
        deferral_hold_upgrade(begun, upgrade);
    else
        log_shadowed(stage, client, verdict);
    upgrade_restore(upgrade, &before);
}

/* What one stage's verdict means for the chain. */
static enum chain_result judge_connect(const struct stage *stage, struct upgrade *upgrade,
                                       int verdict)
{
    if (lets_pass(stage, verdict))
        return CHAIN_PASSED;
    if (verdict == SL_ERROR)
        upgrade_refuse_unchecked(upgrade);
    return CHAIN_STOPPED;
}

static enum chain_result ask_on_connect(const struct stage *stage, struct client *client,
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
    attach(client, begun);
    return CHAIN_DEFERRED;
}

enum chain_result chain_connect(struct client *client, struct upgrade *upgrade)
{
    const struct chain *chain = chain_of(client);
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

enum chain_result chain_connect_resume(struct client *client, struct upgrade *upgrade, int verdict)
{
    const struct stage *stage = &chain_of(client)->stages[upgrade->stage - 1];
    verdict = checked(stage, client, HOOK_CONNECT, verdict);
    enum chain_result result = judge_connect(stage, upgrade, verdict);
    return result == CHAIN_PASSED ? chain_connect(client, upgrade) : result;
}

/* -- message -- */

static int call_on_message(const struct stage *stage, struct client *client,
                           struct message *message)
{
    client->shard->pipeline.running.stage = stage;
    enter(stage, "on_message");
    return stage->on_message(&stage->instance->seen, seen(client), &message->seen);
}

/* The slow path of a verdict that is not SL_CONTINUE, or that came with a deferral. */
static enum chain_result judge_message(const struct stage *stage, struct client *client,
                                       struct message *message, int decided,
                                       enum sl_verdict *verdict)
{
    struct deferral *begun = client->shard->pipeline.running.deferral;
    client->shard->pipeline.running.deferral = NULL;
    if (begun != NULL && decided == SL_DEFER) {
        instance_count(stage->instance, loop_of(client), VERDICT_SLOT_DEFER);
        deferral_hold_message(begun, message);
        attach(client, begun);
        return CHAIN_DEFERRED;
    }
    if (begun != NULL)
        deferral_drop(begun);
    decided = checked(stage, client, HOOK_MESSAGE, decided);
    instance_count(stage->instance, loop_of(client), verdict_slot(decided));
    if (lets_pass(stage, decided))
        return CHAIN_PASSED;
    *verdict = (enum sl_verdict)decided;
    return CHAIN_STOPPED;
}

/* A stage that only watches: the message goes on as it was. A deferral keeps the message that the
 * plugin knows, and the chain gets another one, so that nobody waits. */
static void shadow_on_message(const struct stage *stage, struct client *client,
                              struct message **message)
{
    struct shard *shard = client->shard;
    struct message before = **message;
    (*message)->replacement = NULL;
    (*message)->topic = NULL;
    int decided = call_on_message(stage, client, *message);
    struct deferral *begun = shard->pipeline.running.deferral;
    shard->pipeline.running.deferral = NULL;
    struct message *other = begun != NULL && decided == SL_DEFER ? message_take(shard) : NULL;
    if (other != NULL) {
        instance_count(stage->instance, loop_of(client), VERDICT_SLOT_DEFER);
        deferral_hold_message(begun, *message);
        *message = other;
        shard->pipeline.running.message = other;
    } else {
        if (begun != NULL)
            deferral_drop(begun);
        else
            decided = checked(stage, client, HOOK_MESSAGE, decided);
        instance_count(stage->instance, loop_of(client), verdict_slot(decided));
        log_shadowed(stage, client, decided);
        message_deinit(*message);
    }
    **message = before;
}

/* One time stamp a stage: where one call ends, the next begins. */
static enum chain_result ask_on_message(struct client *client, struct message **message,
                                        enum sl_verdict *verdict)
{
    const struct chain *chain = chain_of(client);
    uint64_t before = ticks_now();
    while ((*message)->stage < chain->on_message_count && client->state == CLIENT_OPEN) {
        const struct stage *stage = chain->on_message[(*message)->stage++];
        enum chain_result result = CHAIN_PASSED;
        int decided = SL_CONTINUE;
        if (stage->is_shadow)
            shadow_on_message(stage, client, message);
        else
            decided = call_on_message(stage, client, *message);
        uint64_t after = ticks_now();
        measure(stage, client, after - before);
        before = after;
        if (stage->is_shadow)
            continue;
        if (decided == SL_CONTINUE && client->shard->pipeline.running.deferral == NULL)
            instance_count(stage->instance, loop_of(client), VERDICT_SLOT_CONTINUE);
        else
            result = judge_message(stage, client, *message, decided, verdict);
        if (result != CHAIN_PASSED)
            return result;
    }
    return CHAIN_PASSED;
}

enum chain_result chain_message(struct client *client, struct message **message,
                                enum sl_verdict *verdict)
{
    struct shard *shard = client->shard;
    if ((*message)->stage == chain_of(client)->on_message_count)
        return CHAIN_PASSED;
    shard->pipeline.running = (struct running){.client = client, .message = *message};
    crash_about(client->seen.id);
    enum chain_result result = ask_on_message(client, message, verdict);
    crash_leave();
    shard->pipeline.running = (struct running){.stage = NULL};
    return result;
}

enum chain_result chain_message_resume(struct client *client, struct message **message, int decided,
                                       enum sl_verdict *verdict)
{
    const struct stage *stage = chain_of(client)->on_message[(*message)->stage - 1];
    decided = checked(stage, client, HOOK_MESSAGE, decided);
    if (!lets_pass(stage, decided)) {
        *verdict = (enum sl_verdict)decided;
        return CHAIN_STOPPED;
    }
    return chain_message(client, message, verdict);
}

/* -- what a completion brings along -- */

int chain_apply_to_message(struct message *message, const struct completion *completion)
{
    const struct sl_completion *details = &completion->details;
    if (details->type != 0 &&
        message_replace(message, details->type, details->data.data, details->data.len) != OK)
        return SL_ERROR;
    message_set_close(message, details->code, details->reason.data, details->reason.len);
    return completion->verdict;
}

static bool give_attributes(struct client *client, const struct sl_completion *details)
{
    for (size_t i = 0; i < details->attribute_count; i++)
        if (client_set_attribute(client, details->attributes[i].name.data,
                                 details->attributes[i].value.data,
                                 details->attributes[i].value.len) != OK)
            return false;
    return true;
}

int chain_apply_to_upgrade(struct client *client, struct upgrade *upgrade,
                           const struct completion *completion)
{
    const struct sl_completion *details = &completion->details;
    if (completion->verdict == SL_DENY) {
        upgrade_refuse(upgrade, details->code, details->reason.data);
        for (size_t i = 0; i < details->header_count; i++)
            if (upgrade_add_header(upgrade, details->headers[i].name.data,
                                   details->headers[i].value.data) != OK)
                return SL_ERROR;
    } else if (completion->verdict == SL_CONTINUE) {
        if (details->identity.len > 0 &&
            client_identify(client, details->identity.data, details->identity.len) != OK)
            return SL_ERROR;
        if (!give_attributes(client, details))
            return SL_ERROR;
    }
    return completion->verdict;
}

/* -- open and close -- */

void stage_open_client(const struct stage *stage, struct client *client)
{
    struct instance *instance = stage->instance;
    if (instance->plugin->table.on_open == NULL)
        return;
    crash_about(client->seen.id);
    enter(stage, "on_open");
    instance->plugin->table.on_open(&instance->seen, seen(client));
    crash_leave();
}

static void call_on_close(const struct stage *stage, struct client *client,
                          const struct sl_close *how)
{
    struct instance *instance = stage->instance;
    if (instance->plugin->table.on_close == NULL)
        return;
    crash_about(client->seen.id);
    enter(stage, "on_close");
    instance->plugin->table.on_close(&instance->seen, seen(client), how);
    crash_leave();
}

void chain_open(const struct chain *chain, struct client *client)
{
    for (size_t i = 0; i < chain->count; i++)
        stage_open_client(&chain->stages[i], client);
}

void stage_leave_client(const struct stage *stage, struct client *client)
{
    struct sl_close how = {.struct_size = sizeof how, .reason = {.data = "", .len = 0}};
    call_on_close(stage, client, &how);
}

void chain_close(const struct chain *chain, struct client *client)
{
    struct sl_close how = {.struct_size = sizeof how,
                           .code = client->close_code,
                           .by_peer = client->closed_by_peer,
                           .reason = {.data = "", .len = 0}};
    if (client->close_reason != NULL)
        how.reason =
            (struct sl_string){.data = client->close_reason, .len = strlen(client->close_reason)};
    for (size_t i = 0; i < chain->count; i++)
        call_on_close(&chain->stages[i], client, &how);
}
