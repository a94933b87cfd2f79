#include "front/routes.h"

#include "client/handoff.h"
#include "front/civetweb_detach.h"
#include "front/demo_page.h"
#include "front/response.h"
#include "hub/hub.h"
#include "ws/handshake.h"

#include <civetweb.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_AFTER "Retry-After: 5" /* seconds */

/* One request on its way to an endpoint. */
struct arrival {
    struct hub *hub;
    struct endpoint *endpoint;
    struct mg_connection *conn;
    const char *path; /* decoded */
    const struct address *from;
};

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

static int refuse_uncopied(struct mg_connection *conn, int error)
{
    if (error == ERR_LIMIT)
        return response_send_text(conn, 400, "The query has more than 256 parameters.", NULL);
    return refuse_without_memory(conn);
}

static int refuse_admission(struct mg_connection *conn, enum admission admission)
{
    switch (admission) {
    case ADMISSION_ADDRESS_FULL:
        return response_send_text(conn, 429, "There are too many connections from this address.",
                                  RETRY_AFTER);
    case ADMISSION_NO_MEMORY:
        return refuse_without_memory(conn);
    case ADMISSION_DESCRIPTORS:
        return response_send_text(conn, 503, "The server has no file descriptor left.",
                                  RETRY_AFTER);
    case ADMISSION_DRAINING:
        return response_send_text(conn, 503, "The server is stopping; try again in a moment.",
                                  RETRY_AFTER);
    case ADMISSION_STUCK:
        return response_send_text(
            conn, 503, "The server takes no new clients at the moment; try again.", RETRY_AFTER);
    default:
        return response_send_text(conn, 503, "The server has as many clients as it may have.",
                                  RETRY_AFTER);
    }
}

/* Takes the connection from CivetWeb. Returns 0 or ERR_NO_MEMORY: CivetWeb still has it. */
static int take_connection(struct handoff *handoff, struct mg_connection *conn)
{
    struct mg_detached detached;
    if (mg_detach_connection(conn, &detached) != 0)
        return ERR_NO_MEMORY;
    handoff->socket = detached.socket;
    handoff->tls = detached.ssl;
    handoff->early = detached.early;
    handoff->early_len = detached.early_len;
    return OK;
}

/* Gives a good upgrade to the hub; owns it in every case. Returns the HTTP status. The limits per
 * address count where the request comes from. A trusted proxy that does not say so is counted as
 * anybody is: behind it could be one client who fills the server. */
static int hand_over(const struct arrival *arrival, struct handoff *handoff)
{
    enum admission admission = hub_admit(arrival->hub, arrival->endpoint, &handoff->address);
    if (admission != ADMISSION_GRANTED) {
        handoff_destroy(handoff);
        return refuse_admission(arrival->conn, admission);
    }
    if (take_connection(handoff, arrival->conn) != OK) {
        hub_leave(arrival->hub, arrival->endpoint, &handoff->address);
        handoff_destroy(handoff);
        return refuse_without_memory(arrival->conn);
    }
    hub_accept(arrival->hub, handoff);
    return 101;
}

static int handle_upgrade(const struct arrival *arrival)
{
    struct handoff *handoff = calloc(1, sizeof *handoff);
    if (handoff == NULL)
        return refuse_without_memory(arrival->conn);
    handoff->socket = -1;
    handoff->endpoint = arrival->endpoint;
    handoff->address = *arrival->from;
    int error = copy_request(arrival, &handoff->request);
    if (error != OK) {
        handoff_destroy(handoff);
        return refuse_uncopied(arrival->conn, error);
    }
    struct handshake_verdict verdict = handshake_check(handoff->request);
    if (verdict.status != 101) {
        handoff_destroy(handoff);
        return response_send_text(arrival->conn, verdict.status, verdict.reason,
                                  verdict.extra_header);
    }
    return hand_over(arrival, handoff);
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
    const char *path = mg_request_path(conn);
    struct endpoint *endpoint = path != NULL ? hub_find_endpoint(routes->hub, path) : NULL;
    if (endpoint != NULL)
        return handle_upgrade(&(struct arrival){routes->hub, endpoint, conn, path, from});
    if (path != NULL && strcmp(path, "/") == 0 &&
        atomic_load_explicit(&routes->demo_page, memory_order_relaxed))
        return handle_demo_page(conn);
    return response_send_text(
        conn, 404, "There is no WebSocket endpoint at this path; check the address.", NULL);
}

int routes_handle_unreadable(struct mg_connection *conn, int status, const char *sentence)
{
    return response_send_text(conn, status, sentence, NULL);
}
