#include "admin/admin_requests.h"

#include "admin/admin_internal.h"
#include "admin/admin_routes.h"
#include "admin/api.h"
#include "admin/api_broadcast.h"
#include "admin/api_clients.h"
#include "admin/api_drain.h"
#include "admin/api_kick.h"
#include "admin/api_log.h"
#include "admin/json.h"
#include "admin/metrics.h"
#include "admin/origin.h"
#include "admin/readiness.h"
#include "front/civetweb_detach.h"
#include "front/response.h"
#include "hub/hub.h"
#include "hub/watchdog.h"

#include <civetweb.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX (16u * 1024 * 1024) /* bytes */

/* Whether a request comes through a Unix socket. */
static bool is_local(const struct mg_connection *conn)
{
    return mg_peer_address(conn)->sa_family == AF_UNIX;
}

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
    watchdog_read(admin->watchdog, &watched);
    if (is_verbose(conn)) {
        struct buffer text;
        buffer_init(&text, TEXT_MAX);
        bool is_ready = readiness_list(admin->hub, &watched, &text);
        return send_text(conn, is_ready ? 200 : 503, "text/plain; charset=utf-8", &text);
    }
    cJSON *body = cJSON_CreateObject();
    bool is_ready = readiness_describe(admin->hub, &watched, body);
    return json_send(conn, is_ready ? 200 : 503, body);
}

static int write_metrics(struct admin *admin, struct buffer *text)
{
    struct watchdog_status watched;
    struct metrics_sources sources = {.hub = admin->hub,
                                      .front = admin->front,
                                      .watched = &watched,
                                      .admin_refused = atomic_load(&admin->slots.refused)};
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

/* -- routing -- */

static const struct admin_route routes[] = {
    {"/healthz", "GET", true, send_health},
    {"/readyz", "GET", true, send_readiness},
    {"/metrics", "GET", false, send_metrics},
    {"/api/v1/count", "GET", false, api_count},
    {"/api/v1/pipeline", "GET", false, api_pipeline},
    {"/api/v1/reload", "POST", false, api_reload},
    {"/api/v1/log/reopen", "POST", false, api_log_reopen},
    {"/api/v1/broadcast", "POST", false, api_broadcast},
    {"/api/v1/drain", "GET", false, api_drain_show},
    {"/api/v1/drain", "POST", false, api_drain_begin},
    {"/api/v1/drain/stop", "POST", false, api_drain_stop},
    {"/api/v1/clients", "GET", false, api_clients},
    {"/api/v1/clients/", "GET", false, api_client},
    {"/api/v1/clients/", "DELETE", false, api_kick},
    {"/api/v1/kick", "POST", false, api_kick_many},
};
#define ROUTE_COUNT (sizeof routes / sizeof *routes)

/* Whoever may open the Unix socket's file needs no token. */
static bool is_authorized(struct admin *admin, const struct mg_connection *conn)
{
    return is_local(conn) ||
           admin_token_accepts(&admin->token, mg_get_header(conn, "Authorization"));
}

/* Whether a browser asks under a name that another site has pointed here (DNS rebinding): the
 * browser would give the answer to that site's page. */
static bool is_rebound_name(struct admin *admin, const struct mg_connection *conn)
{
    return !is_local(conn) && !admin_token_is_needed(&admin->token) &&
           !origin_host_is_plain(mg_get_header(conn, "Host"));
}

/* Whether a page of another site has made a browser ask for a change. */
static bool is_cross_site(const struct mg_connection *conn, const char *method)
{
    bool changes = strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;
    return changes && !is_local(conn) &&
           !origin_is_ours(mg_get_header(conn, "Origin"), mg_get_header(conn, "Host"));
}

static int refuse_method(struct mg_connection *conn, const struct admin_route_match *match)
{
    char headers[ROUTE_ALLOW_MAX + 16];
    char detail[ROUTE_ALLOW_MAX + 32];
    snprintf(headers, sizeof headers, "Allow: %s\r\n", match->allow);
    snprintf(detail, sizeof detail, "this path takes %s", match->allow);
    return json_send_error(conn, 405, headers, "method not allowed", detail);
}

/* Answers requests that need a slot. */
static int handle_api(struct admin *admin, struct mg_connection *conn,
                      const struct admin_route_match *match)
{
    const char *method = mg_get_request_info(conn)->request_method;
    if (!match->is_open && !is_authorized(admin, conn))
        return json_send_error(
            conn, 401, "WWW-Authenticate: Bearer\r\n", "unauthorized",
            "send the token of admin.token_file as: Authorization: Bearer TOKEN");
    if (is_cross_site(conn, method))
        return json_send_error(conn, 403, "", "forbidden",
                               "a page of another origin must not ask here");
    if (!match->has_path)
        return json_send_error(
            conn, 404, "", "not found",
            "there are /healthz, /readyz, /metrics, and count, pipeline, "
            "clients, kick, broadcast, drain, reload and log/reopen below /api/v1/ here");
    return match->route != NULL ? match->route->handle(admin, conn) : refuse_method(conn, match);
}

static int refuse_busy(struct mg_connection *conn)
{
    return json_send_error(conn, 503, "Retry-After: 1\r\n", "busy",
                           "as many requests are being worked on as may be (admin.requests)");
}

int admin_requests_answer(const void *context, struct mg_connection *conn,
                          const struct address *from)
{
    (void)from; /* The token says who may ask. */
    struct admin *admin = ((const struct admin_listener *)context)->admin;
    const struct mg_request_info *info = mg_get_request_info(conn);
    const char *method = info->request_method;
    const char *path = mg_request_path(conn);
    if (path == NULL)
        path = ""; /* which no route has */
    struct admin_route_match match = admin_route_find(routes, ROUTE_COUNT, path, method);

    if (is_rebound_name(admin, conn))
        return json_send_error(conn, 403, "", "forbidden",
                               "ask for localhost or a numeric address; a listener with "
                               "admin.token_file may be asked by any name");
    if (match.route != NULL && match.is_open)
        return match.route->handle(admin, conn);
    bool may_have_body = strcmp(method, "POST") == 0;
    if (!request_slots_take(&admin->slots, may_have_body))
        return refuse_busy(conn);
    int status = handle_api(admin, conn, &match);
    request_slots_give(&admin->slots, may_have_body);
    return status;
}

int admin_requests_answer_unreadable(struct mg_connection *conn, int status, const char *sentence)
{
    return json_send_error(conn, status, "", "bad request", sentence);
}
