#include "pipeline/stage.h"

#include "base/clock.h"
#include "base/event.h"
#include "pipeline/hook.h"
#include "pipeline/instance.h"
#include "pipeline/pipeline_loop.h"
#include "pipeline/sl_client.h"

#include <inttypes.h>
#include <stdio.h>

/* -- counting -- */

void stage_count(const struct stage *stage, const struct pipeline_loop *loop, int verdict)
{
    instance_count(stage->instance, loop->index, verdict_slot(verdict));
}

static struct event_values values_about(const struct instance *instance, uint64_t limit)
{
    struct event_values values = {.texts = {[EVENT_FIELD_INSTANCE] = instance->name,
                                            [EVENT_FIELD_ENDPOINT] = instance->seen.endpoint}};
    event_set_number(&values, EVENT_FIELD_LIMIT_US, limit / 1000);
    return values;
}

static void log_timeout(const struct stage *stage)
{
    char message[512];
    const struct instance *instance = stage->instance;
    struct event_values values = values_about(instance, (uint64_t)stage->timeout);
    snprintf(message, sizeof message, "%s of %s: no verdict within its timeout of %" PRId64 " ms",
             instance->name, instance->seen.endpoint, stage->timeout / 1000000);
    values.message = message;
    event_log(EVENT_PLUGIN_TIMEOUT, "pipeline", &values);
}

static void log_over_budget(const struct stage *stage, uint64_t ns)
{
    char message[512];
    const struct instance *instance = stage->instance;
    struct event_values values = values_about(instance, stage->budget);
    snprintf(message, sizeof message,
             "%s of %s took %" PRIu64 ".%03u ms for one call, over its budget of %" PRIu64
             ".%03u ms (further calls within this second are only counted)",
             instance->name, instance->seen.endpoint, ns / 1000000, (unsigned)(ns / 1000 % 1000),
             stage->budget / 1000000, (unsigned)(stage->budget / 1000 % 1000));
    event_set_number(&values, EVENT_FIELD_DURATION_US, ns / 1000);
    values.message = message;
    event_log(EVENT_PLUGIN_SLOW, "pipeline", &values);
}

void stage_count_timeout(const struct stage *stage, const struct pipeline_loop *loop)
{
    struct instance *instance = stage->instance;
    counter_add(&instance->stats[loop->index].timeouts, 1);
    if (instance_may_log(instance, INSTANCE_LOG_TIMEOUT, loop->loop->now))
        log_timeout(stage);
}

void stage_count_over_budget(const struct stage *stage, const struct pipeline_loop *loop,
                             uint64_t ns)
{
    struct instance *instance = stage->instance;
    counter_add(&instance->stats[loop->index].over_budget, 1);
    if (instance_may_log(instance, INSTANCE_LOG_BUDGET, loop->loop->now))
        log_over_budget(stage, ns);
}

/* -- verdicts -- */

static void log_wrong_verdict(const struct stage *stage, enum verdict_hook hook, int verdict)
{
    static const char *const names[] = {
        [VERDICT_OF_CONNECT] = "on_connect", [VERDICT_OF_MESSAGE] = "on_message",
        [VERDICT_OF_RECHECK] = "on_recheck", [VERDICT_OF_SUBSCRIBE] = "on_subscribe",
        [VERDICT_OF_PUBLISH] = "on_publish", [VERDICT_OF_OPEN] = "on_open"};
    char message[512], number[16];
    const struct instance *instance = stage->instance;
    const char *name = names[hook];
    const struct event_values values = {.message = message,
                                        .texts = {[EVENT_FIELD_INSTANCE] = instance->name,
                                                  [EVENT_FIELD_ENDPOINT] = instance->seen.endpoint,
                                                  [EVENT_FIELD_HOOK] = name,
                                                  [EVENT_FIELD_VERDICT] = number}};
    snprintf(number, sizeof number, "%d", verdict);
    snprintf(message, sizeof message,
             "%s of %s: %s returned %d%s, which is not a verdict it may give here", instance->name,
             instance->seen.endpoint, name, verdict,
             verdict == SL_DEFER ? " (SL_DEFER) without host->defer" : "");
    event_log(EVENT_PLUGIN_WRONG_VERDICT, "pipeline", &values);
}

int stage_check(const struct stage *stage, const struct pipeline_loop *loop, enum verdict_hook hook,
                int verdict)
{
    struct instance *instance = stage->instance;
    if (verdict_is_allowed(hook, verdict))
        return verdict;
    int64_t now = loop != NULL ? loop->loop->now : clock_monotonic();
    if (instance_may_log(instance, INSTANCE_LOG_VERDICT, now))
        log_wrong_verdict(stage, hook, verdict);
    return SL_ERROR;
}

/* Whether the verdict is against the client, or its message. */
static bool is_refusal(const struct stage *stage, int verdict)
{
    return verdict != SL_HANDLED && verdict != SL_DEFER && !stage_lets_pass(stage, verdict);
}

static void log_shadowed(const struct stage *stage, const struct sl_client *client, int verdict)
{
    char message[512], id[24];
    const struct instance *instance = stage->instance;
    const char *name = verdict_slot_name(verdict_slot(verdict));
    const struct event_values values = {
        .message = message,
        .texts = {[EVENT_FIELD_INSTANCE] = instance->name,
                  [EVENT_FIELD_ENDPOINT] = instance->seen.endpoint,
                  [EVENT_FIELD_VERDICT] = name,
                  [EVENT_FIELD_CLIENT] = id,
                  [EVENT_FIELD_IDENTITY] = sl_client_identity(client)}};
    snprintf(id, sizeof id, "%" PRIu64, client->id);
    snprintf(message, sizeof message, "%s of %s (shadow): would have decided '%s' for client %s",
             instance->name, instance->seen.endpoint, name, id);
    event_log(EVENT_SHADOW_VERDICT, "pipeline", &values);
}

void stage_note_shadowed(const struct stage *stage, const struct pipeline_loop *loop,
                         struct sl_client *client, int verdict)
{
    struct instance *instance = stage->instance;
    if (is_refusal(stage, verdict) && (client->refused_in_shadow & stage->shadow_bit) == 0) {
        client->refused_in_shadow |= stage->shadow_bit;
        counter_add(&instance->stats[loop->index].shadow_clients, stage->shadow_bit != 0);
    }
    if (verdict != SL_CONTINUE &&
        (log_enabled(LOG_LEVEL_DEBUG) ||
         instance_may_log(instance, INSTANCE_LOG_SHADOW, loop->loop->now)))
        log_shadowed(stage, client, verdict);
}

/* -- hooks that decide nothing -- */

void stage_open(const struct stage *stage, struct sl_client *client)
{
    struct instance *instance = stage->instance;
    if (instance->plugin->table.on_open == NULL)
        return;
    hook_begin(instance, stage, client->id, "on_open");
    instance->plugin->table.on_open(&instance->seen, client);
    hook_end();
}

void stage_close(const struct stage *stage, struct sl_client *client, const struct sl_close *how)
{
    struct instance *instance = stage->instance;
    if (instance->plugin->table.on_close == NULL)
        return;
    hook_begin(instance, stage, client->id, "on_close");
    instance->plugin->table.on_close(&instance->seen, client, how);
    hook_end();
}

/* -- the end of a client's state -- */

/* Whether client_free is owed, behind the client's state. */
static bool *free_is_owed(const struct instance *instance, const struct sl_client *client)
{
    char *block = sl_client_block(client, instance->slot, instance->client_offset);
    return (bool *)block + instance->plugin->table.client_size;
}

void owe_client_free(const struct instance *instance, struct sl_client *client)
{
    if (instance->plugin->table.client_free != NULL)
        *free_is_owed(instance, client) = true;
}

void stage_lend_client(const struct stage *stage, struct sl_client *client)
{
    owe_client_free(stage->instance, client);
}

void stage_free_client(const struct stage *stage, struct sl_client *client)
{
    struct instance *instance = stage->instance;
    if (instance->plugin->table.client_free == NULL || !*free_is_owed(instance, client))
        return;
    hook_begin(instance, stage, client->id, "client_free");
    instance->plugin->table.client_free(&instance->seen, client);
    hook_end();
    *free_is_owed(instance, client) = false; /* Also if it has asked for the state. */
}
