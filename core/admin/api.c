#include "admin/api.h"

#include "admin/admin_internal.h"
#include "admin/caller.h"
#include "admin/findings.h"
#include "admin/json.h"
#include "admin/json_body.h"
#include "admin/loop_query.h"
#include "hub/hub.h"
#include "hub/reload.h"

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

/* -- POST /api/v1/reload -- */

/* A reload may wait for plugins, with the worker that asked for it. */
static bool take_turn(struct admin *admin)
{
    if (atomic_fetch_add_explicit(&admin->reloads, 1, memory_order_relaxed) < ADMIN_RELOADS_MAX)
        return true;
    atomic_fetch_sub_explicit(&admin->reloads, 1, memory_order_relaxed);
    return false;
}

static void end_turn(struct admin *admin)
{
    atomic_fetch_sub_explicit(&admin->reloads, 1, memory_order_relaxed);
}

static int refuse_reload(struct mg_connection *conn)
{
    return json_send_error(
        conn, 409, "", "conflict",
        "a reload is under way, and another one waits for its end, which then "
        "reads the configuration as it is by then: there is no need for a third");
}

/* With all loops on the new configuration, if they can be waited for. */
static void describe_reloaded(struct admin *admin, cJSON *body, const struct reload_order *order)
{
    bool is_complete = hub_reload_await(admin->hub, LOOP_QUERY_TIMEOUT);
    cJSON_AddNumberToObject(
        body, "generation",
        (double)atomic_load_explicit(&admin->hub->generation, memory_order_relaxed));
    cJSON_AddBoolToObject(body, "complete", is_complete);
    cJSON_AddNumberToObject(body, "replaced", (double)order->replaced);
    cJSON_AddNumberToObject(body, "bans_set", order->bans.set);
    cJSON_AddNumberToObject(body, "bans_lifted", order->bans.lifted);
}

static void describe_failure(cJSON *body, int result, const struct diagnostics *diagnostics)
{
    const char *why = result == ERR_CLOSED ? "the server is stopping" : error_text(result);
    cJSON_AddStringToObject(body, "error", "not reloaded");
    cJSON_AddStringToObject(body, "detail",
                            diagnostics->count > 0 ? diagnostics->items[0].text : why);
    cJSON_AddItemToObject(body, "errors",
                          findings_describe(diagnostics->items, diagnostics->count));
}

static int reload(struct admin *admin, struct reload_order *order, cJSON *body)
{
    const struct diagnostics *diagnostics = order->diagnostics;
    int result = admin->reload(admin->reload_context, order);
    if (diagnostics->warning_count > 0)
        cJSON_AddItemToObject(body, "warnings",
                              findings_describe(diagnostics->warnings, diagnostics->warning_count));
    if (result == OK) {
        describe_reloaded(admin, body, order);
        return 200;
    }
    describe_failure(body, result, diagnostics);
    return result == ERR_CONFIG || result == ERR_PLUGIN ? 422 : 503;
}

static int reload_and_answer(struct admin *admin, struct mg_connection *conn, const char *file)
{
    struct diagnostics diagnostics;
    char caller[CALLER_TEXT_MAX];
    if (!take_turn(admin))
        return refuse_reload(conn);
    request_slot_give(&caller_get(conn)->slot);
    caller_describe(conn, caller);
    diagnostics_init(&diagnostics);
    struct reload_order order = {.who = caller, .file = file, .diagnostics = &diagnostics};
    cJSON *body = cJSON_CreateObject();
    int status = reload(admin, &order, body);
    diagnostics_deinit(&diagnostics);
    end_turn(admin); /* before the answer: whoever has read it may ask again */
    return json_send(conn, status, body);
}

/* A body is optional: {"file": PATH} says which configuration is meant. */
int api_reload(struct admin *admin, struct mg_connection *conn)
{
    static const char *const names[] = {"file"};
    const char *stranger;
    int status = 0;
    if (admin->reload == NULL)
        return json_send_error(conn, 503, "", "unavailable", "this server cannot reload");
    if (!json_has_body(conn))
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
