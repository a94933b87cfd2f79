/*
 * CivetWeb and the functions that it lacks, as one translation unit. Upstream's source stays
 * unmodified; this file is compiled as CivetWeb is, without our warnings.
 */
#include "front/request_head.h"
#include "front/accept_queue.h"
#include "base/clock.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* How long a thread of CivetWeb may take to notice that it is to stop, in milliseconds. */
#define SOCKET_TIMEOUT_QUANTUM 200

/* Threads read the flag that stops them atomically, so that they see everything stored before it.
 */
#define STOP_FLAG_NEEDS_LOCK

/* Compares and swaps after a plain read. That is harmless, since a stale value means one more
 * round, but the thread sanitizer cannot know it. */
static void STOP_FLAG_ASSIGN(volatile ptrdiff_t *flag, volatile ptrdiff_t value)
    __attribute__((no_sanitize("thread")));

/* The accept queue of each of CivetWeb's threads. */
static _Thread_local struct accept_queue *accept_queue; /* NULL: not one of its threads */
static _Thread_local bool is_accepting;
/* A worker: the TLS connection that it has just taken on, and how much of its head is still to be
 * given to CivetWeb. */
static _Thread_local struct pending_tls prepared;
static _Thread_local size_t prepared_taken;
/* A worker: the head of the connection that it serves. */
static _Thread_local struct request_head head;
static _Thread_local enum head_fault head_fault;
static _Thread_local bool head_is_due; /* nothing of it has been given to CivetWeb yet */

/* A worker: when what it reads must have arrived, ns, monotonic; 0: there is no such time. */
static _Thread_local int64_t read_deadline;

static void forget_prepared(void)
{
    free(prepared.head);
    prepared = (struct pending_tls){0};
    prepared_taken = 0;
}

/* Returns whether there is time left. CivetWeb polls before it receives anything. */
static bool limit_to_deadline(int *milliseconds)
{
    int64_t left = read_deadline - clock_monotonic();
    errno = ETIMEDOUT;
    if (left / NS_PER_MS < *milliseconds)
        *milliseconds = (int)(left / NS_PER_MS) + 1;
    return left > 0;
}

/* CivetWeb takes an old EINTR or EAGAIN in errno for a poll without a result when two or more
 * listeners are ready at once. The accepting thread polls for nothing but connections. */
static int poll_accept_queue(struct pollfd *fds, nfds_t count, int milliseconds)
{
    if (read_deadline != 0 && !limit_to_deadline(&milliseconds))
        return -1;
    int ready = is_accepting ? accept_queue_poll(accept_queue, fds, count, milliseconds)
                             : poll(fds, count, milliseconds);
    if (ready > 0)
        errno = 0;
    return ready;
}

static int take_from_accept_queue(int listener, struct sockaddr *address, socklen_t *len)
{
    return accept_queue_take(accept_queue, listener, address, len);
}

/* A TLS state for set_prepared to replace. If there is no memory for it, CivetWeb closes the
 * socket. */
static SSL *new_to_replace(SSL_CTX *context, int socket)
{
    SSL *ssl = SSL_new(context);
    struct pending_tls lost;
    if (ssl == NULL && accept_queue_claim(accept_queue, socket, &lost)) {
        SSL_free(lost.ssl);
        free(lost.head);
    }
    return ssl;
}

/* Replaces the new TLS state by the one of the accept queue, whose handshake is complete. */
static int set_prepared(SSL **ssl, int socket)
{
    forget_prepared();
    if (!accept_queue_claim(accept_queue, socket, &prepared))
        return 0;
    SSL_set_app_data(prepared.ssl, SSL_get_app_data(*ssl));
    SSL_free(*ssl);
    *ssl = prepared.ssl;
    return 1;
}

/* From here on CivetWeb closes the socket, whatever happens. */
static void claim_plain(int socket)
{
    struct pending_tls none;
    bool was_unclaimed = accept_queue_claim(accept_queue, socket, &none);
    (void)was_unclaimed;
}

static size_t prepared_left(const SSL *ssl)
{
    return ssl == prepared.ssl ? prepared.head_len - prepared_taken : 0;
}

static int pending_with_prepared(const SSL *ssl)
{
    size_t left = prepared_left(ssl);
    return left > 0 ? (int)left : SSL_pending(ssl);
}

static int read_prepared_first(SSL *ssl, void *buffer, int size)
{
    size_t left = prepared_left(ssl);
    if (left == 0)
        return SSL_read(ssl, buffer, size);
    int len = left < (size_t)size ? (int)left : size;
    memcpy(buffer, prepared.head + prepared_taken, (size_t)len);
    prepared_taken += (size_t)len;
    if (prepared_taken == prepared.head_len)
        forget_prepared();
    return len;
}

/* CivetWeb refuses a control character before it parses anything. */
static size_t refuse_head(char *bytes, enum head_fault fault)
{
    head_fault = fault;
    bytes[0] = '\x01';
    return 1;
}

/* Puts the head, which is to be given to CivetWeb now, into its form, or something in its place.
 * `most`: how long a head may be. Returns how many bytes there are then. */
static size_t take_head(char *bytes, size_t len, size_t most)
{
    head_is_due = false;
    size_t normal_len = len;
    enum head_fault fault = head_normalize(bytes, &normal_len, &head);
    if (fault == HEAD_INCOMPLETE)
        fault = len >= most ? HEAD_TOO_LARGE : HEAD_MALFORMED;
    return fault == HEAD_FINE ? normal_len : refuse_head(bytes, fault);
}

/* The whole head is there, or no more of it is wanted: the accept queue sees to that. Only a peer
 * that sends urgent data can have one read end in the middle. */
static ssize_t recv_head_first(int socket, void *buffer, size_t size, int flags)
{
    ssize_t len = recv(socket, buffer, size, flags);
    if (!head_is_due || len <= 0)
        return len;
    struct head_progress progress = {0};
    size_t total = (size_t)len;
    while (total < size && !head_is_decided(buffer, total, &progress) &&
           (len = recv(socket, (char *)buffer + total, size - total, MSG_DONTWAIT)) > 0)
        total += (size_t)len;
    return (ssize_t)take_head(buffer, total, size);
}

#define poll poll_accept_queue
#define accept take_from_accept_queue
#define SSL_new(context) new_to_replace(context, conn->client.sock)
#define SSL_set_fd(ssl, socket) set_prepared(&(ssl), socket)
#define SSL_pending pending_with_prepared
#define SSL_read read_prepared_first
#define recv recv_head_first

#include "civetweb.c"

/* CivetWeb redirects these for its own use; the early bytes are freed by others. */
#undef malloc
#undef poll
#undef accept
#undef SSL_new
#undef SSL_set_fd
#undef SSL_pending
#undef SSL_read
#undef recv

#include "front/civetweb_detach.h"

void mg_use_accept_queue(struct accept_queue *queue, bool accepts)
{
    accept_queue = queue;
    is_accepting = accepts;
    forget_prepared();
}

static int copy_early(const struct mg_connection *conn, struct mg_detached *out)
{
    int len = conn->data_len - conn->request_len;
    if (len <= 0)
        return 0;
    out->early = malloc((size_t)len);
    if (out->early == NULL)
        return -1;
    memcpy(out->early, conn->buf + conn->request_len, (size_t)len);
    out->early_len = (size_t)len;
    return 0;
}

static void let_go(struct mg_connection *conn)
{
    conn->client.sock = INVALID_SOCKET;
    conn->ssl = NULL;
    conn->must_close = 1;
}

/* CivetWeb holds the peer's certificate until its worker has let go of the connection, when it is
 * the loop's already. Freeing NULL then does nothing. */
static void forget_certificate(struct mg_connection *conn)
{
    struct mg_client_cert *certificate = conn->request_info.client_cert;
    if (certificate == NULL)
        return;
    X509_free((X509 *)certificate->peer_cert);
    certificate->peer_cert = NULL;
}

int mg_detach_connection(struct mg_connection *conn, struct mg_detached *out)
{
    *out = (struct mg_detached){.socket = conn->client.sock, .ssl = conn->ssl};
    if (copy_early(conn, out) != 0)
        return -1;
    set_non_blocking_mode(out->socket);
    /* CivetWeb stored the connection there for its callbacks, but serves the next one with it. */
    if (out->ssl != NULL)
        SSL_set_app_data(out->ssl, NULL);
    forget_certificate(conn);
    let_go(conn);
    return 0;
}

void mg_linger(struct mg_connection *conn)
{
    int socket = conn->client.sock;
    if (socket == INVALID_SOCKET)
        return;
    set_non_blocking_mode(socket);
    if (conn->ssl != NULL)
        (void)SSL_shutdown(conn->ssl);
    SSL_free(conn->ssl);
    ERR_clear_error();
    let_go(conn);
    accept_queue_linger(accept_queue, socket);
}

const struct sockaddr *mg_peer_address(const struct mg_connection *conn)
{
    return &conn->client.rsa.sa;
}

int mg_read_until(struct mg_connection *conn, void *buffer, size_t size, int64_t until)
{
    read_deadline = until;
    int got = mg_read(conn, buffer, size);
    read_deadline = 0;
    return got;
}

bool mg_peer_user(const struct mg_connection *conn, uid_t *user)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    if (getsockopt(conn->client.sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
        return false;
    *user = peer.uid;
    return true;
}

void mg_begin_connection(struct mg_connection *conn)
{
    memset(conn->buf, 0, (size_t)conn->buf_size);
    head = (struct request_head){0};
    head_fault = HEAD_FINE;
    head_is_due = true;
    if (conn->ssl == NULL)
        claim_plain(conn->client.sock);
    if (conn->ssl != NULL && conn->ssl == prepared.ssl && prepared.head_len > 0)
        prepared.head_len =
            take_head((char *)prepared.head, prepared.head_len, (size_t)conn->buf_size);
}

enum head_fault mg_request_fault(void)
{
    return head_fault;
}

bool mg_request_is_own(const struct mg_connection *conn)
{
    /* A normal head begins with its method and ends where CivetWeb has found the end. */
    return !head_is_due && head_fault == HEAD_FINE &&
           conn->request_info.request_method == conn->buf;
}

bool mg_request_is_asterisk(void)
{
    return head.is_asterisk;
}

const char *mg_request_path(const struct mg_connection *conn)
{
    static _Thread_local char path[MG_PATH_MAX];
    /* CivetWeb's other one, local_uri, is cleaned for file systems. */
    const char *raw = conn->request_info.local_uri_raw;
    if (raw == NULL)
        return NULL;
    int len = mg_url_decode(raw, (int)strlen(raw), path, sizeof path, 0);
    return len >= 0 && strlen(path) == (size_t)len ? path : NULL;
}
