#include "front/routes.h"

#include "client/upgrade.h"
#include "front/civetweb_detach.h"
#include "front/demo_page.h"
#include "front/response.h"
#include "hub/hub.h"
#include "ws/handshake.h"

#include <civetweb.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MAX_BYTES 2048
#define RETRY_AFTER "Retry-After: 5" /* seconds */

/* One request on its way to an endpoint. */
struct arrival {
    struct hub *hub;
    struct endpoint *endpoint;
    struct mg_connection *conn;
    const char *path; /* decoded */
    const struct address *from;
};

/* Decodes a path; false if it is too long for any endpoint's, or has a NUL in it. */
static bool decode_path(const char *raw, char path[PATH_MAX_BYTES])
{
    size_t raw_len = strlen(raw);
    if (raw_len >= PATH_MAX_BYTES)
        return false;
    int len = mg_url_decode(raw, (int)raw_len, path, PATH_MAX_BYTES, 0);
    return len >= 0 && strlen(path) == (size_t)len;
}

/* Copies the request out of CivetWeb's buffer. */
static int copy_request(const struct arrival *arrival, struct request **out)
{
    const struct mg_request_info *info = mg_get_request_info(arrival->conn);
    const char *names[MG_MAX_HEADERS];
    const char *values[MG_MAX_HEADERS];
    size_t count = (size_t)info->num_headers;
    for (size_t i = 0; i < count; i++) {
        names[i] = info->http_headers[i].name;
        values[i] = info->http_headers[i].value;
    }
    struct request_source source = {.method = info->request_method,
                                    .http_version = info->http_version,
                                    .path = arrival->path,
                                    .query = info->query_string,
                                    .header_count = count,
                                    .header_names = names,
                                    .header_values = values};
    return request_create(&source, out);
}

static int refuse_without_memory(struct mg_connection *conn)
{
    return response_send_text(conn, 503, "The server is short of memory; try again in a moment.",
                              RETRY_AFTER);
}

static int refuse_admission(struct mg_connection *conn, enum admission admission)
{
    switch (admission) {
    case ADMISSION_ADDRESS_FULL:
        return response_send_text(conn, 429, "There are too many connections from this address.",
                                  RETRY_AFTER);
    case ADMISSION_NO_MEMORY:
        return refuse_without_memory(conn);
    case ADMISSION_DRAINING:
        return response_send_text(conn, 503, "The server is stopping; try again in a moment.",
                                  RETRY_AFTER);
    default:
        return response_send_text(conn, 503, "The server has as many clients as it may have.",
                                  RETRY_AFTER);
    }
}

/* Takes the connection from CivetWeb. Returns 0 or ERR_NO_MEMORY: CivetWeb still has it. */
static int take_connection(struct upgrade *upgrade, struct mg_connection *conn)
{
    struct mg_detached detached;
    if (mg_detach_connection(conn, &detached) != 0)
        return ERR_NO_MEMORY;
    upgrade->socket = detached.socket;
    upgrade->tls = detached.ssl;
    upgrade->early = detached.early;
    upgrade->early_len = detached.early_len;
    return OK;
}

/* Gives a good upgrade to the hub; owns it in every case. Returns the HTTP status. The limits per
 * address count where the request comes from. A trusted proxy that does not say so is counted as
 * anybody is: behind it could be one client who fills the server. */
static int hand_over(const struct arrival *arrival, struct upgrade *upgrade)
{
    enum admission admission = hub_admit(arrival->hub, arrival->endpoint, &upgrade->address);
    if (admission != ADMISSION_GRANTED) {
        upgrade_destroy(upgrade);
        return refuse_admission(arrival->conn, admission);
    }
    if (take_connection(upgrade, arrival->conn) != OK) {
        hub_leave(arrival->hub, arrival->endpoint, &upgrade->address);
        upgrade_destroy(upgrade);
        return refuse_without_memory(arrival->conn);
    }
    hub_accept(arrival->hub, upgrade);
    return 101;
}

static int handle_upgrade(const struct arrival *arrival)
{
    struct upgrade *upgrade = calloc(1, sizeof *upgrade);
    if (upgrade == NULL)
        return refuse_without_memory(arrival->conn);
    upgrade->socket = -1;
    upgrade->endpoint = arrival->endpoint;
    upgrade->address = *arrival->from;
    if (copy_request(arrival, &upgrade->request) != OK) {
        upgrade_destroy(upgrade);
        return refuse_without_memory(arrival->conn);
    }
    struct handshake_verdict verdict = handshake_check(upgrade->request);
    if (verdict.status != 101) {
        upgrade_destroy(upgrade);
        return response_send_text(arrival->conn, verdict.status, verdict.reason,
                                  verdict.extra_header);
    }
    return hand_over(arrival, upgrade);
}

static int handle_demo_page(struct mg_connection *conn)
{
    static const struct response page = {
        .status = 200,
        .content_type = "text/html; charset=utf-8",
        .headers = "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; "
                   "script-src 'unsafe-inline'; connect-src 'self' ws: wss:; img-src data:; "
                   "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
                   "Referrer-Policy: no-referrer\r\n",
    };
    const char *method = mg_get_request_info(conn)->request_method;
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return response_send_text(conn, 405, "The demo page is fetched with GET.",
                                  "Allow: GET, HEAD");
    struct response response = page;
    response.body = (const char *)demo_page;
    response.body_len = demo_page_len;
    return response_send(conn, &response);
}

int routes_handle(const void *context, struct mg_connection *conn, const struct address *from)
{
    const struct routes *routes = context;
    const struct mg_request_info *info = mg_get_request_info(conn);
    char path[PATH_MAX_BYTES];
    if (info->num_headers >= MG_MAX_HEADERS)
        return response_send_text(conn, 431, "The request has too many header fields.", NULL);
    if (!mg_request_head_is_complete(conn))
        return response_send_text(conn, 400, "The request has a malformed header field.", NULL);
    if (info->local_uri != NULL && decode_path(info->local_uri, path)) {
        struct endpoint *endpoint = hub_find_endpoint(routes->hub, path);
        if (endpoint != NULL)
            return handle_upgrade(&(struct arrival){routes->hub, endpoint, conn, path, from});
        if (atomic_load_explicit(&routes->demo_page, memory_order_relaxed) &&
            strcmp(path, "/") == 0)
            return handle_demo_page(conn);
    }
    return response_send_text(
        conn, 404, "There is no WebSocket endpoint at this path; check the address.", NULL);
}

static int refuse_head(struct mg_connection *conn)
{
    switch (mg_request_head_fault(conn)) {
    case MG_HEAD_TOO_LARGE:
        return response_send_text(conn, 431, "The request's header fields are too large.", NULL);
    case MG_HEAD_INCOMPLETE:
        return response_send_text(conn, 408, "The request did not arrive in time.", NULL);
    default:
        return response_send_text(conn, 400, "The request is malformed.", NULL);
    }
}

int routes_handle_unreadable(struct mg_connection *conn, int status)
{
    switch (status) {
    case 400:
    case 413:
        return refuse_head(conn);
    case 505:
        return response_send_text(conn, 505, "This server speaks HTTP/1.1.", NULL);
    default:
        return response_send_text(conn, status, "The request could not be served.", NULL);
    }
}
