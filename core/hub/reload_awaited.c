/*
 * New instances whose create has not finished: a reload waits for them until their deadline.
 */
#include "base/clock.h"
#include "base/event.h"
#include "client/endpoint.h"
#include "config/config.h"
#include "hub/reload_internal.h"

#include <inttypes.h>
#include <stdio.h>

static int64_t deadline_of(const struct hub_reload *reload, const struct instance *instance)
{
    return instance->creation.returned + reload->config->plugin_create_timeout;
}

/* -- the log -- */

static struct event_values describe(const struct instance *instance)
{
    return (struct event_values){.texts = {[EVENT_FIELD_INSTANCE] = instance->name,
                                           [EVENT_FIELD_ENDPOINT] = instance->seen.endpoint,
                                           [EVENT_FIELD_PLUGIN] = instance->plugin->table.name}};
}

static void log_awaited(const struct hub_reload *reload, struct instance *instance)
{
    char message[512];
    int64_t limit = reload->config->plugin_create_timeout;
    struct event_values values = describe(instance);
    if (instance->is_awaited)
        return;
    instance->is_awaited = true;
    values.message = message;
    snprintf(message, sizeof message, "waiting for %s of %s, whose create goes on", instance->name,
             instance->seen.endpoint);
    event_set_number(&values, EVENT_FIELD_LIMIT_US, (uint64_t)(limit / 1000));
    event_log(EVENT_PLUGIN_AWAITED, "pipeline", &values);
}

static void log_ready(struct instance *instance)
{
    char message[512];
    int64_t took = (clock_monotonic() - instance->creation.returned) / NS_PER_MS;
    struct event_values values = describe(instance);
    if (!instance->is_awaited)
        return;
    instance->is_awaited = false;
    values.message = message;
    snprintf(message, sizeof message, "%s of %s can begin after %" PRId64 " ms", instance->name,
             instance->seen.endpoint, took);
    event_set_number(&values, EVENT_FIELD_DURATION_MS, (uint64_t)took);
    event_log(EVENT_PLUGIN_READY, "pipeline", &values);
}

/* -- looking -- */

static int check_deadline(const struct hub_reload *reload, struct instance *instance,
                          const struct stage_config *stage, struct diagnostics *diagnostics)
{
    char reason[256];
    log_awaited(reload, instance);
    if (clock_monotonic() < deadline_of(reload, instance))
        return HUB_RELOAD_AWAITED;
    snprintf(reason, sizeof reason,
             "create of %s has not finished within %" PRId64 " ms (plugins.create_timeout)",
             instance->name, reload->config->plugin_create_timeout / NS_PER_MS);
    instance_report_failure(stage, reason, diagnostics);
    return ERR_CONFIG;
}

static int check_instance(const struct hub_reload *reload, struct instance *instance,
                          const struct stage_config *stage, struct diagnostics *diagnostics)
{
    switch (creation_state_of(instance)) {
    case CREATION_AWAITED:
        return check_deadline(reload, instance, stage, diagnostics);
    case CREATION_FAILED:
        instance_report_failure(stage, creation_failure(instance), diagnostics);
        return ERR_CONFIG;
    default:
        log_ready(instance);
        return OK;
    }
}

/* All are looked at, so that all errors are reported. */
int reload_check_created(struct hub_reload *reload, struct diagnostics *diagnostics)
{
    int result = OK;
    for (size_t i = 0; i < reload->change_count; i++) {
        const struct endpoint_setup *setup = reload->changes[i].setup;
        for (size_t j = 0; setup != NULL && j < setup->chain->count; j++) {
            int error = check_instance(reload, setup->chain->stages[j].instance,
                                       &setup->config->pipeline[j], diagnostics);
            if (error != OK && result != ERR_CONFIG)
                result = error;
        }
    }
    return result;
}

/* Neither timers nor offloaded work of theirs have run before the loops. */
void hub_reload_count_anew(const struct hub_reload *reload)
{
    for (size_t i = 0; i < reload->change_count; i++) {
        const struct endpoint_setup *setup = reload->changes[i].setup;
        for (size_t j = 0; setup != NULL && j < setup->chain->count; j++)
            creation_count_anew(setup->chain->stages[j].instance);
    }
}

void reload_forget_creations(const struct hub_reload *reload)
{
    for (size_t i = 0; i < reload->change_count; i++)
        if (reload->changes[i].setup != NULL)
            chain_forget_creations(reload->changes[i].setup->chain);
}

int64_t hub_reload_deadline(const struct hub_reload *reload)
{
    int64_t deadline = INT64_MAX;
    for (size_t i = 0; i < reload->change_count; i++) {
        const struct endpoint_setup *setup = reload->changes[i].setup;
        for (size_t j = 0; setup != NULL && j < setup->chain->count; j++) {
            struct instance *instance = setup->chain->stages[j].instance;
            if (creation_state_of(instance) == CREATION_AWAITED &&
                deadline_of(reload, instance) < deadline)
                deadline = deadline_of(reload, instance);
        }
    }
    return deadline;
}

/* One is enough for the reload to fail, whatever the others come to. */
static bool has_one_failed(const struct hub_reload *reload)
{
    for (size_t i = 0; i < reload->change_count; i++) {
        const struct endpoint_setup *setup = reload->changes[i].setup;
        for (size_t j = 0; setup != NULL && j < setup->chain->count; j++)
            if (creation_state_of(setup->chain->stages[j].instance) == CREATION_FAILED)
                return true;
    }
    return false;
}

bool hub_reload_is_awaited(const struct hub_reload *reload)
{
    if (has_one_failed(reload))
        return false;
    int64_t deadline = hub_reload_deadline(reload);
    return deadline != INT64_MAX && clock_monotonic() < deadline;
}
