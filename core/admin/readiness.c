#include "admin/readiness.h"

#include "hub/hub.h"
#include "hub/watchdog.h"
#include "pipeline/chain.h"

static void add_reason(const struct stage *stage, cJSON *reasons)
{
    char reason[INSTANCE_UNREADY_SIZE];
    if (stage->is_shadow || !instance_is_unready(stage->instance, reason))
        return;
    cJSON *entry = cJSON_CreateObject();
    cJSON_AddStringToObject(entry, "endpoint", stage->instance->seen.endpoint);
    cJSON_AddStringToObject(entry, "instance", stage->instance->name);
    cJSON_AddStringToObject(entry, "reason", reason);
    cJSON_AddItemToArray(reasons, entry);
}

static void add_reasons(struct hub *hub, cJSON *reasons)
{
    pthread_mutex_lock(&hub->setup_lock);
    for (size_t i = 0; i < hub_endpoint_count(hub); i++) {
        const struct endpoint_setup *setup = hub->endpoints[i]->setup;
        for (size_t j = 0; setup != NULL && j < setup->chain->count; j++)
            add_reason(&setup->chain->stages[j], reasons);
    }
    pthread_mutex_unlock(&hub->setup_lock);
}

bool readiness_describe(struct hub *hub, const struct watchdog_status *watched, cJSON *body)
{
    bool is_draining = atomic_load_explicit(&hub->set.is_draining, memory_order_relaxed);
    bool is_ready = !is_draining && !watched->is_unready;
    cJSON *reasons = cJSON_CreateArray();
    if (is_ready &&
        atomic_load_explicit(&hub->set.pipeline.unready_count, memory_order_relaxed) > 0)
        add_reasons(hub, reasons);
    const char *status = is_draining                       ? "draining"
                         : watched->is_unready             ? "stuck"
                         : cJSON_GetArraySize(reasons) > 0 ? "not ready"
                                                           : "ready";
    is_ready = is_ready && cJSON_GetArraySize(reasons) == 0;
    cJSON_AddStringToObject(body, "status", status);
    if (watched->is_unready)
        cJSON_AddStringToObject(body, "detail", watched->what);
    if (cJSON_GetArraySize(reasons) > 0)
        cJSON_AddItemToObject(body, "reasons", reasons);
    else
        cJSON_Delete(reasons);
    return is_ready;
}
