#include "admin/api_drain.h"

#include "admin/admin_internal.h"
#include "admin/caller.h"
#include "admin/json.h"
#include "admin/json_body.h"
#include "base/clock.h"
#include "config/values.h"
#include "hub/hub.h"

#define OVER_MOST (3600 * NS_PER_S)
#define OVER_OF_CONFIG (-1)

/* What a request says. */
struct drain_request {
    struct endpoint *endpoint; /* NULL: the whole server */
    int64_t over;              /* ns, or OVER_OF_CONFIG */
};

/* -- GET -- */

static void add_drain(cJSON *drains, struct hub *hub, const struct endpoint *endpoint)
{
    struct drain_status status;
    hub_drain_read(hub, endpoint, &status);
    if (status.state == DRAIN_NONE)
        return;
    int64_t left_ms = status.left / NS_PER_MS;
    cJSON *object = cJSON_CreateObject();
    if (endpoint != NULL)
        cJSON_AddStringToObject(object, "endpoint", endpoint->path);
    else
        cJSON_AddNullToObject(object, "endpoint");
    cJSON_AddStringToObject(object, "state", drain_state_text(status.state));
    cJSON_AddNumberToObject(object, "clients", status.clients);
    cJSON_AddNumberToObject(object, "closed", (double)status.closed);
    cJSON_AddNumberToObject(object, "left_ms", (double)left_ms);
    cJSON_AddItemToArray(drains, object);
}

static cJSON *describe_drains(struct hub *hub)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddBoolToObject(body, "draining", hub_is_draining(hub));
    cJSON *drains = cJSON_AddArrayToObject(body, "drains");
    add_drain(drains, hub, NULL);
    for (size_t i = 0; i < hub_endpoint_count(hub); i++)
        add_drain(drains, hub, hub->endpoints[i]);
    return body;
}

int api_drain_show(struct admin *admin, struct mg_connection *conn)
{
    return json_send(conn, 200, describe_drains(admin->hub));
}

/* -- POST -- */

static int refuse_drain(struct mg_connection *conn, int error)
{
    if (error == ERR_CLOSED)
        return json_send_error(conn, 409, "", "conflict",
                               "the server is stopping, which no drain changes any more");
    return json_send_error(conn, 503, "", "unavailable", "the server is short of memory");
}

/* Returns 0, or the status with which the request was refused. */
static int read_drain_members(struct admin *admin, struct mg_connection *conn, const cJSON *body,
                              bool may_have_over, struct drain_request *out)
{
    static const char *const names[] = {"endpoint", "over"};
    const char *stranger;
    if (!json_has_only_strings(body, names, may_have_over ? 2 : 1, &stranger))
        return json_send_error(conn, 422, "", "not understood",
                               may_have_over ? "the body may have the strings endpoint and over"
                                             : "the body may have a string endpoint");
    const char *path = json_string(body, "endpoint");
    const char *over = json_string(body, "over");
    if (path != NULL && (out->endpoint = hub_find_endpoint(admin->hub, path)) == NULL)
        return json_send_error(conn, 404, "", "not found", "there is no endpoint with this path");
    if (over != NULL &&
        (duration_parse(over, &out->over) != 0 || out->over < 0 || out->over > OVER_MOST))
        return json_send_error(conn, 422, "", "not understood",
                               "over is a duration of at most 1h, such as 30s or 5m");
    return 0;
}

/* A body is optional. Returns 0, or the status with which the request was refused. */
static int read_drain_request(struct admin *admin, struct mg_connection *conn, bool may_have_over,
                              struct drain_request *out)
{
    int status = 0;
    *out = (struct drain_request){.over = OVER_OF_CONFIG};
    if (!json_has_body(conn))
        return 0;
    cJSON *body = json_read(conn, &status);
    if (body == NULL)
        return status;
    status = read_drain_members(admin, conn, body, may_have_over, out);
    cJSON_Delete(body);
    return status;
}

int api_drain_begin(struct admin *admin, struct mg_connection *conn)
{
    char caller[CALLER_TEXT_MAX];
    struct drain_request request;
    int status = read_drain_request(admin, conn, true, &request);
    if (status != 0)
        return status;
    caller_describe(conn, caller);
    int error = hub_drain_begin(admin->hub, request.endpoint, request.over, caller);
    if (error != OK)
        return refuse_drain(conn, error);
    return api_drain_show(admin, conn);
}

int api_drain_stop(struct admin *admin, struct mg_connection *conn)
{
    char caller[CALLER_TEXT_MAX];
    struct drain_request request;
    int status = read_drain_request(admin, conn, false, &request);
    if (status != 0)
        return status;
    caller_describe(conn, caller);
    size_t stopped;
    int error = hub_drain_stop(admin->hub, request.endpoint, caller, &stopped);
    if (error != OK)
        return refuse_drain(conn, error);
    cJSON *body = describe_drains(admin->hub);
    cJSON_AddNumberToObject(body, "stopped", (double)stopped);
    return json_send(conn, 200, body);
}
