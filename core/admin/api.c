#include "admin/api.h"

#include "admin/admin_internal.h"
#include "admin/caller.h"
#include "admin/findings.h"
#include "admin/json.h"
#include "admin/json_body.h"
#include "admin/loop_query.h"
#include "hub/hub.h"
#include "hub/reload.h"

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
