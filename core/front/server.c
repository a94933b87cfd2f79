#include "front/server.h"

#include "base/log.h"
#include "front/civetweb_detach.h"
#include "front/forwarded.h"
#include "front/response.h"

#include <civetweb.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MILLISECOND INT64_C(1000000) /* in nanoseconds */
#define MASTER_THREAD 0              /* CivetWeb's type of the thread that accepts */

/* Connections that wait for a worker; behind them the kernel's backlog fills. */
#define CONNECTION_QUEUE "4096"
/* More than the kernel gives anywhere: it takes net.core.somaxconn instead. */
#define LISTEN_BACKLOG "65535"

static struct server *server_of(const struct mg_connection *conn)
{
    return mg_get_user_data(mg_get_context(conn));
}

static void count(struct server *server, int status)
{
    if (status >= 100 && status / 100 < SERVER_STATUS_CLASSES)
        atomic_fetch_add_explicit(&server->responses[status / 100], 1, memory_order_relaxed);
}

/* The peer, unless that is a proxy whose word about others counts. */
static void find_origin(const struct server *server, const struct mg_connection *conn,
                        struct address *from)
{
    const struct mg_request_info *info = mg_get_request_info(conn);
    struct forwarded walk;
    address_from_sockaddr(from, mg_peer_address(conn));
    struct trusted_proxies *proxies = trust_in_force(server->trust);
    if (proxies == NULL)
        return;
    forwarded_begin(&walk, proxies, from);
    for (int i = info->num_headers; i-- > 0;)
        if (strcasecmp(info->http_headers[i].name, FORWARDED_FIELD) == 0)
            forwarded_follow(&walk, info->http_headers[i].value);
    trusted_proxies_unref(proxies);
    *from = walk.address;
}

static int on_connection(const struct mg_connection *conn, void **data)
{
    (void)data;
    mg_begin_connection((struct mg_connection *)(uintptr_t)conn);
    return 0;
}

static int answer(const struct server *server, struct mg_connection *conn,
                  const struct address *from)
{
    if (!mg_request_is_own(conn))
        return server->handler.handle_unreadable(conn, 400, "The request is malformed.");
    if (mg_request_is_asterisk()) /* RFC 9110, section 9.3.7: a ping of the server. */
        return response_send_text(conn, 200, "The server is here.", "Allow: GET");
    return server->handler.handle(server->handler.context, conn, from);
}

static int on_request(struct mg_connection *conn)
{
    const struct mg_request_info *info = mg_get_request_info(conn);
    struct server *server = server_of(conn);
    struct address from;
    char text[ADDRESS_TEXT_MAX];
    find_origin(server, conn, &from);
    int status = answer(server, conn, &from);
    count(server, status);
    if (log_enabled(LOG_LEVEL_DEBUG)) {
        address_text(&from, text);
        log_debug("front", "%s %s from %s: %d", info->request_method, info->request_uri, text,
                  status);
    }
    return status;
}

/* What CivetWeb's own statuses mean where the head itself is fine. */
static struct head_refusal refusal_of(int status)
{
    switch (status) {
    case 505:
        return (struct head_refusal){505, "This server speaks HTTP/1.1."};
    case 411: /* It was sent, and is no number. */
        return (struct head_refusal){400, "The request's Content-Length is malformed."};
    case 400:
        return head_refusal_of(HEAD_MALFORMED);
    default:
        return (struct head_refusal){status, "The request could not be served."};
    }
}

static int on_unreadable(struct mg_connection *conn, int status, const char *message)
{
    struct server *server = server_of(conn);
    struct address from;
    char text[ADDRESS_TEXT_MAX];
    enum head_fault fault = mg_request_fault();
    struct head_refusal refusal = fault != HEAD_FINE ? head_refusal_of(fault) : refusal_of(status);
    (void)message; /* Ours are clearer. */
    address_from_sockaddr(&from, mg_peer_address(conn));
    address_text(&from, text);
    status = server->handler.handle_unreadable(conn, refusal.status, refusal.sentence);
    count(server, status);
    log_debug("front", "unreadable request from %s: %d (%s)", text, status, refusal.sentence);
    return 0; /* answered */
}

/* CivetWeb's messages. What a peer can cause (a failed TLS handshake, mostly) is no warning. */
static int on_message(const struct mg_connection *conn, const char *message)
{
    struct server *server = server_of(conn);
    if (atomic_load(&server->starting) && pthread_equal(server->starter, pthread_self())) {
        if (server->failure[0] == '\0') /* The first one is the cause. */
            snprintf(server->failure, sizeof server->failure, "%s", message);
    } else if (strstr(message, "SSL") != NULL || strstr(message, "ssl") != NULL) {
        log_debug("civetweb", "%s", message);
    } else {
        log_warn("civetweb", "%s", message);
    }
    return 1; /* logged */
}

/* Gives CivetWeb our context when it starts, and keeps it from freeing it when it stops. */
static int on_tls_context(void **context, void *user_data)
{
    struct server *server = user_data;
    if (server->tls == NULL)
        return 0;
    *context = server->tls;
    return 1;
}

static void *on_thread_start(const struct mg_context *context, int type)
{
    struct server *server = mg_get_user_data(context);
    mg_use_waiting_room(server->waiting_room, type == MASTER_THREAD);
    return NULL;
}

static void on_thread_end(const struct mg_context *context, int type, void *data)
{
    (void)context;
    (void)type;
    (void)data;
    mg_use_waiting_room(NULL, false);
}

static int run_context(struct server *server, const char **options)
{
    static const struct mg_callbacks callbacks = {.init_connection = on_connection,
                                                  .begin_request = on_request,
                                                  .http_error = on_unreadable,
                                                  .log_message = on_message,
                                                  .init_thread = on_thread_start,
                                                  .exit_thread = on_thread_end,
                                                  .external_ssl_ctx = on_tls_context};
    struct mg_init_data init = {&callbacks, server, options};
    char text[SERVER_FAILURE_MAX] = "";
    struct mg_error_data error = {.text = text, .text_buffer_size = sizeof text};
    server->context = mg_start2(&init, &error);
    if (server->context != NULL)
        return OK;
    if (server->failure[0] == '\0')
        snprintf(server->failure, sizeof server->failure, "%s", text);
    return ERR_SYSTEM;
}

static int start_context(struct server *server, const struct config *config, const char *port,
                         bool is_tcp)
{
    char workers[16];
    char timeout[24];
    char max_header[24];
    snprintf(workers, sizeof workers, "%u", server->workers);
    snprintf(timeout, sizeof timeout, "%lld",
             (long long)(config->front_request_timeout / MILLISECOND));
    snprintf(max_header, sizeof max_header, "%zu", config->front_max_header);
    /* The path is decoded by the routes, which see what CivetWeb's decoding would hide. */
    const char *options[] = {"listening_ports",
                             port,
                             "num_threads",
                             workers,
                             "request_timeout_ms",
                             timeout,
                             "max_request_size",
                             max_header,
                             "connection_queue",
                             CONNECTION_QUEUE,
                             "listen_backlog",
                             LISTEN_BACKLOG,
                             "tcp_nodelay",
                             is_tcp ? "1" : "0",
                             "decode_url",
                             "no",
                             "enable_directory_listing",
                             "no",
                             "enable_auth_domain_check",
                             "no",
                             NULL};
    return run_context(server, options);
}

static int create_waiting_room(struct server *server, const struct config *config)
{
    struct waiting_limits limits = {.timeout = config->front_request_timeout,
                                    .max_head = config->front_max_header,
                                    .guests = WAITING_ROOM_GUESTS,
                                    .guests_per_address = WAITING_ROOM_GUESTS_PER_ADDRESS,
                                    .descriptors = server->descriptors,
                                    .handshakes = server->handshakes};
    int rc = waiting_room_create(&limits, server->tls, server->trust, &server->waiting_stats,
                                 &server->waiting_room);
    if (rc == ERR_SYSTEM)
        snprintf(server->failure, sizeof server->failure, "no epoll: %s", strerror(errno));
    return rc;
}

/* Handshakes are done by the waiting room with contexts of its own, so CivetWeb's needs no
 * certificate, and one that has been replaced does not stay in memory. */
static int take_certificate_away(struct server *server)
{
    if (server->tls == NULL)
        return OK;
    SSL_CTX *bare = SSL_CTX_new(TLS_server_method());
    if (bare == NULL)
        return ERR_NO_MEMORY;
    SSL_CTX_free(server->tls);
    server->tls = bare;
    return OK;
}

int server_start(struct server *server, const struct config *config, struct listener *listener)
{
    struct mg_server_port chosen;
    char port[LISTENER_PORT_OPTION_MAX];
    int rc = create_waiting_room(server, config);
    if (rc == OK)
        rc = take_certificate_away(server);
    if (rc != OK)
        return rc;
    listener_port_option(listener, port);
    server->starter = pthread_self();
    atomic_store(&server->starting, true);
    rc = start_context(server, config, port, !listener_is_unix(listener));
    atomic_store(&server->starting, false);
    if (rc == OK && mg_get_server_ports(server->context, 1, &chosen) == 1)
        listener->port = (uint16_t)chosen.port;
    return rc;
}

void server_use_tls(struct server *server, SSL_CTX *tls)
{
    waiting_room_use_tls(server->waiting_room, tls);
}

void server_stop(struct server *server)
{
    if (server->context != NULL)
        mg_stop(server->context);
    server->context = NULL;
    waiting_room_destroy(server->waiting_room);
    server->waiting_room = NULL;
    SSL_CTX_free(server->tls);
    server->tls = NULL;
}
