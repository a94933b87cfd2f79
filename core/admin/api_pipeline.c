#include "admin/api_pipeline.h"

#include "admin/admin_internal.h"
#include "admin/json.h"
#include "hub/hub.h"
#include "pipeline/chain.h"
#include "pipeline/chain_events.h"
#include "pipeline/instance_services.h"

#include <stdio.h>

/* -- what it has done -- */

static void add_latency(cJSON *to, const struct histogram_snapshot *latency)
{
    cJSON *object = cJSON_AddObjectToObject(to, "latency_ns");
    double mean = latency->count > 0 ? (double)latency->sum / (double)latency->count : 0;
    cJSON_AddNumberToObject(object, "count", (double)latency->count);
    cJSON_AddNumberToObject(object, "sum", (double)latency->sum);
    cJSON_AddNumberToObject(object, "mean", mean);
    cJSON_AddNumberToObject(object, "p50", (double)histogram_quantile(latency, 0.5));
    cJSON_AddNumberToObject(object, "p90", (double)histogram_quantile(latency, 0.9));
    cJSON_AddNumberToObject(object, "p99", (double)histogram_quantile(latency, 0.99));
    cJSON_AddNumberToObject(object, "max", (double)histogram_quantile(latency, 1));
}

static void add_counts(cJSON *to, const struct instance *instance)
{
    struct instance_totals totals;
    instance_totals(instance, &totals);
    cJSON *verdicts = cJSON_AddObjectToObject(to, "verdicts");
    for (int slot = 0; slot < VERDICT_SLOT_COUNT; slot++)
        cJSON_AddNumberToObject(verdicts, verdict_slot_name((enum verdict_slot)slot),
                                (double)totals.verdicts[slot]);
    cJSON_AddNumberToObject(to, "errors", (double)totals.verdicts[VERDICT_SLOT_ERROR]);
    cJSON_AddNumberToObject(to, "over_budget", (double)totals.over_budget);
    cJSON_AddNumberToObject(to, "timeouts", (double)totals.timeouts);
    add_latency(to, &totals.latency);
}

/* -- what it says to others of its pipeline -- */

static void add_version(cJSON *to, const char *name, unsigned major, unsigned minor)
{
    char text[32];
    snprintf(text, sizeof text, "%u.%u", major, minor);
    cJSON_AddStringToObject(to, name, text);
}

static void add_provided(void *list, const struct service_key *key)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "name", key->name);
    add_version(object, "version", key->major, key->minor);
    cJSON_AddItemToArray(list, object);
}

static void add_wanted(void *list, const struct service_key *key, const struct sl_service *found,
                       const struct instance *provider)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "name", key->name);
    add_version(object, "wanted", key->major, key->minor);
    if (provider != NULL) {
        add_version(object, "version", found->major, found->minor);
        cJSON_AddStringToObject(object, "provider", provider->name);
    }
    cJSON_AddItemToArray(list, object);
}

static void add_relations(cJSON *to, const struct instance *instance)
{
    const char *event;
    instance_services_each_provided(instance, add_provided, cJSON_AddArrayToObject(to, "provides"));
    instance_services_each_wanted(instance, add_wanted, cJSON_AddArrayToObject(to, "finds"));
    cJSON *listens = cJSON_AddArrayToObject(to, "listens");
    for (size_t i = 0; (event = instance_event_name(instance, i)) != NULL; i++)
        cJSON_AddItemToArray(listens, cJSON_CreateString(event));
}

/* -- the answer -- */

static cJSON *describe_stage(const struct stage *stage)
{
    const struct instance *instance = stage->instance;
    const struct sl_plugin *table = &instance->plugin->table;
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "instance", instance->name);
    cJSON_AddStringToObject(object, "plugin", table->name);
    cJSON_AddStringToObject(object, "version", table->version);
    cJSON_AddStringToObject(object, "file", instance->plugin->path);
    cJSON_AddStringToObject(object, "mode", stage->is_shadow ? "shadow" : "enforce");
    cJSON_AddStringToObject(object, "on_error",
                            stage->on_error == ON_ERROR_DENY ? "deny" : "continue");
    cJSON_AddNumberToObject(object, "timeout_ns", (double)stage->timeout);
    if (stage->budget != UINT64_MAX)
        cJSON_AddNumberToObject(object, "budget_ns", (double)stage->budget);
    add_counts(object, instance);
    add_relations(object, instance);
    return object;
}

static cJSON *describe_endpoint(const struct endpoint_setup *setup)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "path", setup->endpoint->path);
    cJSON *pipeline = cJSON_AddArrayToObject(object, "pipeline");
    for (size_t i = 0; i < setup->chain->count; i++)
        cJSON_AddItemToArray(pipeline, describe_stage(&setup->chain->stages[i]));
    return object;
}

static void add_awaited(void *list, const struct instance *instance)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "endpoint", instance->seen.endpoint);
    cJSON_AddStringToObject(object, "instance", instance->name);
    cJSON_AddItemToArray(list, object);
}

int api_pipeline(struct admin *admin, struct mg_connection *conn)
{
    struct hub *hub = admin->hub;
    cJSON *body = cJSON_CreateObject();
    cJSON_AddNumberToObject(body, "generation",
                            (double)atomic_load_explicit(&hub->generation, memory_order_relaxed));
    creation_each(&hub->set.pipeline, add_awaited, cJSON_AddArrayToObject(body, "awaited"));
    cJSON *endpoints = cJSON_AddArrayToObject(body, "endpoints");
    pthread_mutex_lock(&hub->setup_lock);
    for (size_t i = 0; i < hub_endpoint_count(hub); i++)
        if (hub->endpoints[i]->setup != NULL)
            cJSON_AddItemToArray(endpoints, describe_endpoint(hub->endpoints[i]->setup));
    pthread_mutex_unlock(&hub->setup_lock);
    return json_send(conn, 200, body);
}
