#include "front/front_handler.h"

#include "client/handoff.h"
#include "front/civetweb_detach.h"
#include "front/demo_page.h"
#include "front/refusal.h"
#include "front/response.h"
#include "hub/hub.h"
#include "ws/handshake.h"

#include <civetweb.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_AFTER "Retry-After: 5" /* seconds */

/* A request for an endpoint. */
struct upgrade_request {
    struct hub *hub;
    struct endpoint *endpoint;
    struct mg_connection *conn;
    const char *path; /* decoded */
    const struct address *from;
};

/* Copies the request out of CivetWeb's buffer. */
static int copy_request(const struct upgrade_request *request, struct request **out)
{
    const struct mg_request_info *info = mg_get_request_info(request->conn);
    const char *names[MG_MAX_HEADERS];
    const char *values[MG_MAX_HEADERS];
    size_t count = (size_t)info->num_headers;
    for (size_t i = 0; i < count; i++) {
        names[i] = info->http_headers[i].name;
        values[i] = info->http_headers[i].value;
    }
    struct request_source source = {.method = info->request_method,
                                    .http_version = info->http_version,
                                    .path = request->path,
                                    .query = info->query_string,
                                    .header_count = count,
                                    .header_names = names,
                                    .header_values = values};
    return request_create(&source, out);
}

static int refuse(const struct upgrade_request *request, const struct refusal *refusal)
{
    return refusal_send(&(struct refused){request->conn, request->path, request->from}, refusal);
}

static int refuse_without_memory(const struct upgrade_request *request)
{
    hub_count_refusal(request->hub, ADMISSION_NO_MEMORY);
    return refuse(request,
                  &(struct refusal){"admission", 503,
                                    "The server is short of memory; try again in a moment.",
                                    RETRY_AFTER});
}

static int refuse_uncopied(const struct upgrade_request *request, int error)
{
    if (error == ERR_LIMIT)
        return refuse(request, &(struct refusal){"handshake", 400,
                                                 "The query has more than 256 parameters.", NULL});
    return refuse_without_memory(request);
}

/* How requests are refused that a limit does not let in. */
static struct refusal refusal_of_admission(enum admission admission)
{
    struct refusal refusal = {.stage = "admission", .status = 503, .header = RETRY_AFTER};
    switch (admission) {
    case ADMISSION_ADDRESS_FULL:
        refusal.status = 429;
        refusal.sentence = "There are too many connections from this address.";
        break;
    case ADMISSION_BANNED:
        refusal = (struct refusal){"ban", 403, "This address is banned.", NULL};
        break;
    case ADMISSION_NO_MEMORY:
        refusal.sentence = "The server is short of memory; try again in a moment.";
        break;
    case ADMISSION_DESCRIPTORS:
        refusal.sentence = "The server has no file descriptor left.";
        break;
    case ADMISSION_DRAINING:
        refusal.sentence = "The server is draining; try again in a moment.";
        break;
    case ADMISSION_STARTING:
        refusal.sentence = "The server is starting; try again in a moment.";
        break;
    case ADMISSION_STUCK:
        refusal.sentence = "The server takes no new clients at the moment; try again.";
        break;
    default:
        refusal.sentence = "The server has as many clients as it may have.";
    }
    return refusal;
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

/* Gives a good upgrade to the hub; takes it in every case. Returns the HTTP status. The limits per
 * address count at the address that the request comes from. If a trusted proxy does not name one,
 * they count at the proxy: all of its connections could be of one client that fills the server. */
static int admit_upgrade(const struct upgrade_request *request, struct handoff *handoff)
{
    enum admission admission = hub_admit(request->hub, request->endpoint, &handoff->address);
    if (admission != ADMISSION_GRANTED) {
        struct refusal refusal = refusal_of_admission(admission);
        handoff_destroy(handoff);
        return refuse(request, &refusal);
    }
    if (take_connection(handoff, request->conn) != OK) {
        hub_leave(request->hub, request->endpoint, &handoff->address);
        handoff_destroy(handoff);
        return refuse_without_memory(request);
    }
    hub_accept(request->hub, handoff);
    return 101;
}

static int handle_upgrade(const struct upgrade_request *request)
{
    struct handoff *handoff = calloc(1, sizeof *handoff);
    if (handoff == NULL)
        return refuse_without_memory(request);
    handoff->socket = -1;
    handoff->endpoint = request->endpoint;
    handoff->address = *request->from;
    int error = copy_request(request, &handoff->request);
    if (error != OK) {
        handoff_destroy(handoff);
        return refuse_uncopied(request, error);
    }
    struct handshake_verdict verdict = handshake_check(handoff->request);
    if (verdict.status != 101) {
        handoff_destroy(handoff);
        return refuse(request, &(struct refusal){"handshake", verdict.status, verdict.reason,
                                                 verdict.extra_header});
    }
    return admit_upgrade(request, handoff);
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

/* Which paths are endpoints is not known yet. What asks for no upgrade is not counted as one. */
static int refuse_while_starting(struct hub *hub, const struct refused *refused)
{
    struct refusal refusal = refusal_of_admission(ADMISSION_STARTING);
    if (mg_get_header(refused->conn, "Upgrade") != NULL)
        hub_count_refusal(hub, ADMISSION_STARTING);
    return refusal_send(refused, &refusal);
}

int front_handler_answer(const void *context, struct mg_connection *conn,
                         const struct address *from)
{
    const struct front_handler *handler = context;
    bool was_starting = hub_is_starting(handler->hub); /* before the endpoints are looked at */
    const char *path = mg_request_path(conn);
    struct endpoint *endpoint = path != NULL ? hub_find_endpoint(handler->hub, path) : NULL;
    if (endpoint != NULL)
        return handle_upgrade(&(struct upgrade_request){handler->hub, endpoint, conn, path, from});
    if (path != NULL && strcmp(path, "/") == 0 &&
        atomic_load_explicit(&handler->demo_page, memory_order_relaxed))
        return handle_demo_page(conn);
    if (was_starting)
        return refuse_while_starting(handler->hub, &(struct refused){conn, path, from});
    return refusal_send(
        &(struct refused){conn, path, from},
        &(struct refusal){"path", 404,
                          "There is no WebSocket endpoint at this path; check the address.", NULL});
}

int front_handler_answer_unreadable(struct mg_connection *conn, int status, const char *sentence)
{
    struct address from;
    address_from_sockaddr(&from, mg_peer_address(conn));
    return refusal_send(&(struct refused){.conn = conn, .from = &from},
                        &(struct refusal){"request", status, sentence, NULL});
}
