#include "admin/admin.h"

#include "admin/admin_internal.h"
#include "admin/admin_socket.h"
#include "admin/api.h"
#include "admin/api_broadcast.h"
#include "admin/api_clients.h"
#include "admin/json.h"
#include "admin/metrics.h"
#include "admin/origin.h"
#include "admin/readiness.h"
#include "admin/admin_routes.h"
#include "admin/token_file.h"
#include "base/log.h"
#include "config/listen_address.h"
#include "front/civetweb_detach.h"
#include "front/response.h"
#include "hub/hub_internal.h"
#include "hub/watchdog.h"

#include <civetweb.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEALTH_WORKERS 2 /* besides one for each request that may be worked on at once */
#define TOKEN_MAX 1024
#define METRICS_MAX (16u * 1024 * 1024)

/* Whether a request comes through a Unix socket. */
static bool is_local(const struct mg_connection *conn)
{
    return mg_peer_address(conn)->sa_family == AF_UNIX;
}

/* -- the token -- */

static int load_token(const struct config *config, struct diagnostics *diagnostics,
                      unsigned char hash[SHA256_DIGEST_LENGTH])
{
    char token[TOKEN_MAX];
    char why[512];
    struct stat status;
    const char *path = config->admin_token_file;
    ssize_t len = token_file_read_line(path, token, sizeof token, &status, why, sizeof why);
    if (len < 0) {
        diagnostics_add(diagnostics, config->admin_position,
                        "cannot read the admin token from %s: %s", path, why);
        return ERR_CONFIG;
    }
    if ((status.st_mode & S_IROTH) != 0)
        diagnostics_warn(diagnostics, config->admin_position,
                         "everybody on this machine may read the admin token in %s; mend it with: "
                         "chmod o-r %s",
                         path, path);
    if (len < 16) {
        diagnostics_add(diagnostics, config->admin_position,
                        "the admin token in %s has %zd characters; use at least 16, for example "
                        "from: openssl rand -hex 32",
                        path, len);
        return ERR_CONFIG;
    }
    SHA256((const unsigned char *)token, (size_t)len, hash);
    OPENSSL_cleanse(token, sizeof token);
    return OK;
}

/* Who may open a Unix socket's file may ask. The hashes are compared, so that the time taken says
 * nothing about the token. */
static bool is_authorized(struct admin *admin, const struct mg_connection *conn)
{
    if (is_local(conn))
        return true;
    unsigned char hash[SHA256_DIGEST_LENGTH];
    const char *header = mg_get_header(conn, "Authorization");
    pthread_mutex_lock(&admin->lock);
    bool is_needed = admin->has_token;
    unsigned char expected[SHA256_DIGEST_LENGTH];
    memcpy(expected, admin->token_hash, sizeof expected);
    pthread_mutex_unlock(&admin->lock);
    if (!is_needed)
        return true;
    if (header == NULL || strncasecmp(header, "Bearer ", 7) != 0)
        return false;
    header += 7;
    SHA256((const unsigned char *)header, strlen(header), hash);
    return CRYPTO_memcmp(hash, expected, sizeof hash) == 0;
}

static bool has_token(struct admin *admin)
{
    pthread_mutex_lock(&admin->lock);
    bool has = admin->has_token;
    pthread_mutex_unlock(&admin->lock);
    return has;
}

/* -- answers -- */

static int send_health(struct admin *admin, struct mg_connection *conn)
{
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "status", "ok");
    cJSON_AddNumberToObject(body, "clients", hub_client_count(admin->hub, NULL));
    return json_send(conn, 200, body);
}

static int send_readiness(struct admin *admin, struct mg_connection *conn)
{
    struct watchdog_status watched;
    cJSON *body = cJSON_CreateObject();
    watchdog_read(admin->watchdog, &watched);
    bool is_ready = readiness_describe(admin->hub, &watched, body);
    return json_send(conn, is_ready ? 200 : 503, body);
}

static int write_metrics(struct admin *admin, struct buffer *text)
{
    struct watchdog_status watched;
    struct metrics_sources sources = {.hub = admin->hub,
                                      .front = admin->front,
                                      .watched = &watched,
                                      .admin_refused = atomic_load(&admin->places.refused)};
    watchdog_read(admin->watchdog, &watched);
    return metrics_write(&sources, text);
}

static int send_metrics(struct admin *admin, struct mg_connection *conn)
{
    struct buffer text;
    buffer_init(&text, METRICS_MAX);
    if (write_metrics(admin, &text) != OK) {
        buffer_release(&text);
        return json_send_error(conn, 500, "", "internal", "the metrics do not fit into memory");
    }
    struct response response = {.status = 200,
                                .content_type = "text/plain; version=0.0.4; charset=utf-8",
                                .headers = "",
                                .body = (const char *)text.data,
                                .body_len = text.len};
    int status = response_send(conn, &response);
    buffer_release(&text);
    return status;
}

/* -- routing -- */

static const struct admin_route routes[] = {
    {"/healthz", "GET", true, send_health},
    {"/readyz", "GET", true, send_readiness},
    {"/metrics", "GET", false, send_metrics},
    {"/api/v1/count", "GET", false, api_count},
    {"/api/v1/pipeline", "GET", false, api_pipeline},
    {"/api/v1/reload", "POST", false, api_reload},
    {"/api/v1/broadcast", "POST", false, api_broadcast},
    {"/api/v1/clients", "GET", false, api_clients},
    {"/api/v1/clients/", "GET", false, api_client},
    {"/api/v1/clients/", "DELETE", false, api_kick},
};
#define ROUTE_COUNT (sizeof routes / sizeof *routes)

/* Whether a browser asks under a name that somebody else's page has pointed here (DNS rebinding):
 * to it the answer, whatever it is, belongs to that page. */
static bool is_rebound(struct admin *admin, const struct mg_connection *conn)
{
    return !is_local(conn) && !has_token(admin) &&
           !origin_host_is_plain(mg_get_header(conn, "Host"));
}

/* Whether a browser asks for a change that somebody else's page has sent here. */
static bool is_misled(const struct mg_connection *conn, const char *method)
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

/* What is not health. */
static int handle_api(struct admin *admin, struct mg_connection *conn,
                      const struct admin_route_match *match)
{
    const char *method = mg_get_request_info(conn)->request_method;
    if (!match->is_open && !is_authorized(admin, conn))
        return json_send_error(
            conn, 401, "WWW-Authenticate: Bearer\r\n", "unauthorized",
            "send the token of admin.token_file as: Authorization: Bearer TOKEN");
    if (is_misled(conn, method))
        return json_send_error(conn, 403, "", "forbidden",
                               "a page of another origin must not ask here");
    if (!match->has_path)
        return json_send_error(conn, 404, "", "not found",
                               "there are /healthz, /readyz, /metrics, and count, pipeline, "
                               "clients, broadcast and reload below /api/v1/ here");
    return match->route != NULL ? match->route->handle(admin, conn) : refuse_method(conn, match);
}

static int refuse_busy(struct mg_connection *conn)
{
    return json_send_error(conn, 503, "Retry-After: 1\r\n", "busy",
                           "as many requests are being worked on as may be (admin.requests)");
}

static int handle_request(const void *context, struct mg_connection *conn,
                          const struct address *from)
{
    (void)from; /* Who may ask is told by the token. */
    struct admin *admin = ((const struct admin_listener *)context)->admin;
    const struct mg_request_info *info = mg_get_request_info(conn);
    const char *method = info->request_method;
    const char *path = mg_request_path(conn);
    if (path == NULL)
        path = ""; /* which is none of ours */
    struct admin_route_match match = admin_route_find(routes, ROUTE_COUNT, path, method);

    if (is_rebound(admin, conn))
        return json_send_error(conn, 403, "", "forbidden",
                               "ask for localhost or a numeric address; a listener with "
                               "admin.token_file may be asked by any name");
    if (match.route != NULL && match.is_open)
        return match.route->handle(admin, conn);
    bool may_have_body = strcmp(method, "POST") == 0;
    if (!places_take(&admin->places, may_have_body))
        return refuse_busy(conn);
    int status = handle_api(admin, conn, &match);
    places_give(&admin->places, may_have_body);
    return status;
}

static int handle_unreadable(struct mg_connection *conn, int status, const char *sentence)
{
    return json_send_error(conn, status, "", "bad request", sentence);
}

/* -- life -- */

int admin_check(const struct config *config, struct diagnostics *diagnostics)
{
    unsigned char hash[SHA256_DIGEST_LENGTH];
    return config->admin_token_file != NULL ? load_token(config, diagnostics, hash) : OK;
}

static void report(const struct config *config, struct diagnostics *diagnostics,
                   const char *address, const char *why)
{
    diagnostics_add(diagnostics, config->admin_position, "cannot listen on %s: %s", address, why);
}

static int start_tcp(struct admin_listener *listener, const struct config *config,
                     const char **failure)
{
    int fd = -1;
    int error = bind_address_probe(&listener->address, &fd);
    if (error != 0) {
        *failure = strerror(error);
        return ERR_SYSTEM;
    }
    close(fd);
    return civetweb_context_start(&listener->civetweb, config, &listener->address);
}

static int start_one(struct admin *admin, const struct config *config, const char *address,
                     struct diagnostics *diagnostics)
{
    struct admin_listener *listener = &admin->listeners[admin->listener_count++];
    const char *failure = listener->civetweb.failure;
    listener->admin = admin;
    listener->civetweb.workers = config->admin_requests + HEALTH_WORKERS;
    listener->civetweb.handler = (struct request_handler){
        .handle = handle_request, .handle_unreadable = handle_unreadable, .context = listener};
    if (bind_address_parse(&listener->address, address, false) != OK) {
        report(config, diagnostics, address, "it is not an address with a port");
        return ERR_CONFIG;
    }
    int error = bind_address_is_unix(&listener->address)
                    ? admin_socket_start(listener, config, &failure)
                    : start_tcp(listener, config, &failure);
    if (error == ERR_SYSTEM) {
        report(config, diagnostics, address, failure);
        return ERR_CONFIG;
    }
    return error;
}

static int start(struct admin *admin, const struct config *config, struct diagnostics *diagnostics)
{
    int error = OK;
    for (size_t i = 0; i < config->admin_listen_count && error == OK; i++)
        error = start_one(admin, config, config->admin_listen[i], diagnostics);
    return error;
}

static void warn_of_clear_text(const struct config *config)
{
    char why[256];
    struct listen_address address;
    for (size_t i = 0; i < config->admin_listen_count; i++)
        if (config->admin_token_file != NULL && listen_unix_path(config->admin_listen[i]) == NULL &&
            listen_address_parse(config->admin_listen[i], &address, why, sizeof why) == 0 &&
            !address.loopback)
            log_warn("admin",
                     "the admin token travels in clear text to %s; let others reach it through a "
                     "proxy with TLS, and the commands through unix:PATH in admin.listen",
                     config->admin_listen[i]);
}

/* "unix:/run/sluice/admin.sock, 127.0.0.1:9090" */
static void list_addresses(const struct config *config, char text[ADMIN_ADDRESSES_MAX])
{
    size_t len =
        (size_t)snprintf(text, ADMIN_ADDRESSES_MAX, "%s",
                         config->admin_listen_count > 0 ? config->admin_listen[0] : "none");
    for (size_t i = 1; i < config->admin_listen_count && len < ADMIN_ADDRESSES_MAX; i++)
        len += (size_t)snprintf(text + len, ADMIN_ADDRESSES_MAX - len, ", %s",
                                config->admin_listen[i]);
}

int admin_prepare_reload(const struct admin *admin, const struct config *config,
                         struct diagnostics *diagnostics, struct admin_reload *out)
{
    *out = (struct admin_reload){.has_token = config->admin_token_file != NULL};
    const char *before = admin != NULL ? admin->addresses : "none";
    char after[ADMIN_ADDRESSES_MAX];
    list_addresses(config, after);
    if (strcmp(before, after) != 0) {
        log_warn("admin", "admin.listen changes from %s to %s only when the server is restarted",
                 before, after);
        out->is_elsewhere = true;
    }
    return out->has_token ? load_token(config, diagnostics, out->token_hash) : OK;
}

void admin_commit_reload(struct admin *admin, const struct admin_reload *reload)
{
    if (admin == NULL)
        return;
    /* An address that needs a token goes on having one until it is given up. */
    if (reload->is_elsewhere && !reload->has_token)
        return;
    pthread_mutex_lock(&admin->lock);
    admin->has_token = reload->has_token;
    memcpy(admin->token_hash, reload->token_hash, sizeof admin->token_hash);
    pthread_mutex_unlock(&admin->lock);
}

int admin_create(const struct config *config, const struct admin_parts *parts,
                 struct diagnostics *diagnostics, struct admin **out)
{
    *out = NULL;
    if (config->admin_listen_count == 0)
        return OK;
    struct admin *admin = calloc(1, sizeof *admin);
    if (admin == NULL)
        return ERR_NO_MEMORY;
    pthread_mutex_init(&admin->lock, NULL);
    admin->hub = parts->hub;
    admin->front = parts->front;
    admin->watchdog = parts->watchdog;
    admin->reload = parts->reload;
    admin->reload_context = parts->reload_context;
    list_addresses(config, admin->addresses);
    places_init(&admin->places, config->admin_requests);
    mg_init_library(MG_FEATURES_IPV6 | MG_FEATURES_X_DOMAIN_SOCKET);
    int error = OK;
    if (config->admin_token_file != NULL) {
        admin->has_token = true;
        error = load_token(config, diagnostics, admin->token_hash);
    }
    if (error == OK)
        error = start(admin, config, diagnostics);
    if (error != OK) {
        admin_destroy(admin);
        return error;
    }
    warn_of_clear_text(config);
    *out = admin;
    return OK;
}

size_t admin_listener_count(const struct admin *admin)
{
    return admin != NULL ? admin->listener_count : 0;
}

void admin_url(const struct admin *admin, size_t index, char *url, size_t size)
{
    const struct bind_address *listener = &admin->listeners[index].address;
    char ws_url[256];
    bind_address_url(listener, ws_url, sizeof ws_url);
    if (bind_address_is_unix(listener))
        snprintf(url, size, "%s", ws_url);
    else
        snprintf(url, size, "http%s", ws_url + 2); /* "ws://..." with another scheme */
}

void admin_destroy(struct admin *admin)
{
    if (admin == NULL)
        return;
    for (size_t i = 0; i < admin->listener_count; i++) {
        civetweb_context_stop(&admin->listeners[i].civetweb);
        if (bind_address_is_unix(&admin->listeners[i].address))
            admin_socket_remove(&admin->listeners[i]);
    }
    mg_exit_library();
    pthread_mutex_destroy(&admin->lock);
    free(admin);
}
