#include "front/civetweb_context.h"

#include "base/log.h"
#include "client/certificate.h"
#include "front/civetweb_detach.h"
#include "front/forwarded.h"
#include "front/response.h"

#include <civetweb.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MILLISECOND INT64_C(1000000) /* in nanoseconds */
#define MASTER_THREAD 0              /* CivetWeb's type of the thread that accepts */

/* Connections that wait for a worker; behind them the kernel's backlog fills. */
#define CONNECTION_QUEUE "4096"
/* More than the kernel gives anywhere: it takes net.core.somaxconn instead. */
#define LISTEN_BACKLOG "65535"

static struct civetweb_context *civetweb_of(const struct mg_connection *conn)
{
    return mg_get_user_data(mg_get_context(conn));
}

static void count_response(struct civetweb_context *civetweb, int status)
{
    if (status >= 100 && status / 100 < CIVETWEB_CONTEXT_STATUS_CLASSES)
        atomic_fetch_add_explicit(&civetweb->responses[status / 100], 1, memory_order_relaxed);
}

/* Finds where a request comes from: the peer, or what trusted proxies say instead. */
static void find_client_address(const struct civetweb_context *civetweb,
                                const struct mg_connection *conn, struct address *from)
{
    const struct mg_request_info *info = mg_get_request_info(conn);
    struct forwarded walk;
    address_from_sockaddr(from, mg_peer_address(conn));
    struct trusted_proxies *proxies = trust_in_force(civetweb->trust);
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

static int answer_request(const struct civetweb_context *civetweb, struct mg_connection *conn,
                          const struct address *from)
{
    if (!mg_request_is_own(conn))
        return civetweb->handler.handle_unreadable(conn, 400, "The request is malformed.");
    if (mg_request_is_asterisk()) /* RFC 9110, section 9.3.7: a ping of the server. */
        return response_send_text(conn, 200, "The server is here.", "Allow: GET");
    return civetweb->handler.handle(civetweb->handler.context, conn, from);
}

static int on_request(struct mg_connection *conn)
{
    const struct mg_request_info *info = mg_get_request_info(conn);
    struct civetweb_context *civetweb = civetweb_of(conn);
    struct address from;
    char text[ADDRESS_TEXT_MAX];
    find_client_address(civetweb, conn, &from);
    int status = answer_request(civetweb, conn, &from);
    count_response(civetweb, status);
    if (log_enabled(LOG_LEVEL_DEBUG)) {
        address_text(&from, text);
        log_debug("front", "%s %s from %s: %d", info->request_method, info->request_uri, text,
                  status);
    }
    return status;
}

/* How to refuse a request whose head is well formed, but not to CivetWeb, which says `status`. */
static struct head_refusal refusal_of(int status)
{
    switch (status) {
    case 505:
        return (struct head_refusal){505, "This server speaks HTTP/1.1."};
    case 411: /* There is a Content-Length that is no number. */
        return (struct head_refusal){400, "The request's Content-Length is malformed."};
    case 400:
        return head_refusal_of(HEAD_MALFORMED);
    default:
        return (struct head_refusal){status, "The request could not be served."};
    }
}

static int on_unreadable(struct mg_connection *conn, int status, const char *message)
{
    struct civetweb_context *civetweb = civetweb_of(conn);
    struct address from;
    char text[ADDRESS_TEXT_MAX];
    enum head_fault fault = mg_request_fault();
    struct head_refusal refusal = fault != HEAD_FINE ? head_refusal_of(fault) : refusal_of(status);
    (void)message; /* Our sentences are clearer. */
    address_from_sockaddr(&from, mg_peer_address(conn));
    address_text(&from, text);
    status = civetweb->handler.handle_unreadable(conn, refusal.status, refusal.sentence);
    count_response(civetweb, status);
    log_debug("front", "unreadable request from %s: %d (%s)", text, status, refusal.sentence);
    return 0; /* answered */
}

/* Logs CivetWeb's messages. A message that a peer can cause (about a failed TLS handshake, mostly)
 * is no warning. */
static int on_message(const struct mg_connection *conn, const char *message)
{
    struct civetweb_context *civetweb = civetweb_of(conn);
    if (atomic_load(&civetweb->starting) && pthread_equal(civetweb->starter, pthread_self())) {
        if (civetweb->failure[0] == '\0') /* The first one is the cause. */
            snprintf(civetweb->failure, sizeof civetweb->failure, "%s", message);
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
    struct civetweb_context *civetweb = user_data;
    if (civetweb->tls == NULL)
        return 0;
    *context = civetweb->tls;
    return 1;
}

static void *on_thread_start(const struct mg_context *context, int type)
{
    struct civetweb_context *civetweb = mg_get_user_data(context);
    mg_use_accept_queue(civetweb->accept_queue, type == MASTER_THREAD);
    return NULL;
}

static void on_thread_end(const struct mg_context *context, int type, void *data)
{
    (void)context;
    (void)type;
    (void)data;
    mg_use_accept_queue(NULL, false);
}

static int run_context(struct civetweb_context *civetweb, const char **options)
{
    static const struct mg_callbacks callbacks = {.init_connection = on_connection,
                                                  .begin_request = on_request,
                                                  .http_error = on_unreadable,
                                                  .log_message = on_message,
                                                  .init_thread = on_thread_start,
                                                  .exit_thread = on_thread_end,
                                                  .external_ssl_ctx = on_tls_context};
    struct mg_init_data init = {&callbacks, civetweb, options};
    char text[CIVETWEB_CONTEXT_FAILURE_MAX] = "";
    struct mg_error_data error = {.text = text, .text_buffer_size = sizeof text};
    civetweb->mg = mg_start2(&init, &error);
    if (civetweb->mg != NULL)
        return OK;
    if (civetweb->failure[0] == '\0')
        snprintf(civetweb->failure, sizeof civetweb->failure, "%s", text);
    return ERR_SYSTEM;
}

static int start_context(struct civetweb_context *civetweb, const struct config *config,
                         const char *port, bool is_tcp)
{
    char workers[16];
    char timeout[24];
    char max_header[24];
    snprintf(workers, sizeof workers, "%u", civetweb->workers);
    snprintf(timeout, sizeof timeout, "%lld",
             (long long)(config->front_request_timeout / MILLISECOND));
    snprintf(max_header, sizeof max_header, "%zu", config->front_max_header);
    /* mg_request_path decodes the path: it sees what CivetWeb's decoding would hide. */
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
    return run_context(civetweb, options);
}

static int create_accept_queue(struct civetweb_context *civetweb, const struct config *config)
{
    struct accept_queue_limits limits = {.timeout = config->front_request_timeout,
                                         .max_head = config->front_max_header,
                                         .max_pending = ACCEPT_QUEUE_MAX,
                                         .max_pending_per_address = ACCEPT_QUEUE_MAX_PER_ADDRESS,
                                         .descriptors = civetweb->descriptors,
                                         .handshakes = civetweb->handshakes,
                                         .threads = civetweb->threads};
    int rc = accept_queue_create(&limits, civetweb->tls, civetweb->trust, &civetweb->accept_stats,
                                 &civetweb->accept_queue);
    if (rc == ERR_SYSTEM)
        snprintf(civetweb->failure, sizeof civetweb->failure, "no epoll or no randomness: %s",
                 strerror(errno));
    return rc;
}

/* The accept queue does the handshakes, with contexts of its own, so CivetWeb's needs no
 * certificate, and one that has been replaced does not stay in memory. */
static int take_certificate_away(struct civetweb_context *civetweb)
{
    if (civetweb->tls == NULL)
        return OK;
    SSL_CTX *bare = SSL_CTX_new(TLS_server_method());
    if (bare == NULL)
        return ERR_NO_MEMORY;
    SSL_CTX_free(civetweb->tls);
    civetweb->tls = bare;
    return OK;
}

static void note_certificate_end(struct civetweb_context *civetweb, const SSL_CTX *tls)
{
    const X509 *certificate = tls != NULL ? SSL_CTX_get0_certificate(tls) : NULL;
    if (certificate != NULL)
        atomic_store_explicit(&civetweb->certificate_end, certificate_not_after(certificate),
                              memory_order_relaxed);
}

int civetweb_context_start(struct civetweb_context *civetweb, const struct config *config,
                           struct bind_address *address)
{
    struct mg_server_port chosen;
    char port[BIND_ADDRESS_PORT_OPTION_MAX];
    note_certificate_end(civetweb, civetweb->tls);
    int rc = create_accept_queue(civetweb, config);
    if (rc == OK)
        rc = take_certificate_away(civetweb);
    if (rc != OK)
        return rc;
    bind_address_port_option(address, port);
    civetweb->starter = pthread_self();
    atomic_store(&civetweb->starting, true);
    rc = start_context(civetweb, config, port, !bind_address_is_unix(address));
    atomic_store(&civetweb->starting, false);
    if (rc == OK && mg_get_server_ports(civetweb->mg, 1, &chosen) == 1)
        address->port = (uint16_t)chosen.port;
    return rc;
}

void civetweb_context_use_tls(struct civetweb_context *civetweb, SSL_CTX *tls)
{
    note_certificate_end(civetweb, tls);
    accept_queue_use_tls(civetweb->accept_queue, tls);
}

void civetweb_context_stop(struct civetweb_context *civetweb)
{
    if (civetweb->mg != NULL) {
        accept_queue_hurry(civetweb->accept_queue);
        mg_stop(civetweb->mg);
    }
    civetweb->mg = NULL;
    accept_queue_destroy(civetweb->accept_queue);
    civetweb->accept_queue = NULL;
    SSL_CTX_free(civetweb->tls);
    civetweb->tls = NULL;
}
