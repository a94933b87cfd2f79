#include "admin/admin.h"

#include "admin/metrics.h"
#include "front/listener.h"
#include "front/response.h"
#include "front/server.h"
#include "hub/hub.h"
#include "hub/hub_internal.h"

#include <civetweb.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ADMIN_WORKERS 4
#define TOKEN_MAX 1024
#define METRICS_MAX (16u * 1024 * 1024)

struct admin {
    struct server server;
    struct listener listener;
    struct hub *hub;
    const struct front *front;
    bool has_token;
    unsigned char token_hash[SHA256_DIGEST_LENGTH];
};

/* -- the token -- */

/* Reads the token file's first line. Returns its length, or -1 with errno. */
static ssize_t read_token(const char *path, char token[TOKEN_MAX])
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return -1;
    bool got = fgets(token, TOKEN_MAX, file) != NULL;
    fclose(file);
    if (!got)
        return 0;
    token[strcspn(token, "\r\n")] = '\0';
    return (ssize_t)strlen(token);
}

static int load_token(const struct config *config, struct diagnostics *diagnostics,
                      unsigned char hash[SHA256_DIGEST_LENGTH])
{
    char token[TOKEN_MAX];
    const char *path = config->admin_token_file;
    ssize_t len = read_token(path, token);
    if (len < 0) {
        diagnostics_add(diagnostics, config->admin_position,
                        "cannot read the admin token from %s: %s", path, strerror(errno));
        return ERR_CONFIG;
    }
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

/* The hashes are compared, so that the time taken says nothing about the token. */
static bool is_authorized(const struct admin *admin, const struct mg_connection *conn)
{
    unsigned char hash[SHA256_DIGEST_LENGTH];
    const char *header = mg_get_header(conn, "Authorization");
    if (!admin->has_token)
        return true;
    if (header == NULL || strncasecmp(header, "Bearer ", 7) != 0)
        return false;
    header += 7;
    SHA256((const unsigned char *)header, strlen(header), hash);
    return CRYPTO_memcmp(hash, admin->token_hash, sizeof hash) == 0;
}

/* -- answers -- */

static int send_json(struct mg_connection *conn, int status, const char *headers, const char *body)
{
    struct response response = {.status = status,
                                .content_type = "application/json",
                                .headers = headers,
                                .body = body,
                                .body_len = strlen(body)};
    return response_send(conn, &response);
}

static int send_error(struct mg_connection *conn, int status, const char *headers,
                      const char *error, const char *detail)
{
    char body[512];
    snprintf(body, sizeof body, "{\"error\":\"%s\",\"detail\":\"%s\"}\n", error, detail);
    return send_json(conn, status, headers, body);
}

static int send_health(const struct admin *admin, struct mg_connection *conn)
{
    char body[128];
    snprintf(body, sizeof body, "{\"status\":\"ok\",\"clients\":%u}\n",
             hub_client_count(admin->hub, NULL));
    return send_json(conn, 200, "", body);
}

static int send_readiness(const struct admin *admin, struct mg_connection *conn)
{
    if (atomic_load_explicit(&admin->hub->is_draining, memory_order_relaxed))
        return send_json(conn, 503, "", "{\"status\":\"draining\"}\n");
    return send_json(conn, 200, "", "{\"status\":\"ready\"}\n");
}

static int send_metrics(const struct admin *admin, struct mg_connection *conn)
{
    struct buffer text;
    buffer_init(&text, METRICS_MAX);
    if (metrics_write(admin->hub, admin->front, &text) != OK) {
        buffer_release(&text);
        return send_error(conn, 500, "", "internal", "the metrics do not fit into memory");
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

static int handle_request(const void *context, struct mg_connection *conn)
{
    const struct admin *admin = context;
    const struct mg_request_info *info = mg_get_request_info(conn);
    const char *path = info->local_uri;

    if (strcmp(info->request_method, "GET") != 0 && strcmp(info->request_method, "HEAD") != 0)
        return send_error(conn, 405, "Allow: GET, HEAD\r\n", "method not allowed",
                          "this listener answers GET");
    if (strcmp(path, "/healthz") == 0)
        return send_health(admin, conn);
    if (strcmp(path, "/readyz") == 0)
        return send_readiness(admin, conn);
    if (!is_authorized(admin, conn))
        return send_error(conn, 401, "WWW-Authenticate: Bearer\r\n", "unauthorized",
                          "send the token of admin.token_file as: Authorization: Bearer TOKEN");
    if (strcmp(path, "/metrics") == 0)
        return send_metrics(admin, conn);
    return send_error(conn, 404, "", "not found", "there are /healthz, /readyz and /metrics here");
}

static int handle_unreadable(struct mg_connection *conn, int status)
{
    return send_error(conn, status, "", "bad request", "the request could not be read");
}

/* -- life -- */

int admin_check(const struct config *config, struct diagnostics *diagnostics)
{
    unsigned char hash[SHA256_DIGEST_LENGTH];
    return config->admin_token_file != NULL ? load_token(config, diagnostics, hash) : OK;
}

static int start(struct admin *admin, const struct config *config, struct diagnostics *diagnostics)
{
    struct listener *listener = &admin->listener;
    int fd = -1;

    if (listener_parse(listener, config->admin_listen, false) != OK) {
        diagnostics_add(diagnostics, config->admin_position, "%s is not an address with a port",
                        config->admin_listen);
        return ERR_CONFIG;
    }
    int error = listener_probe(listener, &fd);
    if (error != 0) {
        diagnostics_add(diagnostics, config->admin_position, "cannot listen on %s: %s",
                        config->admin_listen, strerror(error));
        return ERR_CONFIG;
    }
    close(fd);
    error = server_start(&admin->server, config, &listener, 1);
    if (error == ERR_SYSTEM) {
        diagnostics_add(diagnostics, config->admin_position, "cannot listen on %s: %s",
                        config->admin_listen, admin->server.failure);
        return ERR_CONFIG;
    }
    return error;
}

int admin_create(const struct config *config, struct hub *hub, const struct front *front,
                 struct diagnostics *diagnostics, struct admin **out)
{
    *out = NULL;
    if (config->admin_listen == NULL)
        return OK;
    struct admin *admin = calloc(1, sizeof *admin);
    if (admin == NULL)
        return ERR_NO_MEMORY;
    admin->hub = hub;
    admin->front = front;
    admin->server.workers = ADMIN_WORKERS;
    admin->server.handler = (struct handler){
        .handle = handle_request, .handle_unreadable = handle_unreadable, .context = admin};
    mg_init_library(MG_FEATURES_IPV6);
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
    *out = admin;
    return OK;
}

void admin_url(const struct admin *admin, char *url, size_t size)
{
    char ws_url[256];
    listener_url(&admin->listener, ws_url, sizeof ws_url);
    snprintf(url, size, "http%s", ws_url + 2); /* "ws://..." with another scheme */
}

void admin_destroy(struct admin *admin)
{
    if (admin == NULL)
        return;
    server_stop(&admin->server);
    mg_exit_library();
    free(admin);
}
