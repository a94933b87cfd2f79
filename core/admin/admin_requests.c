#include "admin/admin_requests.h"

#include "admin/admin_access.h"
#include "admin/admin_internal.h"
#include "admin/admin_routes.h"
#include "admin/api.h"
#include "admin/api_bans.h"
#include "admin/api_broadcast.h"
#include "admin/api_clients.h"
#include "admin/api_drain.h"
#include "admin/api_events.h"
#include "admin/api_kick.h"
#include "admin/api_log.h"
#include "admin/api_pipeline.h"
#include "admin/api_topics.h"
#include "admin/api_trace.h"
#include "admin/caller.h"
#include "admin/console.h"
#include "admin/json.h"
#include "admin/metrics.h"
#include "admin/readiness.h"
#include "base/log.h"
#include "front/civetweb_detach.h"
#include "front/response.h"
#include "hub/hub.h"
#include "hub/watchdog.h"

#include <civetweb.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX (16u * 1024 * 1024) /* bytes */

/* -- answers -- */

static int send_health(struct admin *admin, struct mg_connection *conn)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "status", "ok");
    cJSON_AddNumberToObject(body, "clients", hub_client_count(admin->hub, NULL));
    return json_send(conn, 200, body);
}

static int send_text(struct mg_connection *conn, int status, const char *type, struct buffer *text)
{
    struct response response = {.status = status,
                                .content_type = type,
                                .headers = "",
                                .body = (const char *)text->data,
                                .body_len = text->len};
    int sent = response_send(conn, &response);
    buffer_release(text);
    return sent;
}

/* Whether ?verbose asks for all checks. */
static bool is_verbose(const struct mg_connection *conn)
{
    static const char name[] = "verbose";
    const char *query = mg_get_request_info(conn)->query_string;
    return query != NULL && strncmp(query, name, sizeof name - 1) == 0 &&
           strchr("=&", query[sizeof name - 1]) != NULL;
}

static int send_readiness(struct admin *admin, struct mg_connection *conn)
{
    struct watchdog_status watched;
    const struct readiness_question asked = {
        .hub = admin->hub, .watched = &watched, .before = &admin->readiness};
    watchdog_read(admin->watchdog, &watched);
    if (is_verbose(conn)) {
        struct buffer text;
        buffer_init(&text, TEXT_MAX);
        bool is_ready = readiness_list(&asked, &text);
        return send_text(conn, is_ready ? 200 : 503, "text/plain; charset=utf-8", &text);
    }
    cJSON *body = cJSON_CreateObject();
    bool is_ready = readiness_describe(&asked, body);
    return json_send(conn, is_ready ? 200 : 503, body);
}

static unsigned long long count_refused(struct admin *admin)
{
    unsigned long long refused = 0;
    for (size_t i = 0; i < admin->listener_count; i++)
        refused += atomic_load_explicit(&admin->listeners[i].slots.refused, memory_order_relaxed);
    return refused;
}

static int write_metrics(struct admin *admin, struct buffer *text)
{
    struct watchdog_status watched;
    struct metrics_sources sources = {.hub = admin->hub,
                                      .front = admin->front,
                                      .watched = &watched,
                                      .admin_refused = count_refused(admin),
                                      .admin_denials = &admin->denials};
    watchdog_read(admin->watchdog, &watched);
    return metrics_write(&sources, text);
}

static int send_metrics(struct admin *admin, struct mg_connection *conn)
{
    struct buffer text;
    buffer_init(&text, TEXT_MAX);
    if (write_metrics(admin, &text) != OK) {
        buffer_release(&text);
        return json_send_error(conn, 500, "", "internal", "the metrics do not fit into memory");
    }
    return send_text(conn, 200, "text/plain; version=0.0.4; charset=utf-8", &text);
}

/* Who asks, and what the asker may do: for programs that show only that. */
static int send_whoami(struct admin *admin, struct mg_connection *conn)
{
    (void)admin;
    const struct admin_token_owner *owner = &caller_get(conn)->owner;
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "role", admin_role_text(owner->role));
    if (owner->name[0] != '\0')
        cJSON_AddStringToObject(body, "token", owner->name);
    else
        cJSON_AddNullToObject(body, "token");
    return json_send(conn, 200, body);
}

/* -- routing -- */

static const struct admin_route routes[] = {
    {"/", "GET", ADMIN_ROLE_NONE, console_page},
    {"/console.css", "GET", ADMIN_ROLE_NONE, console_style},
    {"/console.js", "GET", ADMIN_ROLE_NONE, console_script},
    {"/healthz", "GET", ADMIN_ROLE_NONE, send_health},
    {"/readyz", "GET", ADMIN_ROLE_NONE, send_readiness},
    {"/metrics", "GET", ADMIN_ROLE_READ, send_metrics},
    {"/api/v1/whoami", "GET", ADMIN_ROLE_READ, send_whoami},
    {"/api/v1/count", "GET", ADMIN_ROLE_READ, api_count},
    {"/api/v1/pipeline", "GET", ADMIN_ROLE_READ, api_pipeline},
    {"/api/v1/reload", "POST", ADMIN_ROLE_ALL, api_reload},
    {"/api/v1/log/reopen", "POST", ADMIN_ROLE_OPERATE, api_log_reopen},
    {"/api/v1/broadcast", "POST", ADMIN_ROLE_OPERATE, api_broadcast},
    {"/api/v1/drain", "GET", ADMIN_ROLE_READ, api_drain_show},
    {"/api/v1/drain", "POST", ADMIN_ROLE_OPERATE, api_drain_begin},
    {"/api/v1/drain/stop", "POST", ADMIN_ROLE_OPERATE, api_drain_stop},
    {"/api/v1/clients", "GET", ADMIN_ROLE_READ, api_clients},
    {"/api/v1/clients/", "GET", ADMIN_ROLE_READ, api_client},
    {"/api/v1/clients/", "DELETE", ADMIN_ROLE_OPERATE, api_kick},
    {"/api/v1/kick", "POST", ADMIN_ROLE_OPERATE, api_kick_many},
    {"/api/v1/traces", "POST", ADMIN_ROLE_READ, api_trace_begin},
    {"/api/v1/traces/", "GET", ADMIN_ROLE_READ, api_trace_read},
    {"/api/v1/traces/", "DELETE", ADMIN_ROLE_READ, api_trace_end},
    {"/api/v1/topics", "GET", ADMIN_ROLE_READ, api_topics},
    {"/api/v1/events", "GET", ADMIN_ROLE_READ, api_events},
    {"/api/v1/bans", "GET", ADMIN_ROLE_READ, api_bans},
    {"/api/v1/bans", "POST", ADMIN_ROLE_OPERATE, api_ban},
    {"/api/v1/bans", "DELETE", ADMIN_ROLE_OPERATE, api_unban},
    {"/api/v1/bans/", "DELETE", ADMIN_ROLE_OPERATE, api_unban},
};
#define ROUTE_COUNT (sizeof routes / sizeof *routes)

/* Whether a request is answered whatever else is being worked on. */
static bool is_probe(const struct admin_route *route)
{
    return route->handle == send_health || route->handle == send_readiness;
}

static int refuse_method(struct mg_connection *conn, const struct admin_route_match *match)
{
    char headers[ROUTE_ALLOW_MAX + 16];
    char detail[ROUTE_ALLOW_MAX + 32];
    snprintf(headers, sizeof headers, "Allow: %s\r\n", match->allow);
    snprintf(detail, sizeof detail, "this path takes %s", match->allow);
    return json_send_error(conn, 405, headers, "method not allowed", detail);
}

/* Whoever changes something is told to the log; broadcasts are too many for it by default. */
static void log_change(const struct mg_connection *conn, const struct admin_route *route,
                       int status)
{
    char caller[CALLER_TEXT_MAX];
    bool is_frequent = status == 200 && route->handle == api_broadcast;
    if (strcmp(route->method, "GET") == 0)
        return;
    caller_describe(conn, caller);
    log_write(is_frequent ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, "admin",
              "%s %s answered with %d, asked by %s", route->method, route->path, status, caller);
}

static int handle_route(struct admin *admin, struct mg_connection *conn,
                        const struct admin_route *route, struct caller *caller)
{
    caller_set(conn, caller);
    int status = route->handle(admin, conn);
    log_change(conn, route, status);
    caller_set(conn, NULL);
    return status;
}

static int refuse_busy(struct mg_connection *conn)
{
    return json_send_error(conn, 503, "Retry-After: 1\r\n", "busy",
                           "as many requests are being worked on as may be (admin.requests)");
}

static int answer_with_slot(struct admin *admin, struct mg_connection *conn,
                            const struct admin_route_match *match, struct caller *caller)
{
    if (!match->has_path)
        return json_send_error(
            conn, 404, "", "not found",
            "there are / (the console), /healthz, /readyz, /metrics, and whoami, count, pipeline, "
            "clients, kick, topics, traces, events, bans, broadcast, drain, reload and log/reopen "
            "below /api/v1/ here");
    return match->route != NULL ? handle_route(admin, conn, match->route, caller)
                                : refuse_method(conn, match);
}

/* Answers requests that need a slot; whoever may not ask gets none. */
static int handle_api(struct admin_listener *listener, struct mg_connection *conn,
                      const struct admin_route_match *match)
{
    struct caller caller;
    int denied = admin_access_check(listener->admin, conn, match, &caller.owner);
    if (denied != 0)
        return denied;
    unsigned kind =
        strcmp(mg_get_request_info(conn)->request_method, "POST") == 0 ? REQUEST_MAY_HAVE_BODY : 0;
    if (caller.owner.role < ADMIN_ROLE_OPERATE)
        kind |= REQUEST_ONLY_READS;
    if (caller.owner.role == ADMIN_ROLE_NONE)
        kind |= REQUEST_OF_STRANGER;
    if (!request_slots_take(&listener->slots, kind, &caller.slot))
        return refuse_busy(conn);
    int status = answer_with_slot(listener->admin, conn, match, &caller);
    request_slot_give(&caller.slot);
    return status;
}

int admin_requests_answer(const void *context, struct mg_connection *conn,
                          const struct address *from)
{
    (void)from; /* The token says who may ask. */
    const struct admin_listener *asked = context;
    struct admin *admin = asked->admin;
    struct admin_listener *listener = &admin->listeners[asked - admin->listeners];
    const char *method = mg_get_request_info(conn)->request_method;
    const char *path = mg_request_path(conn);
    if (path == NULL)
        path = ""; /* which no route has */
    struct admin_route_match match = admin_route_find(routes, ROUTE_COUNT, path, method);

    int denied = admin_access_check_host(admin, conn);
    if (denied != 0)
        return denied;
    if (match.route != NULL && is_probe(match.route))
        return match.route->handle(admin, conn);
    return handle_api(listener, conn, &match);
}

int admin_requests_answer_unreadable(struct mg_connection *conn, int status, const char *sentence)
{
    return json_send_error(conn, status, "", "bad request", sentence);
}
