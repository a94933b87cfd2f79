#include "pipeline/stage.h"

#include "base/log.h"
#include "pipeline/hook.h"
#include "pipeline/instance.h"
#include "pipeline/pipeline_loop.h"
#include "pipeline/sl_client.h"

#include <inttypes.h>

/* -- counting -- */

void stage_count(const struct stage *stage, const struct pipeline_loop *loop, int verdict)
{
    instance_count(stage->instance, loop->index, verdict_slot(verdict));
}

void stage_count_timeout(const struct stage *stage, const struct pipeline_loop *loop)
{
    struct instance *instance = stage->instance;
    counter_add(&instance->stats[loop->index].timeouts, 1);
    if (instance_may_log(instance, INSTANCE_LOG_TIMEOUT, loop->loop->now))
        log_warn("pipeline", "%s of %s: no verdict within its timeout of %" PRId64 " ms",
                 instance->name, instance->seen.endpoint, stage->timeout / 1000000);
}

void stage_count_over_budget(const struct stage *stage, const struct pipeline_loop *loop,
                             uint64_t ns)
{
    struct instance *instance = stage->instance;
    counter_add(&instance->stats[loop->index].over_budget, 1);
    if (instance_may_log(instance, INSTANCE_LOG_BUDGET, loop->loop->now))
        log_warn("pipeline",
                 "%s of %s took %" PRIu64 ".%03u ms for one call, over its budget of %" PRIu64
                 ".%03u ms (further calls within this second are only counted)",
                 instance->name, instance->seen.endpoint, ns / 1000000,
                 (unsigned)(ns / 1000 % 1000), stage->budget / 1000000,
                 (unsigned)(stage->budget / 1000 % 1000));
}

/* -- verdicts -- */

int stage_check(const struct stage *stage, const struct pipeline_loop *loop, enum verdict_hook hook,
                int verdict)
{
    struct instance *instance = stage->instance;
    if (verdict_is_allowed(hook, verdict))
        return verdict;
    if (instance_may_log(instance, INSTANCE_LOG_VERDICT, loop->loop->now))
        log_warn("pipeline", "%s of %s: %s returned %d%s, which is not a verdict it may give here",
                 instance->name, instance->seen.endpoint,
                 hook == VERDICT_OF_CONNECT ? "on_connect" : "on_message", verdict,
                 verdict == SL_DEFER ? " (SL_DEFER) without host->defer" : "");
    return SL_ERROR;
}

void stage_log_shadowed(const struct stage *stage, const struct pipeline_loop *loop,
                        const struct sl_client *client, int verdict)
{
    struct instance *instance = stage->instance;
    if (verdict != SL_CONTINUE && instance_may_log(instance, INSTANCE_LOG_SHADOW, loop->loop->now))
        log_info("pipeline",
                 "%s of %s (shadow): would have decided '%s' for client %" PRIu64
                 " (further verdicts within this second are only counted)",
                 instance->name, instance->seen.endpoint, verdict_slot_name(verdict_slot(verdict)),
                 client->id);
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
