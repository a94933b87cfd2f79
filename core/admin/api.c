#include "admin/api.h"

#include "admin/admin_internal.h"
#include "admin/caller.h"
#include "admin/findings.h"
#include "admin/json.h"
#include "admin/json_body.h"
#include "admin/loop_query.h"
#include "hub/hub.h"
#include "hub/reload.h"
#include "pipeline/chain.h"

#include <civetweb.h>
#include <string.h>

/* -- GET /api/v1/count -- */

int api_count(struct admin *admin, struct mg_connection *conn)
{
    struct hub *hub = admin->hub;
    cJSON *body = cJSON_CreateObject();
    cJSON_AddNumberToObject(body, "clients", hub_client_count(hub, NULL));
    cJSON *by_endpoint = cJSON_AddObjectToObject(body, "by_endpoint");
    for (size_t i = 0; i < hub_endpoint_count(hub); i++) {
        const struct endpoint *endpoint = hub->endpoints[i];
        uint32_t clients = hub_client_count(hub, endpoint);
        if (atomic_load_explicit(&endpoint->is_active, memory_order_relaxed) || clients > 0)
            cJSON_AddNumberToObject(by_endpoint, endpoint->path, clients);
    }
    return json_send(conn, 200, body);
}

/* -- GET /api/v1/pipeline -- */

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

int api_pipeline(struct admin *admin, struct mg_connection *conn)
{
    struct hub *hub = admin->hub;
    cJSON *body = cJSON_CreateObject();
    cJSON_AddNumberToObject(body, "generation",
                            (double)atomic_load_explicit(&hub->generation, memory_order_relaxed));
    cJSON *endpoints = cJSON_AddArrayToObject(body, "endpoints");
    pthread_mutex_lock(&hub->setup_lock);
    for (size_t i = 0; i < hub_endpoint_count(hub); i++)
        if (hub->endpoints[i]->setup != NULL)
            cJSON_AddItemToArray(endpoints, describe_endpoint(hub->endpoints[i]->setup));
    pthread_mutex_unlock(&hub->setup_lock);
    return json_send(conn, 200, body);
}

/* -- POST /api/v1/reload -- */

/* With all loops on the new configuration, if they can be waited for. */
static int send_reloaded(struct admin *admin, struct mg_connection *conn, cJSON *body,
                         const struct reload_order *order)
{
    bool is_complete = hub_reload_await(admin->hub, LOOP_QUERY_TIMEOUT);
    cJSON_AddNumberToObject(
        body, "generation",
        (double)atomic_load_explicit(&admin->hub->generation, memory_order_relaxed));
    cJSON_AddBoolToObject(body, "complete", is_complete);
    cJSON_AddNumberToObject(body, "replaced", (double)order->replaced);
    cJSON_AddNumberToObject(body, "bans_set", order->bans.set);
    cJSON_AddNumberToObject(body, "bans_lifted", order->bans.lifted);
    return json_send(conn, 200, body);
}

static int send_reload_result(struct admin *admin, struct mg_connection *conn, int result,
                              const struct reload_order *order)
{
    const struct diagnostics *diagnostics = order->diagnostics;
    cJSON *body = cJSON_CreateObject();
    if (diagnostics->warning_count > 0)
        cJSON_AddItemToObject(body, "warnings",
                              findings_describe(diagnostics->warnings, diagnostics->warning_count));
    if (result == OK)
        return send_reloaded(admin, conn, body, order);
    cJSON_AddStringToObject(body, "error", "not reloaded");
    const char *why = result == ERR_CLOSED ? "the server is stopping" : error_text(result);
    cJSON_AddStringToObject(body, "detail",
                            diagnostics->count > 0 ? diagnostics->items[0].text : why);
    cJSON_AddItemToObject(body, "errors",
                          findings_describe(diagnostics->items, diagnostics->count));
    return json_send(conn, result == ERR_CONFIG || result == ERR_PLUGIN ? 422 : 503, body);
}

static int reload_and_answer(struct admin *admin, struct mg_connection *conn, const char *file)
{
    struct diagnostics diagnostics;
    char caller[CALLER_TEXT_MAX];
    caller_describe(conn, caller);
    diagnostics_init(&diagnostics);
    struct reload_order order = {.who = caller, .file = file, .diagnostics = &diagnostics};
    int result = admin->reload(admin->reload_context, &order);
    int status = send_reload_result(admin, conn, result, &order);
    diagnostics_deinit(&diagnostics);
    return status;
}

/* A body is optional: {"file": PATH} says which configuration is meant. */
int api_reload(struct admin *admin, struct mg_connection *conn)
{
    static const char *const names[] = {"file"};
    const char *stranger;
    int status = 0;
    if (admin->reload == NULL)
        return json_send_error(conn, 503, "", "unavailable", "this server cannot reload");
    if (mg_get_request_info(conn)->content_length <= 0)
        return reload_and_answer(admin, conn, NULL);
    cJSON *body = json_read(conn, &status);
    if (body == NULL)
        return status;
    if (json_has_only_strings(body, names, 1, &stranger))
        status = reload_and_answer(admin, conn, json_string(body, "file"));
    else
        status = json_send_error(conn, 400, "", "bad request", "the body may have a string 'file'");
    cJSON_Delete(body);
    return status;
}
